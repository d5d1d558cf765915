import { popcount32 } from '../bytes/word.js';
import type { PageFrames } from '../ports/page-frames.js';
import { FrameBitmap } from './frame-bitmap.js';
import { MemoryError } from './memory-error.js';

/** Words in front of the bitmap. */
const HEADER = 8;
const [MARK, COUNT, FIRST_LO, FIRST_HI, FREES, HINT] = [0, 1, 2, 3, 4, 5];
/** "PFNA", so that words of something else are not taken for an allocator. */
const MARK_VALUE = 0x414e4650;
const MAX_COUNT = 2 ** 31 - 32;
/** Searches that are repeated because another Worker freed frames meanwhile; each repetition needs such a free. */
const MAX_SEARCHES = 64;
const HIGH = 0x1_0000_0000;

/**
 * Hands out page frames of one range. All of its state is in shared memory, so that every Worker that attaches to it takes
 * from the same frames; there is no lock, and a Worker that dies takes no more with it than the frames it had.
 */
export class PageFrameAllocator implements PageFrames {
  /** The state; post it to another Worker and attach there. */
  readonly words: Int32Array;
  /** The range. */
  readonly firstPfn: number;
  readonly count: number;
  readonly #bits: FrameBitmap;

  private constructor(words: Int32Array) {
    this.words = words;
    this.count = words[COUNT]!;
    this.firstPfn = (words[FIRST_HI]! >>> 0) * HIGH + (words[FIRST_LO]! >>> 0);
    this.#bits = new FrameBitmap(
      words.subarray(HEADER, HEADER + Math.ceil(this.count / 32)),
      this.count,
      words.subarray(FREES, FREES + 1),
    );
  }

  /** Words that the state of `count` frames takes. */
  static wordsFor(count: number): number {
    return HEADER + Math.ceil(count / 32);
  }

  /**
   * An allocator of the frames from `firstPfn` on, all free. Its state is new shared memory, or `words`, which are
   * overwritten. Throws MemoryError E_FRAME for a range that cannot be or words that are too few.
   */
  static create(firstPfn: number, count: number, words?: Int32Array): PageFrameAllocator {
    const needed = PageFrameAllocator.wordsFor(count);
    if (
      !(
        Number.isInteger(count) &&
        count > 0 &&
        count <= MAX_COUNT &&
        Number.isSafeInteger(firstPfn + count) &&
        firstPfn >= 0
      )
    )
      throw new MemoryError('E_FRAME', `${count} frames from ${firstPfn} are no range`);
    const state = words ?? new Int32Array(new SharedArrayBuffer(4 * needed));
    if (state.length < needed)
      throw new MemoryError('E_FRAME', `the state of ${count} frames takes ${needed} words, ${state.length} are given`);
    state.fill(0);
    state[COUNT] = count;
    state[FIRST_LO] = (firstPfn % HIGH) | 0;
    state[FIRST_HI] = Math.floor(firstPfn / HIGH);
    Atomics.store(state, MARK, MARK_VALUE);
    return new PageFrameAllocator(state);
  }

  /** The allocator that was created in these words. Throws MemoryError E_FRAME when there is none. */
  static attach(words: Int32Array): PageFrameAllocator {
    if (words.length <= HEADER || Atomics.load(words, MARK) !== MARK_VALUE)
      throw new MemoryError('E_FRAME', 'the words hold no allocator');
    return new PageFrameAllocator(words);
  }

  /** Frames that are free; a moment later it may be another number. */
  get free(): number {
    let taken = 0;
    for (let word = HEADER; word < PageFrameAllocator.wordsFor(this.count); word++)
      taken += popcount32(Atomics.load(this.words, word) >>> 0);
    return this.count - taken;
  }

  take(count: number, contiguous = false): number[] | undefined {
    if (contiguous && count > 0) {
      const first = this.takeRun(count);
      return first === undefined ? undefined : Array.from({ length: count }, (_, i) => first + i);
    }
    requireCount(count);
    return this.#search(() => this.#takeSingles(count));
  }

  /**
   * The first of `count` consecutive frames, a multiple of `align`; undefined when there is no such run. Throws MemoryError
   * E_FRAME for numbers that are none.
   */
  takeRun(count: number, align = 1): number | undefined {
    requireCount(count);
    if (count === 0) throw new MemoryError('E_FRAME', 'no frames are no run');
    if (!(Number.isInteger(align) && align > 0)) throw new MemoryError('E_FRAME', `${align} is no alignment`);
    return this.#search(() => {
      const index = this.#bits.takeRun(count, align, this.firstPfn);
      return index < 0 ? undefined : this.firstPfn + index;
    });
  }

  /** Two Workers that each hold half of what both need give it back and one of them then finds it. */
  #search<T>(attempt: () => T | undefined): T | undefined {
    for (let search = 0; search < MAX_SEARCHES; search++) {
      const before = this.#bits.freesByOthers;
      const found = attempt();
      if (found !== undefined || this.#bits.freesByOthers === before) return found;
    }
    return undefined;
  }

  #takeSingles(count: number): number[] | undefined {
    if (count > this.count) return undefined;
    // Where the last search ended is only a hint: without it each one would walk over all that is taken.
    const hint = Math.min(Atomics.load(this.words, HINT), this.count);
    const indices: number[] = [];
    let from = hint;
    while (indices.length < count) {
      let index = this.#bits.takeOne(from);
      if (index < 0) index = this.#bits.takeOne(0);
      if (index < 0) {
        for (const taken of indices) this.#bits.free(taken);
        return undefined;
      }
      indices.push(index);
      from = index + 1;
    }
    Atomics.store(this.words, HINT, from);
    return indices.sort((a, b) => a - b).map((index) => this.firstPfn + index);
  }

  give(frames: readonly number[]): void {
    const seen = new Set<number>();
    for (const pfn of frames) {
      const index = pfn - this.firstPfn;
      if (!(Number.isInteger(index) && index >= 0 && index < this.count))
        throw new MemoryError('E_FRAME', `frame ${pfn} is none of this allocator`);
      if (!this.#bits.isTaken(index) || seen.has(pfn)) throw new MemoryError('E_FRAME', `frame ${pfn} is not taken`);
      seen.add(pfn);
    }
    // Another Worker may have given one back since it was looked at: exactly one of the two is told.
    for (const pfn of frames)
      if (!this.#bits.free(pfn - this.firstPfn)) throw new MemoryError('E_FRAME', `frame ${pfn} is given back twice`);
  }
}

function requireCount(count: number): void {
  if (!(Number.isInteger(count) && count >= 0)) throw new MemoryError('E_FRAME', `${count} is no number of frames`);
}
