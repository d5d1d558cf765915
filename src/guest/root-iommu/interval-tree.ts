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

const FIRST_CAPACITY = 64;

/**
 * Disjoint intervals in order of their start: an AVL tree in typed arrays, so that a million of them is a few flat buffers.
 * Insert, remove and find take O(log n) steps; every operation is one step for whoever looks from outside (IOMMU-66).
 */
export class IntervalTree {
  private starts = new Float64Array(FIRST_CAPACITY);
  private lengths = new Float64Array(FIRST_CAPACITY);
  private frames = new Float64Array(FIRST_CAPACITY);
  private flagWords = new Uint32Array(FIRST_CAPACITY);
  private lefts = new Int32Array(FIRST_CAPACITY);
  private rights = new Int32Array(FIRST_CAPACITY);
  private heights = new Uint8Array(FIRST_CAPACITY);
  private root = 0;
  /** Node 0 is nobody: its height is 0 and every link that leads nowhere leads to it. */
  private used = 1;
  /** Free nodes, linked through `lefts`. */
  private free = 0;
  private count = 0;
  private readonly limit: number;

  /** `limit` is the most intervals it takes. */
  constructor(limit = 0x4000_0000) {
    this.limit = limit;
  }

  get size(): number {
    return this.count;
  }

  /** False, and no change, for one that overlaps another, and when the tree is full. */
  insert(interval: Interval): boolean {
    if (this.count >= this.limit || this.overlaps(interval.start, interval.pages)) return false;
    const node = this.takeNode();
    this.starts[node] = interval.start;
    this.lengths[node] = interval.pages;
    this.frames[node] = interval.frame;
    this.flagWords[node] = interval.flags;
    this.root = this.link(this.root, node);
    this.count++;
    return true;
  }

  get full(): boolean {
    return this.count >= this.limit;
  }

  /** Takes out the one that starts at `start`; false when none does. */
  remove(start: number): boolean {
    const node = this.nodeAtOrBelow(start);
    if (node === 0 || this.starts[node] !== start) return false;
    this.root = this.unlink(this.root, start);
    this.lefts[node] = this.free;
    this.free = node;
    this.count--;
    return true;
  }

  /** Cuts the one around `page` in two, so that the second starts there; false when there is no memory for the second. */
  split(page: number): boolean {
    const node = this.nodeAtOrBelow(page);
    const head = page - this.starts[node]!;
    if (node === 0 || head === 0 || head >= this.lengths[node]!) return true;
    if (this.count >= this.limit) return false;
    const { pages, frame, flags } = this.at(node);
    this.lengths[node] = head;
    return this.insert({ start: page, pages: pages - head, frame: frame + head, flags });
  }

  /** Drops the first `pages` pages of the one that starts at `start`, or all of it. */
  trim(start: number, pages: number): void {
    const node = this.nodeAtOrBelow(start);
    if (node === 0 || this.starts[node] !== start) return;
    if (pages >= this.lengths[node]!) {
      this.remove(start);
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
    const node = this.nodeAtOrBelow(start + pages - 1);
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

  clear(): void {
    this.root = 0;
    this.used = 1;
    this.free = 0;
    this.count = 0;
  }

  private at(node: number): Interval {
    return {
      start: this.starts[node]!,
      pages: this.lengths[node]!,
      frame: this.frames[node]!,
      flags: this.flagWords[node]!,
    };
  }

  private nodeOf(page: number): number {
    const node = this.nodeAtOrBelow(page);
    return node !== 0 && page < this.starts[node]! + this.lengths[node]! ? node : 0;
  }

  private nodeAtOrBelow(page: number): number {
    const { starts, lefts, rights } = this;
    let best = 0;
    let node = this.root;
    while (node !== 0) {
      if (starts[node]! <= page) {
        best = node;
        node = rights[node]!;
      } else node = lefts[node]!;
    }
    return best;
  }

  private collect(node: number, start: number, end: number, found: Interval[]): void {
    if (node === 0) return;
    const from = this.starts[node]!;
    const to = from + this.lengths[node]!;
    if (from > start) this.collect(this.lefts[node]!, start, end, found);
    if (from < end && to > start) found.push(this.at(node));
    if (to < end) this.collect(this.rights[node]!, start, end, found);
  }

  private link(at: number, node: number): number {
    if (at === 0) return node;
    if (this.starts[node]! < this.starts[at]!) this.lefts[at] = this.link(this.lefts[at]!, node);
    else this.rights[at] = this.link(this.rights[at]!, node);
    return this.balance(at);
  }

  private unlink(at: number, start: number): number {
    const own = this.starts[at]!;
    if (start < own) this.lefts[at] = this.unlink(this.lefts[at]!, start);
    else if (start > own) this.rights[at] = this.unlink(this.rights[at]!, start);
    else {
      const left = this.lefts[at]!;
      const right = this.rights[at]!;
      if (left === 0) return right;
      if (right === 0) return left;
      let next = right;
      while (this.lefts[next] !== 0) next = this.lefts[next]!;
      // `next` takes the place: the rest of the right side first, while its links are still its own.
      const rest = this.unlink(right, this.starts[next]!);
      this.lefts[next] = left;
      this.rights[next] = rest;
      return this.balance(next);
    }
    return this.balance(at);
  }

  private balance(node: number): number {
    const { lefts, rights, heights } = this;
    const left = lefts[node]!;
    const right = rights[node]!;
    const lean = heights[left]! - heights[right]!;
    if (lean > 1) {
      if (heights[lefts[left]!]! < heights[rights[left]!]!) lefts[node] = this.rotateLeft(left);
      return this.rotateRight(node);
    }
    if (lean < -1) {
      if (heights[rights[right]!]! < heights[lefts[right]!]!) rights[node] = this.rotateRight(right);
      return this.rotateLeft(node);
    }
    this.measure(node);
    return node;
  }

  private rotateRight(node: number): number {
    const up = this.lefts[node]!;
    this.lefts[node] = this.rights[up]!;
    this.rights[up] = node;
    this.measure(node);
    this.measure(up);
    return up;
  }

  private rotateLeft(node: number): number {
    const up = this.rights[node]!;
    this.rights[node] = this.lefts[up]!;
    this.lefts[up] = node;
    this.measure(node);
    this.measure(up);
    return up;
  }

  private measure(node: number): void {
    const left = this.heights[this.lefts[node]!]!;
    const right = this.heights[this.rights[node]!]!;
    this.heights[node] = 1 + (left > right ? left : right);
  }

  private takeNode(): number {
    let node = this.free;
    if (node !== 0) this.free = this.lefts[node]!;
    else {
      node = this.used++;
      if (node === this.starts.length) this.grow();
    }
    this.lefts[node] = 0;
    this.rights[node] = 0;
    this.heights[node] = 1;
    return node;
  }

  private grow(): void {
    const length = this.starts.length * 2;
    const doubles = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(length);
      grown.set(old);
      return grown;
    };
    const links = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(length);
      grown.set(old);
      return grown;
    };
    this.starts = doubles(this.starts);
    this.lengths = doubles(this.lengths);
    this.frames = doubles(this.frames);
    this.lefts = links(this.lefts);
    this.rights = links(this.rights);
    const [flags, heights] = [this.flagWords, this.heights];
    this.flagWords = new Uint32Array(length);
    this.flagWords.set(flags);
    this.heights = new Uint8Array(length);
    this.heights.set(heights);
  }
}
