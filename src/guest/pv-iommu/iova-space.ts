/** Where messages of interrupts are written: DMA to it is no access to memory, so that it is never mapped (PVI-10). */
export const MSI_WINDOW = { start: 0xfee0_0000n, end: 0xfeef_ffffn } as const;

/** IOVAs that every device can use come first. */
const LAST_32_BIT = 0xffff_ffffn;
const PAGE = 4096n;

interface Range {
  readonly start: bigint;
  /** Inclusive. */
  readonly end: bigint;
}

/**
 * IOVAs of one domain, from the top of 32 bits down and then from the end of the aperture down, aligned to their size rounded
 * up to a power of two (alloc_iova, drivers/iommu/iova.c). Page 0 and the window of messages are never handed out.
 */
export class IovaSpace {
  private readonly last: bigint;
  /** Ascending, the window of messages among them. */
  private readonly taken: Range[] = [MSI_WINDOW];

  constructor(apertureEnd: bigint) {
    this.last = apertureEnd;
  }

  /** Ranges that are handed out. */
  get inUse(): number {
    return this.taken.length - 1;
  }

  /** The first IOVA of so many bytes, a multiple of 4 KiB; undefined when there is no room. */
  take(bytes: number): bigint | undefined {
    const below = this.last < LAST_32_BIT ? this.last : LAST_32_BIT;
    return this.placeBelow(below, bytes) ?? (this.last > below ? this.placeBelow(this.last, bytes) : undefined);
  }

  /** Bytes that begin at an IOVA that was handed out; undefined for another one. */
  lengthAt(start: bigint): number | undefined {
    const found = this.taken.find((range) => range.start === start && range !== MSI_WINDOW);
    return found && Number(found.end - found.start + 1n);
  }

  /** Gives a range back by its first IOVA; false for one that is not handed out. */
  give(start: bigint): boolean {
    const at = this.taken.findIndex((range) => range.start === start && range !== MSI_WINDOW);
    if (at >= 0) this.taken.splice(at, 1);
    return at >= 0;
  }

  private placeBelow(last: bigint, bytes: number): bigint | undefined {
    const size = BigInt(bytes);
    let align = PAGE;
    while (align < size) align *= 2n;
    let top = last;
    for (let at = this.taken.length; at >= 0; at--) {
      const range = this.taken[at - 1];
      const start = ((top + 1n - size) / align) * align;
      const floor = range === undefined ? PAGE : range.end + 1n;
      if (top + 1n >= size && start >= floor && start > 0n) {
        this.taken.splice(at, 0, { start, end: start + size - 1n });
        return start;
      }
      if (range !== undefined && range.start <= top) top = range.start - 1n;
    }
    return undefined;
  }
}
