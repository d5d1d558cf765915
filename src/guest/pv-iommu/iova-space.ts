import { MSI_WINDOW } from '../../hardware/msi-window.js';
import { GapTree } from './gap-tree.js';

/** IOVAs that every device can use come first: pages below 4 GiB. */
const FIRST_HIGH_PAGE = 2 ** 20;
const PAGE = 4096;
const PAGE_BITS = 12n;

/**
 * IOVAs of one domain, from the top of 32 bits down and then from the end of the aperture down, aligned to their size rounded
 * up to a power of two (alloc_iova, drivers/iommu/iova.c). Page 0 and the window of messages are never handed out.
 */
export class IovaSpace {
  // No range has pages of both: one that is larger than the first is aligned to more than that.
  private readonly low = new GapTree();
  private readonly high = new GapTree();
  /** Pages by first page. */
  private readonly taken = new Map<number, number>();
  private lostRanges = 0;

  constructor(apertureEnd: bigint) {
    const end = Number((apertureEnd + 1n) >> PAGE_BITS);
    const gap = (tree: GapTree, first: number, after: number): void => {
      const pages = Math.min(after, end) - first;
      if (pages > 0) tree.give(first, pages);
    };
    gap(this.low, 1, Number(MSI_WINDOW.start >> PAGE_BITS));
    gap(this.low, Number((MSI_WINDOW.end + 1n) >> PAGE_BITS), FIRST_HIGH_PAGE);
    gap(this.high, FIRST_HIGH_PAGE, end);
  }

  /** Ranges that are handed out. */
  get inUse(): number {
    return this.taken.size;
  }

  /** Ranges that nobody gets again. */
  get lost(): number {
    return this.lostRanges;
  }

  /** The first IOVA of so many bytes, a multiple of 4 KiB; undefined when there is no room. */
  take(bytes: number): bigint | undefined {
    const pages = bytes / PAGE;
    if (!(Number.isSafeInteger(pages) && pages > 0)) return undefined;
    const first = this.low.take(pages) ?? this.high.take(pages);
    if (first === undefined) return undefined;
    this.taken.set(first, pages);
    return BigInt(first) << PAGE_BITS;
  }

  /** Bytes that begin at an IOVA that was handed out; undefined for another one. */
  lengthAt(start: bigint): number | undefined {
    const pages = this.taken.get(Number(start >> PAGE_BITS));
    return pages === undefined || (start & 0xfffn) !== 0n ? undefined : pages * PAGE;
  }

  /** Gives a range back by its first IOVA; false for one that is not handed out. */
  give(start: bigint): boolean {
    const length = this.lengthAt(start);
    if (length === undefined) return false;
    const first = Number(start >> PAGE_BITS);
    this.taken.delete(first);
    (first < FIRST_HIGH_PAGE ? this.low : this.high).give(first, length / PAGE);
    return true;
  }

  /** Ends a range by its first IOVA as `give` does, and it is never handed out again. False for one that is not handed out. */
  lose(start: bigint): boolean {
    if (this.lengthAt(start) === undefined) return false;
    this.taken.delete(Number(start >> PAGE_BITS));
    this.lostRanges++;
    return true;
  }
}
