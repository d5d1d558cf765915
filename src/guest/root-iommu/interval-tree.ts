import { OrderedNodes, wider } from '../intervals/ordered-nodes.js';

/** One mapped stretch; all numbers are page numbers or counts of 4 KiB pages, exact below 2^53. */
export interface Interval {
  /** First page of the I/O address. */
  readonly start: number;
  /** 1 or more. */
  readonly pages: number;
  /** Frame behind the first page. */
  readonly frame: number;
  readonly flags: number;
}

/**
 * Disjoint intervals in order of their start. Insert, remove and find take O(log n) steps; every operation is one step for
 * whoever looks from outside (IOMMU-66).
 */
export class IntervalTree extends OrderedNodes {
  private lengths = new Float64Array(this.starts.length);
  private frames = new Float64Array(this.starts.length);
  private flagWords = new Uint32Array(this.starts.length);
  private readonly limit: number;

  /** `limit` is the most intervals it takes. */
  constructor(limit = 0x4000_0000) {
    super();
    this.limit = limit;
  }

  /** False, and no change, for one that overlaps another, and when the tree is full. */
  insert(interval: Interval): boolean {
    if (this.room <= 0 || this.overlaps(interval.start, interval.pages)) return false;
    const node = this.takeNode(interval.start);
    this.lengths[node] = interval.pages;
    this.frames[node] = interval.frame;
    this.flagWords[node] = interval.flags;
    this.join(node);
    return true;
  }

  /** Intervals that it still takes. */
  get room(): number {
    return this.limit - this.size;
  }

  /** Takes out the one that starts at `start`; false when none does. */
  remove(start: number): boolean {
    const node = this.exactly(start);
    if (node !== 0) this.leave(node);
    return node !== 0;
  }

  /** Cuts the one around `page` in two, so that the second starts there; false when there is no memory for the second. */
  split(page: number): boolean {
    const node = this.atOrBelow(page);
    const head = page - this.starts[node]!;
    if (node === 0 || head === 0 || head >= this.lengths[node]!) return true;
    if (this.room <= 0) return false;
    const { pages, frame, flags } = this.at(node);
    this.lengths[node] = head;
    return this.insert({ start: page, pages: pages - head, frame: frame + head, flags });
  }

  /** Drops the first `pages` pages of the one that starts at `start`, or all of it. */
  trim(start: number, pages: number): void {
    const node = this.exactly(start);
    if (node === 0) return;
    if (pages >= this.lengths[node]!) {
      this.leave(node);
      return;
    }
    // The order does not change: the node stays between its neighbours.
    this.starts[node] = start + pages;
    this.lengths[node] = this.lengths[node]! - pages;
    this.frames[node] = this.frames[node]! + pages;
  }

  /** The one that has `page`. */
  find(page: number): Interval | undefined {
    const node = this.nodeOf(page);
    return node === 0 ? undefined : this.at(node);
  }

  /** Frame behind `page`; -1 where nothing is mapped. Makes no object. */
  frameOf(page: number): number {
    const node = this.nodeOf(page);
    return node === 0 ? -1 : this.frames[node]! + (page - this.starts[node]!);
  }

  overlaps(start: number, pages: number): boolean {
    const node = this.atOrBelow(start + pages - 1);
    return node !== 0 && this.starts[node]! + this.lengths[node]! > start;
  }

  /** Every one that has a page in the range, ascending: a copy, which later changes leave alone. */
  within(start: number, pages: number): Interval[] {
    const found: Interval[] = [];
    this.collect(this.root, start, start + pages, found);
    return found;
  }

  /** All, ascending. */
  all(): Interval[] {
    return this.within(0, Number.MAX_SAFE_INTEGER);
  }

  protected widen(capacity: number): void {
    this.lengths = wider(this.lengths, new Float64Array(capacity));
    this.frames = wider(this.frames, new Float64Array(capacity));
    this.flagWords = wider(this.flagWords, new Uint32Array(capacity));
  }

  /** Nothing: intervals do not overlap, so that the order alone finds them. */
  protected summarise(): void {}

  private at(node: number): Interval {
    return {
      start: this.starts[node]!,
      pages: this.lengths[node]!,
      frame: this.frames[node]!,
      flags: this.flagWords[node]!,
    };
  }

  private nodeOf(page: number): number {
    const node = this.atOrBelow(page);
    return node !== 0 && page < this.starts[node]! + this.lengths[node]! ? node : 0;
  }

  private collect(node: number, start: number, end: number, found: Interval[]): void {
    if (node === 0) return;
    const from = this.starts[node]!;
    const to = from + this.lengths[node]!;
    if (from > start) this.collect(this.lefts[node]!, start, end, found);
    if (from < end && to > start) found.push(this.at(node));
    if (to < end) this.collect(this.rights[node]!, start, end, found);
  }
}
