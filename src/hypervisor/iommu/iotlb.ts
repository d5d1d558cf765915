import type { Translation } from './dma.js';

/** Pages of which a set of translations is looked at one by one rather than the pages of a range. */
const ALL_SHIFT = 52;

/**
 * Translations of one domain that devices have used. Nothing but a flush takes one away, whatever becomes of the page tables.
 * Large pages are kept as 4 KiB pages, so that a flush of part of one leaves the rest: no hardware keeps less. With `isWhole`
 * they are kept as they are, as hardware may: all of one is there once any of it was used, and gone once any of it is flushed.
 */
export class IotlbPages {
  private readonly isWhole: boolean;
  /** Translations by first page, for each size that came up. */
  private readonly bySpan = new Map<number, Map<number, Translation>>();

  constructor(isWhole = false) {
    this.isWhole = isWhole;
  }

  get(page: number): Translation | undefined {
    for (const [span, kept] of this.bySpan) {
      const offset = page % span;
      const found = kept.get(page - offset);
      if (found !== undefined) return offset === 0 ? found : { ...found, frame: found.frame + offset };
    }
    return undefined;
  }

  /** What was there for the page goes, whatever its size. */
  put(page: number, translation: Translation): void {
    for (const [size, there] of this.bySpan) there.delete(page - (page % size));
    const span = this.isWhole ? translation.span : 1;
    const offset = page % span;
    let kept = this.bySpan.get(span);
    if (kept === undefined) {
      kept = new Map();
      this.bySpan.set(span, kept);
    }
    kept.set(page - offset, offset === 0 ? translation : { ...translation, frame: translation.frame - offset });
  }

  flushAll(): void {
    this.bySpan.clear();
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

  /** Flushes `count` pages from `first` on, and every large page that is kept whole and has one of them. */
  flushRange(first: number, count: number): void {
    const end = first + count;
    for (const [span, kept] of this.bySpan) {
      const from = first - (first % span);
      if ((end - from) / span <= kept.size) {
        for (let page = from; page < end; page += span) kept.delete(page);
      } else for (const page of kept.keys()) if (page >= from && page < end) kept.delete(page);
    }
  }
}
