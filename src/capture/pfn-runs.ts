/** Minimum, maximum and contiguous runs of 64-bit numbers below 2^53 (page frames, or GVAs by page), in the order they come. */
export class PfnRuns {
  count = 0;
  runs = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  private lastLo = 0;
  private lastHi = -1;

  /** Halves of the numbers in turn, low first: `words[from]` … `words[to - 1]`. */
  add(words: Uint32Array, from: number, to: number): void {
    let lo = this.lastLo;
    let hi = this.lastHi;
    for (let i = from; i < to; i += 2) {
      const l = words[i]!;
      const h = words[i + 1]!;
      // Inside a run nothing else has to be looked at: its ends carry minimum and maximum.
      if (l !== lo + 1 || h !== hi) {
        if (l === 0 && lo === 0xffffffff && h === hi + 1) {
          lo = l;
          hi = h;
          continue;
        }
        this.edge(lo, hi);
        this.runs++;
        const value = h * 0x100000000 + l;
        if (value < this.min) this.min = value;
        if (value > this.max) this.max = value;
      }
      lo = l;
      hi = h;
    }
    this.count += (to - from) >> 1;
    this.edge(lo, hi);
    this.lastLo = lo;
    this.lastHi = hi;
  }

  private edge(lo: number, hi: number): void {
    if (hi < 0) return;
    const value = hi * 0x100000000 + lo;
    if (value > this.max) this.max = value;
  }
}
