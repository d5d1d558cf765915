import type { Translation } from './dma.js';

/** Pages of which a set of translations is looked at one by one rather than the pages of a range. */
const ALL_SHIFT = 52;

/**
 * Translations of one domain that devices have used. Nothing but a flush takes one away, whatever becomes of the page tables.
 * Large pages are kept as 4 KiB pages, so that a flush of part of one leaves the rest: no hardware keeps less.
 */
export class IotlbPages {
  private readonly pages = new Map<number, Translation>();

  get size(): number {
    return this.pages.size;
  }

  get(page: number): Translation | undefined {
    return this.pages.get(page);
  }

  put(page: number, translation: Translation): void {
    this.pages.set(page, translation);
  }

  /** Page numbers, in no order. */
  cached(): readonly number[] {
    return [...this.pages.keys()];
  }

  flushAll(): void {
    this.pages.clear();
  }

  /** Flushes 2^`shift` pages: those that have the bits of `page` above `shift`. From 52 on it is everything. */
  flushBlock(page: number, shift: number): void {
    if (shift >= ALL_SHIFT) {
      this.flushAll();
      return;
    }
    const size = 2 ** shift;
    this.flushRange(page - (page % size), size);
  }

  /** Flushes `count` pages from `first` on. */
  flushRange(first: number, count: number): void {
    if (count <= this.pages.size) {
      for (let page = first; page < first + count; page++) this.pages.delete(page);
      return;
    }
    for (const page of this.pages.keys()) if (page >= first && page < first + count) this.pages.delete(page);
  }
}
