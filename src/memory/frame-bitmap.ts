/**
 * One bit for each page frame in shared memory, 1 is taken. Every change is one compare-and-swap of one word, so that there
 * is no lock that a Worker could die with.
 */
export class FrameBitmap {
  readonly count: number;
  readonly #words: Int32Array;
  readonly #frees: Int32Array;
  #ownFrees = 0;

  /** `words` has a bit for each of `count` frames; `frees` is one word that counts whenever frames become free. */
  constructor(words: Int32Array, count: number, frees: Int32Array) {
    this.#words = words;
    this.count = count;
    this.#frees = frees;
  }

  /** Changes when another Worker frees something, be it what it could not complete: a search that failed may be repeated. */
  get freesByOthers(): number {
    return (Atomics.load(this.#frees, 0) - this.#ownFrees) | 0;
  }

  #countFree(): void {
    this.#ownFrees = (this.#ownFrees + 1) | 0;
    Atomics.add(this.#frees, 0, 1);
  }

  isTaken(index: number): boolean {
    return ((Atomics.load(this.#words, index >>> 5) >>> (index & 31)) & 1) === 1;
  }

  /** Marks a frame as free; false when it was. Of several who free it at once one is told true. */
  free(index: number): boolean {
    const bit = 1 << (index & 31);
    const was = Atomics.and(this.#words, index >>> 5, ~bit) & bit;
    if (was !== 0) this.#countFree();
    return was !== 0;
  }

  /** Takes the first free frame from `from` up; -1 when there is none. */
  takeOne(from: number): number {
    for (let index = from; index < this.count; index = (index | 31) + 1) {
      const word = index >>> 5;
      const low = this.#inside(word) & (-1 << (index & 31));
      for (;;) {
        const old = Atomics.load(this.#words, word);
        const free = ~old & low;
        if (free === 0) break;
        const bit = free & -free;
        if (Atomics.compareExchange(this.#words, word, old, old | bit) === old) return 32 * word + 31 - Math.clz32(bit);
      }
    }
    return -1;
  }

  /** The bits of a word that stand for frames. */
  #inside(word: number): number {
    const bits = this.count - 32 * word;
    return bits >= 32 ? -1 : (1 << bits) - 1;
  }

  /** The first frame from `from` up that is taken, at most `end`. */
  #nextTaken(from: number, end: number): number {
    for (let index = from; index < end; index = (index | 31) + 1) {
      const taken = Atomics.load(this.#words, index >>> 5) & (-1 << (index & 31));
      if (taken !== 0) return Math.min(end, (index & ~31) + 31 - Math.clz32(taken & -taken));
    }
    return end;
  }

  /**
   * Takes the first run of `length` free frames whose index plus `bias` is a multiple of `align`; the index of its first
   * frame, -1 when there is none.
   */
  takeRun(length: number, align: number, bias: number): number {
    const aligned = (index: number): number => Math.ceil((index + bias) / align) * align - bias;
    for (let start = aligned(0); start + length <= this.count; ) {
      const end = start + length;
      const taken = this.#nextTaken(start, end);
      const blocked = taken < end ? taken : this.#claim(start, end);
      if (blocked < 0) return start;
      start = aligned(blocked + 1);
    }
    return -1;
  }

  /** Sets the bits of a run, or none of them: then the index of a frame that someone else has taken. */
  #claim(start: number, end: number): number {
    for (let index = start; index < end; index = (index | 31) + 1) {
      const word = index >>> 5;
      const mask = runMask(index, end);
      for (;;) {
        const old = Atomics.load(this.#words, word);
        const taken = old & mask;
        if (taken !== 0) {
          if (index > start) this.#release(start, index);
          return 32 * word + 31 - Math.clz32(taken & -taken);
        }
        if (Atomics.compareExchange(this.#words, word, old, old | mask) === old) break;
      }
    }
    return -1;
  }

  #release(start: number, end: number): void {
    for (let index = start; index < end; index = (index | 31) + 1)
      Atomics.and(this.#words, index >>> 5, ~runMask(index, end));
    this.#countFree();
  }
}

/** The bits from `index` up to `end` of the word that holds `index`. */
function runMask(index: number, end: number): number {
  const bits = Math.min(end - index, 32 - (index & 31));
  return (bits === 32 ? -1 : (1 << bits) - 1) << (index & 31);
}
