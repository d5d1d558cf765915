const FIRST_CAPACITY = 64;

/**
 * Nodes in order of a number that no two share: an AVL tree in typed arrays, so that a million of them is a few flat buffers.
 * Adding, dropping and finding take O(log n) steps. Who extends it adds columns of its own, one value for each node.
 */
export abstract class OrderedNodes {
  protected starts = new Float64Array(FIRST_CAPACITY);
  protected lefts = new Int32Array(FIRST_CAPACITY);
  protected rights = new Int32Array(FIRST_CAPACITY);
  private heights = new Uint8Array(FIRST_CAPACITY);
  protected root = 0;
  /** Node 0 is nobody: its height is 0 and every link that leads nowhere leads to it. */
  private used = 1;
  /** Free nodes, linked through `lefts`. */
  private free = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  clear(): void {
    this.root = 0;
    this.used = 1;
    this.free = 0;
    this.count = 0;
  }

  /** The columns get as many places. */
  protected abstract widen(capacity: number): void;

  /** What a node knows of those below it is to be found anew: its children changed. */
  protected abstract summarise(node: number, left: number, right: number): void;

  /** A node that is in no tree yet; its column values are for the caller to set before `join`. */
  protected takeNode(start: number): number {
    let node = this.free;
    if (node !== 0) this.free = this.lefts[node]!;
    else {
      node = this.used++;
      if (node === this.starts.length) this.grow();
    }
    this.starts[node] = start;
    this.lefts[node] = 0;
    this.rights[node] = 0;
    this.heights[node] = 1;
    return node;
  }

  protected join(node: number): void {
    this.summarise(node, 0, 0);
    this.root = this.link(this.root, node);
    this.count++;
  }

  protected leave(node: number): void {
    this.root = this.unlink(this.root, this.starts[node]!);
    this.lefts[node] = this.free;
    this.free = node;
    this.count--;
  }

  /** The one with the highest number that is not above `start`; 0 when there is none. */
  protected atOrBelow(start: number): number {
    const { starts, lefts, rights } = this;
    let best = 0;
    let node = this.root;
    while (node !== 0) {
      if (starts[node]! <= start) {
        best = node;
        node = rights[node]!;
      } else node = lefts[node]!;
    }
    return best;
  }

  /** The one with that number; 0 when there is none. */
  protected exactly(start: number): number {
    const node = this.atOrBelow(start);
    return this.starts[node] === start ? node : 0;
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
    const left = this.lefts[node]!;
    const right = this.rights[node]!;
    const [below, beside] = [this.heights[left]!, this.heights[right]!];
    this.heights[node] = 1 + (below > beside ? below : beside);
    this.summarise(node, left, right);
  }

  private grow(): void {
    const capacity = this.starts.length * 2;
    this.starts = wider(this.starts, new Float64Array(capacity));
    this.lefts = wider(this.lefts, new Int32Array(capacity));
    this.rights = wider(this.rights, new Int32Array(capacity));
    this.heights = wider(this.heights, new Uint8Array(capacity));
    this.widen(capacity);
  }
}

/** `into` with what a shorter column has. */
export function wider<Column extends { set(from: ArrayLike<number>): void }>(
  column: ArrayLike<number>,
  into: Column,
): Column {
  into.set(column);
  return into;
}
