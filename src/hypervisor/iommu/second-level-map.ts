import { HypervisorError } from '../hypervisor-error.js';

/** Pages under one table, and tables under one of the next level: 9 bits each, as x86 page tables have them. */
const FANOUT = 512;
const LEVEL_BITS = 9;
/** As the tables of processors have them that second-level maps share. */
const LEAST_LEVELS = 4;
/** Tables of pages in one piece of memory. */
const SLAB = 16;
const FRAME_BITS_HI = 20;

/** Why mapList() or unmap() did fewer pages than asked. */
export type MapStop = 'done' | 'mapped' | 'not mapped' | 'no memory' | 'beyond' | 'frame';

/** Neighbouring pages that go to neighbouring frames with the same permissions. */
export interface MappedRun {
  readonly page: number;
  readonly frame: number;
  readonly count: number;
  readonly permissions: number;
}

/**
 * Device pages to page frames: a radix tree whose nodes are indices in typed arrays, so that a page costs nine bytes and no object.
 * Pages and frames are numbers of 4 KiB pages; a frame has at most 52 bits, a page as many as the width leaves. Permissions
 * are a non-zero byte. Tables stay until the map is dropped.
 */
export class SecondLevelMap {
  /** Pages that are mapped. */
  mapped = 0;
  /** Tables that were made, the root not among them. */
  tables = 0;
  /** Why the last operation ended. */
  stopped: MapStop = 'done';
  /** One past the last page that the width allows. */
  readonly limit: number;
  private readonly levels: number;
  private readonly takeTable: (level: number) => boolean;
  /** Upper tables: the child's number, 0 for none. */
  private readonly nodes: Int32Array[] = [new Int32Array(FANOUT)];
  /** Tables of pages, SLAB to a piece: frames as two words each, permissions as a byte each. */
  private readonly frames: Uint32Array[] = [];
  private readonly permissions: Uint8Array[] = [];
  /** Pages in use, by table of pages. */
  private readonly used: number[] = [0];
  private cachedPrefix = -1;
  private cachedLeaf = 0;

  /**
   * `width` is the bits of an address, 13 to 64; `takeTable` pays for one table, of level 1 where its entries are pages, and its
   * false ends the operation in hand. Throws HypervisorError for another width.
   */
  constructor(width: number, takeTable: (level: number) => boolean = () => true) {
    if (!Number.isInteger(width) || width < 13 || width > 64) throw new HypervisorError(`no address has ${width} bits`);
    this.limit = 2 ** (width - 12);
    this.levels = Math.max(LEAST_LEVELS, Math.ceil((width - 12) / LEVEL_BITS));
    this.takeTable = takeTable;
  }

  /**
   * Maps `count` pages from `page` on to the frames in `words`, two words each from index `at`. Returns the pages done: it stops
   * at a page that is mapped, beyond the width, for want of a table, or at a frame of more than 52 bits.
   */
  mapList(page: number, words: Uint32Array, at: number, count: number, permissions: number): number {
    this.stopped = 'done';
    let done = 0;
    while (done < count) {
      const first = page + done;
      if (first >= this.limit) return this.stop('beyond', done);
      const leaf = this.leafOf(first, true);
      if (leaf === 0) return this.stop('no memory', done);
      const slot = first % FANOUT;
      const run = Math.min(count - done, FANOUT - slot);
      const did = this.fill(leaf, slot, words, at + 2 * done, run, permissions);
      done += did;
      if (did < run) return done;
    }
    return done;
  }

  /** Unmaps `count` pages from `page` on; returns the pages done, and stops at one that is not mapped. */
  unmap(page: number, count: number): number {
    this.stopped = 'done';
    let done = 0;
    while (done < count) {
      const first = page + done;
      const leaf = first < this.limit ? this.leafOf(first, false) : 0;
      if (leaf === 0) return this.stop('not mapped', done);
      const slot = first % FANOUT;
      const run = Math.min(count - done, FANOUT - slot);
      const permissions = this.permissions[slabOf(leaf)]!;
      const base = (leaf % SLAB) * FANOUT + slot;
      const end = base + run;
      let stop = base;
      if (this.used[leaf] === FANOUT) stop = end;
      else while (stop < end && permissions[stop] !== 0) stop++;
      permissions.fill(0, base, stop);
      const did = stop - base;
      this.used[leaf]! -= did;
      this.mapped -= did;
      done += did;
      if (did < run) return this.stop('not mapped', done);
    }
    return done;
  }

  /** The frame of a page; -1 when it is not mapped. */
  frameOf(page: number): number {
    const leaf = this.mappedLeaf(page);
    if (leaf === 0) return -1;
    const slab = slabOf(leaf);
    const at = (leaf % SLAB) * FANOUT + (page % FANOUT);
    if (this.permissions[slab]![at] === 0) return -1;
    const words = this.frames[slab]!;
    return words[2 * at]! + words[2 * at + 1]! * 0x1_0000_0000;
  }

  /** What may be done with a page; 0 when it is not mapped. */
  permissionsOf(page: number): number {
    const leaf = this.mappedLeaf(page);
    return leaf === 0 ? 0 : this.permissions[slabOf(leaf)]![(leaf % SLAB) * FANOUT + (page % FANOUT)]!;
  }

  /** Tables that mapping a page would take. */
  missingTables(page: number): number {
    const prefix = Math.floor(page / FANOUT);
    let node = 0;
    let scale = FANOUT ** (this.levels - 2);
    for (let level = this.levels - 1; level >= 1; level--) {
      node = this.nodes[node]![Math.floor(prefix / scale) % FANOUT]!;
      if (node === 0) return level;
      scale /= FANOUT;
    }
    return 0;
  }

  /** All that is mapped, ascending; each run as long as it can be. */
  *runs(): Generator<MappedRun> {
    let open: { page: number; frame: number; count: number; permissions: number } | undefined;
    for (const [prefix, leaf] of this.leaves(0, this.levels - 1, 0)) {
      if (this.used[leaf] === 0) continue;
      for (let slot = 0; slot < FANOUT; slot++) {
        const page = prefix * FANOUT + slot;
        const permissions = this.permissionsOf(page);
        if (permissions === 0) continue;
        const frame = this.frameOf(page);
        const continues =
          open !== undefined &&
          open.page + open.count === page &&
          open.frame + open.count === frame &&
          open.permissions === permissions;
        if (continues) open!.count++;
        else {
          if (open !== undefined) yield open;
          open = { page, frame, count: 1, permissions };
        }
      }
    }
    if (open !== undefined) yield open;
  }

  private stop(why: MapStop, done: number): number {
    this.stopped = why;
    return done;
  }

  private fill(leaf: number, slot: number, words: Uint32Array, at: number, run: number, perm: number): number {
    const slab = slabOf(leaf);
    const permissions = this.permissions[slab]!;
    const frames = this.frames[slab]!;
    const base = (leaf % SLAB) * FANOUT + slot;
    const isFresh = this.used[leaf] === 0;
    let i = 0;
    for (let to = 2 * base, from = at; i < run; i++, to += 2, from += 2) {
      const hi = words[from + 1]!;
      if (hi >>> FRAME_BITS_HI !== 0) {
        this.stopped = 'frame';
        break;
      }
      if (!isFresh && permissions[base + i] !== 0) {
        this.stopped = 'mapped';
        break;
      }
      frames[to] = words[from]!;
      frames[to + 1] = hi;
    }
    permissions.fill(perm, base, base + i);
    this.used[leaf]! += i;
    this.mapped += i;
    return i;
  }

  private mappedLeaf(page: number): number {
    return page >= 0 && page < this.limit ? this.leafOf(page, false) : 0;
  }

  /** Number of the table of pages that a page is in; 0 for none. */
  private leafOf(page: number, make: boolean): number {
    const prefix = Math.floor(page / FANOUT);
    if (prefix === this.cachedPrefix) return this.cachedLeaf;
    let node = 0;
    let scale = FANOUT ** (this.levels - 2);
    for (let level = this.levels - 1; level >= 1; level--) {
      const table = this.nodes[node]!;
      const slot = Math.floor(prefix / scale) % FANOUT;
      let child = table[slot]!;
      if (child === 0) {
        if (!make || !this.takeTable(level)) return 0;
        child = level === 1 ? this.addLeaf() : this.addNode();
        table[slot] = child;
      }
      node = child;
      scale /= FANOUT;
    }
    this.cachedPrefix = prefix;
    this.cachedLeaf = node;
    return node;
  }

  private addNode(): number {
    this.tables++;
    return this.nodes.push(new Int32Array(FANOUT)) - 1;
  }

  private addLeaf(): number {
    this.tables++;
    const leaf = this.used.push(0) - 1;
    if (slabOf(leaf) === this.frames.length) {
      this.frames.push(new Uint32Array(SLAB * FANOUT * 2));
      this.permissions.push(new Uint8Array(SLAB * FANOUT));
    }
    return leaf;
  }

  private *leaves(node: number, level: number, prefix: number): Generator<readonly [number, number]> {
    const table = this.nodes[node]!;
    for (let slot = 0; slot < FANOUT; slot++) {
      const child = table[slot]!;
      if (child === 0) continue;
      const at = prefix * FANOUT + slot;
      if (level === 1) yield [at, child];
      else yield* this.leaves(child, level - 1, at);
    }
  }
}

function slabOf(leaf: number): number {
  return Math.floor(leaf / SLAB);
}
