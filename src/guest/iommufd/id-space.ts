/** Numbers from 1 up to `highest`; the lowest free one is next, as an allocating xarray of Linux gives them (XA_FLAGS_ALLOC1). */
export class IdSpace {
  private readonly used = new Set<number>();
  private readonly highest: number;
  /** No number below is free. */
  private lowest = 1;

  constructor(highest = 0xffffffff) {
    this.highest = highest;
  }

  get taken(): number {
    return this.used.size;
  }

  /** undefined when none is free. */
  take(): number | undefined {
    let id = this.lowest;
    while (this.used.has(id)) id++;
    this.lowest = id;
    if (id > this.highest) return undefined;
    this.used.add(id);
    this.lowest = id + 1;
    return id;
  }

  /** Gives a number back; one that is free stays free. */
  give(id: number): void {
    if (this.used.delete(id) && id < this.lowest) this.lowest = id;
  }
}
