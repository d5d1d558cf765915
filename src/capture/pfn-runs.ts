import { joinU64 } from '../bytes/word.js';

const TWO_32 = 0x1_0000_0000;
/** Upper halves up to this make numbers below 2^53, which doubles hold exactly. */
const NARROW_HI = 0x1f_ffff;

/** Minimum, maximum and contiguous runs of 64-bit numbers (page frames, addresses), in the order they come. */
export class PfnRuns {
  count = 0;
  runs = 0;
  private minLo = 0xffffffff;
  private minHi = 0xffffffff;
  private maxLo = 0;
  private maxHi = 0;
  private lastLo = 0;
  /** -1 before the first number. */
  private lastHi = -1;

  /** The smallest number so far; all ones while there is none. */
  get min(): bigint {
    return joinU64(this.minLo, this.minHi);
  }

  /** The largest number so far; 0 while there is none. */
  get max(): bigint {
    return joinU64(this.maxLo, this.maxHi);
  }

  /** Halves of the numbers in turn, low first: `words[from]` … `words[to - 1]`. */
  add(words: Uint32Array, from: number, to: number): void {
    if (to <= from) return;
    if (!this.addNarrow(words, from, to)) this.addWide(words, from, to);
    this.count += (to - from) >> 1;
    this.lastLo = words[to - 2]!;
    this.lastHi = words[to - 1]!;
  }

  /** Page frame numbers: one double each is the fastest way that V8 has. False, and nothing counted, where one is too wide. */
  private addNarrow(words: Uint32Array, from: number, to: number): boolean {
    let next = this.lastHi < 0 || this.lastHi > NARROW_HI ? -1 : this.lastHi * TWO_32 + this.lastLo + 1;
    let runs = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = -1;
    let seen = 0;
    for (let i = from; i < to; i += 2) {
      const hi = words[i + 1]!;
      const value = hi * TWO_32 + words[i]!;
      seen |= hi;
      // Inside a run nothing else has to be looked at: its ends carry minimum and maximum.
      if (value !== next) {
        runs++;
        if (value < min) min = value;
        if (next > max) max = next;
      }
      next = value + 1;
    }
    if (seen >>> 0 > NARROW_HI) return false;
    this.runs += runs;
    if (next > max) max = next;
    // `next` is one past a number that was seen, here or in an earlier call.
    this.high((max - 1) % TWO_32, Math.floor((max - 1) / TWO_32));
    if (runs > 0) this.low(min % TWO_32, Math.floor(min / TWO_32));
    return true;
  }

  /** Any 64-bit numbers, by halves. */
  private addWide(words: Uint32Array, from: number, to: number): void {
    let lo = this.lastLo;
    let hi = this.lastHi;
    for (let i = from; i < to; i += 2) {
      const l = words[i]!;
      const h = words[i + 1]!;
      const goesOn = l === 0 ? lo === 0xffffffff && h === hi + 1 : l === lo + 1 && h === hi;
      if (!goesOn || hi < 0) {
        if (i > from) this.high(lo, hi);
        this.runs++;
        this.low(l, h);
      }
      lo = l;
      hi = h;
    }
    this.high(lo, hi);
  }

  private low(lo: number, hi: number): void {
    if (hi < this.minHi || (hi === this.minHi && lo < this.minLo)) {
      this.minHi = hi;
      this.minLo = lo;
    }
  }

  private high(lo: number, hi: number): void {
    if (hi > this.maxHi || (hi === this.maxHi && lo > this.maxLo)) {
      this.maxHi = hi;
      this.maxLo = lo;
    }
  }
}
