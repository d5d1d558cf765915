const NOTHING_YET = 0xffff_ffff_ffff_ffffn;

/**
 * What was unmapped and not flushed yet: a range of IOVAs, both ends inclusive, and table pages that the hardware may still
 * walk (struct iommu_iotlb_gather). Empty, its start is all ones and its end 0.
 */
export class FlushGather {
  start = NOTHING_YET;
  end = 0n;
  /** Frames of tables that nothing leads to any more; they are given back behind the flush (PVI-36). */
  readonly tables: number[] = [];

  get isEmpty(): boolean {
    return this.start > this.end;
  }

  /** Takes pages of 4 KiB in, from page number `page` on. */
  add(page: number, pages: number): void {
    if (pages <= 0) return;
    const start = BigInt(page) << 12n;
    const end = start + (BigInt(pages) << 12n) - 1n;
    if (start < this.start) this.start = start;
    if (end > this.end) this.end = end;
  }

  /** Takes IOVAs in, both ends inclusive. */
  addRange(start: bigint, end: bigint): void {
    if (start < this.start) this.start = start;
    if (end > this.end) this.end = end;
  }

  /** Empties it and hands out the tables. */
  reset(): number[] {
    this.start = NOTHING_YET;
    this.end = 0n;
    return this.tables.splice(0);
  }
}
