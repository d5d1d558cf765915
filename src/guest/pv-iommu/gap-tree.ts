import { OrderedNodes, wider } from '../intervals/ordered-nodes.js';

/**
 * Free stretches of pages, none next to another. The highest one that has room for an aligned range is found in O(log n) steps,
 * as every node knows the most that fits anywhere below it. Page numbers are 1 or more, exact below 2^53.
 */
export class GapTree extends OrderedNodes {
  /** Last page, inclusive. */
  private lasts = new Float64Array(this.starts.length);
  /** Pages of the largest range that fits the gap at its alignment. */
  private fits = new Float64Array(this.starts.length);
  /** Largest of `fits` in the node's part of the tree. */
  private bests = new Float64Array(this.starts.length);

  /** Takes `pages` pages out of the highest gap that has them, as high as they go; undefined when none has. */
  take(pages: number): number | undefined {
    const node = this.highest(pages);
    if (node === 0) return undefined;
    const [first, last] = [this.starts[node]!, this.lasts[node]!];
    const align = alignmentOf(pages);
    const start = Math.floor((last + 1 - pages) / align) * align;
    this.leave(node);
    this.add(first, start - 1);
    this.add(start + pages, last);
    return start;
  }

  /** Makes pages free that are in no gap. */
  give(first: number, pages: number): void {
    let [from, to] = [first, first + pages - 1];
    const below = this.atOrBelow(first);
    if (below !== 0 && this.lasts[below] === from - 1) {
      from = this.starts[below]!;
      this.leave(below);
    }
    const above = this.exactly(to + 1);
    if (above !== 0) {
      to = this.lasts[above]!;
      this.leave(above);
    }
    this.add(from, to);
  }

  protected widen(capacity: number): void {
    this.lasts = wider(this.lasts, new Float64Array(capacity));
    this.fits = wider(this.fits, new Float64Array(capacity));
    this.bests = wider(this.bests, new Float64Array(capacity));
  }

  protected summarise(node: number, left: number, right: number): void {
    const { bests } = this;
    let best = this.fits[node]!;
    if (bests[left]! > best) best = bests[left]!;
    if (bests[right]! > best) best = bests[right]!;
    bests[node] = best;
  }

  private add(first: number, last: number): void {
    if (first > last) return;
    const node = this.takeNode(first);
    this.lasts[node] = last;
    this.fits[node] = largestFit(first, last);
    this.join(node);
  }

  /** The highest gap that so many pages fit; 0 when none does. */
  private highest(pages: number): number {
    const { lefts, rights, fits, bests } = this;
    let node = this.root;
    if (bests[node]! < pages) return 0;
    for (;;) {
      const right = rights[node]!;
      if (bests[right]! >= pages) node = right;
      else if (fits[node]! >= pages) return node;
      else node = lefts[node]!;
    }
  }
}

/** The power of two that a range of so many pages is aligned to. */
export function alignmentOf(pages: number): number {
  let align = 1;
  while (align < pages) align *= 2;
  return align;
}

/** A range fits when a smaller one does not fail to, so that one number says what fits. */
function largestFit(first: number, last: number): number {
  let most = 0;
  for (let align = 1; ; align *= 2) {
    const room = last + 1 - Math.ceil(first / align) * align;
    if (room <= most) return most;
    most = Math.max(most, Math.min(room, align));
  }
}
