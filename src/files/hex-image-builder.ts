import type { ByteSpan, HexDialect, HexImage, LineSpan } from './hex-image.js';

const EMPTY: readonly ByteSpan[] = [];

/** Collects the bytes of the image being read; hands out pieces of at most `pieceBytes` and the rest at its end. */
export class HexImageBuilder {
  readonly #pieceBytes: number;
  readonly #done: HexImage[] = [];
  #open = false;
  #continues = false;
  #dialect: HexDialect = 'plain';
  #doubts: readonly string[] = [];
  #base = 0n;
  #baseHi = 0;
  #baseLo = 0;
  /** Bytes of the image in pieces already handed out. */
  #before = 0;
  #bytes = new Uint8Array(4096);
  #length = 0;
  #lastLength = 0;
  #lines: LineSpan[] = [];
  #holes: ByteSpan[] = [];

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Bytes of the last line added. */
  get lastLength(): number {
    return this.#lastLength;
  }

  /** Finished images and pieces since the last call. */
  take(): HexImage[] {
    return this.#done.splice(0);
  }

  /** Ends the image being read, if any, and starts one at address hi:lo. */
  start(dialect: HexDialect, doubts: readonly string[], hi: number, lo: number): void {
    this.finish();
    this.#open = true;
    this.#continues = false;
    this.#dialect = dialect;
    this.#doubts = doubts;
    this.#base = (BigInt(hi) << 32n) | BigInt(lo);
    this.#baseHi = hi;
    this.#baseLo = lo;
    this.#before = 0;
    this.#lastLength = 0;
  }

  /** Address hi:lo minus the address after the last byte; exact as far as a double is. */
  distanceTo(hi: number, lo: number): number {
    return (hi - this.#baseHi) * 0x1_0000_0000 + (lo - this.#baseLo) - this.#before - this.#length;
  }

  /** Adds the first `length` bytes of `bytes`, given by `line`. */
  append(bytes: Uint8Array, length: number, line: number, holes: readonly ByteSpan[]): void {
    if (this.#length > 0 && this.#length + length > this.#pieceBytes) this.#emit(this.#bytes.slice(0, this.#length));
    this.#grow(length);
    const at = this.#length;
    // A line is short: copying in place beats a subarray and set.
    if (length <= 64) for (let i = 0; i < length; i++) this.#bytes[at + i] = bytes[i]!;
    else this.#bytes.set(bytes.subarray(0, length), at);
    this.#length = at + length;
    this.#lastLength = length;
    this.#lines.push({ line, offset: at, length });
    for (const hole of holes) this.#addHole(at + hole.offset, hole.length);
  }

  /** Adds `length` zero bytes that the text does not give. */
  skip(length: number): void {
    if (this.#length > 0 && this.#length + length > this.#pieceBytes) this.#emit(this.#bytes.slice(0, this.#length));
    this.#grow(length);
    this.#bytes.fill(0, this.#length, this.#length + length);
    this.#addHole(this.#length, length);
    this.#length += length;
  }

  /** Adds `length` bytes that repeat the last line, on behalf of the `*` in `line`. */
  repeat(length: number, line: number): void {
    const pattern = this.#bytes.slice(this.#length - this.#lastLength, this.#length);
    const room = Math.max(0, this.#pieceBytes - this.#length);
    const first = Math.min(length, room - (room % pattern.length));
    this.#fill(pattern, first, line);
    let left = length - first;
    if (left === 0) return;
    if (this.#length > 0) this.#emit(this.#bytes.slice(0, this.#length));
    const whole = Math.max(1, Math.floor(this.#pieceBytes / pattern.length)) * pattern.length;
    if (left >= whole) {
      this.#fill(pattern, whole, line);
      const shared = this.#bytes.slice(0, whole);
      this.#length = 0;
      this.#lines = [];
      for (; left >= whole; left -= whole) {
        this.#length = whole;
        this.#lines = [{ line, offset: 0, length: whole }];
        this.#emit(shared);
      }
    }
    this.#fill(pattern, left, line);
  }

  /** True when the last `count` bytes are zero. */
  endsInZeros(count: number): boolean {
    return this.#bytes.subarray(this.#length - count, this.#length).every((byte) => byte === 0);
  }

  /** Takes `count` bytes off the end: padding of the last word. */
  trim(count: number): void {
    this.#length -= count;
    const last = this.#lines.at(-1);
    if (last !== undefined) this.#lines[this.#lines.length - 1] = { ...last, length: last.length - count };
  }

  /** Ends the image being read, if any. */
  finish(): void {
    if (!this.#open) return;
    if (this.#length > 0) this.#emit(this.#bytes.slice(0, this.#length));
    this.#open = false;
  }

  #fill(pattern: Uint8Array, length: number, line: number): void {
    if (length === 0) return;
    this.#grow(length);
    const at = this.#length;
    const bytes = this.#bytes;
    bytes.set(pattern.subarray(0, Math.min(pattern.length, length)), at);
    for (let done = pattern.length; done < length; done *= 2) {
      bytes.copyWithin(at + done, at, at + Math.min(done, length - done));
    }
    this.#length = at + length;
    this.#lines.push({ line, offset: at, length });
  }

  #grow(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  #addHole(offset: number, length: number): void {
    const last = this.#holes.at(-1);
    if (last !== undefined && last.offset + last.length === offset) {
      this.#holes[this.#holes.length - 1] = { offset: last.offset, length: last.length + length };
    } else {
      this.#holes.push({ offset, length });
    }
  }

  #emit(bytes: Uint8Array): void {
    this.#done.push({
      dialect: this.#dialect,
      base: BigInt.asUintN(64, this.#base + BigInt(this.#before)),
      bytes,
      holes: this.#holes.length > 0 ? this.#holes : EMPTY,
      lines: this.#lines,
      continues: this.#continues,
      doubts: this.#doubts,
    });
    this.#continues = true;
    this.#before += this.#length;
    this.#length = 0;
    this.#lines = [];
    this.#holes = [];
  }
}
