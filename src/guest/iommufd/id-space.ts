/** Numbers from 1 up to `highest`; the lowest free one is next, as an allocating xarray of Linux gives them (XA_FLAGS_ALLOC1). */
export class IdSpace {
  private readonly used = new Set<number>();
  private readonly highest: number;
  /** No number from here on was ever given out. */
  private fresh = 1;
  /** Numbers that came back: a binary heap, the lowest first. Whatever is taken and given, no step looks at all of them. */
  private readonly returned: number[] = [];

  constructor(highest = 0xffffffff) {
    this.highest = highest;
  }

  get taken(): number {
    return this.used.size;
  }

  /** undefined when none is free. */
  take(): number | undefined {
    const id = this.takeReturned() ?? this.fresh;
    if (id > this.highest) return undefined;
    if (id === this.fresh) this.fresh++;
    this.used.add(id);
    return id;
  }

  /** Gives a number back; one that is free stays free. */
  give(id: number): void {
    if (!this.used.delete(id)) return;
    const heap = this.returned;
    let at = heap.length;
    for (let above = (at - 1) >> 1; at > 0 && heap[above]! > id; above = (at - 1) >> 1) {
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = id;
  }

  private takeReturned(): number | undefined {
    const heap = this.returned;
    const lowest = heap[0];
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return lowest;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && heap[below + 1]! < heap[below]!) below++;
      if (heap[below]! >= moved) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = moved;
    return lowest;
  }
}
