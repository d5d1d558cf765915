import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { PageFrames } from '../../ports/page-frames.js';
import type { FlushGather } from './flush-gather.js';
import {
  clearEntry,
  ENTRIES,
  ENTRY_PRESENT,
  ENTRY_WRITE,
  frameOf,
  indexAt,
  isPage,
  pageBits,
  putEntry,
  SPAN,
  TABLE_BITS,
} from './stage1-entry.js';

/** Bits of a page-size bitmap by table level. */
const SIZE_BIT: readonly bigint[] = [0n, 1n << 12n, 1n << 21n, 1n << 30n];

/** Where an IOVA leads. */
export interface Translation {
  readonly gpa: number;
  readonly write: boolean;
  /** Bytes of the page that it is in. */
  readonly pageSize: number;
}

/** A map that did not come to its end: so many pages are there. */
export interface MapProgress {
  readonly mapped: number;
  readonly errno?: 'EEXIST' | 'ENOMEM';
}

/**
 * Stage-1 page tables in guest memory, 4 or 5 levels with pages of 4 KiB, 2 MiB and 1 GiB. All arguments are numbers of 4 KiB
 * pages. Changing them is a matter of memory writes alone; flushing is the caller's, who gets told by a FlushGather.
 */
export class StageOneTable {
  readonly rootFrame: number;
  readonly levels: 4 | 5;
  private readonly memory: GuestMemory;
  private readonly frames: PageFrames;
  private readonly pageLevels: readonly number[];

  private constructor(memory: GuestMemory, frames: PageFrames, root: number, levels: 4 | 5, sizes: bigint) {
    this.memory = memory;
    this.frames = frames;
    this.rootFrame = root;
    this.levels = levels;
    this.pageLevels = [3, 2, 1].filter((level) => (sizes & SIZE_BIT[level]!) !== 0n);
  }

  /** An empty table; `sizes` is a bitmap of page sizes in bytes with 4 KiB among them. ENOMEM without a frame for the root. */
  static create(memory: GuestMemory, frames: PageFrames, levels: 4 | 5, sizes: bigint): Outcome<StageOneTable> {
    const taken = frames.take(1);
    if (taken === undefined) return failure('ENOMEM');
    const root = taken[0]!;
    memory.clear(root * HV_HYP_PAGE_SIZE, HV_HYP_PAGE_SIZE);
    return success(new StageOneTable(memory, frames, root, levels, sizes));
  }

  /** Pages of IOVA space that the levels reach. */
  get pages(): number {
    return SPAN[this.levels]! * ENTRIES;
  }

  /**
   * Maps `pages` from `page` on to the frames from `frame` on, in the largest pages that alignment allows. Stops at a page that
   * is mapped already. An empty table that a large page takes the place of goes to `replaced`, to be flushed.
   */
  map(page: number, frame: number, pages: number, write: boolean, replaced: FlushGather): MapProgress {
    let mapped = 0;
    while (mapped < pages) {
      const level = this.levelFor(page + mapped, frame + mapped, pages - mapped);
      const table = this.descend(page + mapped, level);
      if (typeof table === 'string') return { mapped, errno: table };
      const span = SPAN[level]!;
      // The rest of this table takes pages of the same size as long as they fit.
      const end = Math.min(pages, mapped + (ENTRIES - indexAt(page + mapped, level)) * span);
      for (; mapped + span <= end; mapped += span) {
        const at = table + 8 * indexAt(page + mapped, level);
        if (!this.makeRoom(at, level, page + mapped, replaced)) return { mapped, errno: 'EEXIST' };
        putEntry(this.memory, at, frame + mapped, pageBits(write, level));
      }
    }
    return { mapped };
  }

  /**
   * Unmaps up to `pages` from `page` on and returns how many: it stops at the first hole and at a large page that is not wholly
   * in the range. What is gone, tables that the range covered included, goes to `gather`.
   */
  unmap(page: number, pages: number, gather: FlushGather): number {
    const gone = this.clear(this.rootFrame, this.levels, page, pages, gather);
    gather.add(page, gone);
    return gone;
  }

  /** Undefined where nothing is mapped. */
  find(page: number): Translation | undefined {
    let table = this.rootFrame;
    for (let level: number = this.levels; level > 0; level--) {
      const at = table * HV_HYP_PAGE_SIZE + 8 * indexAt(page, level);
      const lo = this.memory.loadU32(at);
      if ((lo & ENTRY_PRESENT) === 0) return undefined;
      const frame = frameOf(lo, this.memory.loadU32(at + 4));
      if (isPage(lo, level)) {
        const span = SPAN[level]!;
        const gpa = (frame + (page % span)) * HV_HYP_PAGE_SIZE;
        return { gpa, write: (lo & ENTRY_WRITE) !== 0, pageSize: span * HV_HYP_PAGE_SIZE };
      }
      table = frame;
    }
    return undefined;
  }

  /** Gives all tables back, the root too: nobody may walk them any more. */
  free(): void {
    this.frames.give(this.tablesBelow(this.rootFrame, this.levels));
  }

  private levelFor(page: number, frame: number, left: number): number {
    for (const level of this.pageLevels) {
      const span = SPAN[level]!;
      if (span <= left && page % span === 0 && frame % span === 0) return level;
    }
    return 1;
  }

  /** GPA of the table of `level` that has the page; those on the way to it are made. */
  private descend(page: number, level: number): number | 'EEXIST' | 'ENOMEM' {
    let table = this.rootFrame;
    for (let above: number = this.levels; above > level; above--) {
      const at = table * HV_HYP_PAGE_SIZE + 8 * indexAt(page, above);
      const lo = this.memory.loadU32(at);
      if ((lo & ENTRY_PRESENT) !== 0) {
        if (isPage(lo, above)) return 'EEXIST';
        table = frameOf(lo, this.memory.loadU32(at + 4));
        continue;
      }
      const taken = this.frames.take(1);
      if (taken === undefined) return 'ENOMEM';
      table = taken[0]!;
      this.memory.clear(table * HV_HYP_PAGE_SIZE, HV_HYP_PAGE_SIZE);
      putEntry(this.memory, at, table, TABLE_BITS);
    }
    return table * HV_HYP_PAGE_SIZE;
  }

  /** False where a page is mapped, at the entry or below it. */
  private makeRoom(at: number, level: number, page: number, replaced: FlushGather): boolean {
    const lo = this.memory.loadU32(at);
    if ((lo & ENTRY_PRESENT) === 0) return true;
    if (isPage(lo, level)) return false;
    const table = frameOf(lo, this.memory.loadU32(at + 4));
    if (!this.isEmpty(table, level - 1)) return false;
    const tables = this.tablesBelow(table, level - 1);
    clearEntry(this.memory, at);
    // The hardware may remember the table although nothing is in it.
    replaced.tables.push(...tables);
    replaced.add(page, SPAN[level]!);
    return true;
  }

  private clear(table: number, level: number, page: number, pages: number, gather: FlushGather): number {
    const span = SPAN[level]!;
    let gone = 0;
    for (let index = indexAt(page, level); index < ENTRIES && gone < pages; index++) {
      const at = table * HV_HYP_PAGE_SIZE + 8 * index;
      const lo = this.memory.loadU32(at);
      if ((lo & ENTRY_PRESENT) === 0) break;
      const offset = (page + gone) % span;
      const left = pages - gone;
      const whole = offset === 0 && left >= span;
      if (isPage(lo, level)) {
        if (!whole) break;
        clearEntry(this.memory, at);
        gone += span;
        continue;
      }
      const below = frameOf(lo, this.memory.loadU32(at + 4));
      const wanted = Math.min(left, span - offset);
      const got = this.clear(below, level - 1, page + gone, wanted, gather);
      gone += got;
      if (got < wanted) break;
      if (!whole) continue;
      clearEntry(this.memory, at);
      gather.tables.push(below);
    }
    return gone;
  }

  private isEmpty(table: number, level: number): boolean {
    for (const { lo, frame } of this.present(table))
      if (isPage(lo, level) || !this.isEmpty(frame, level - 1)) return false;
    return true;
  }

  private tablesBelow(table: number, level: number): number[] {
    const tables = [table];
    if (level > 1)
      for (const { lo, frame } of this.present(table))
        if (!isPage(lo, level)) tables.push(...this.tablesBelow(frame, level - 1));
    return tables;
  }

  private *present(table: number): Generator<{ readonly lo: number; readonly frame: number }> {
    for (let at = table * HV_HYP_PAGE_SIZE, end = at + HV_HYP_PAGE_SIZE; at < end; at += 8) {
      const lo = this.memory.loadU32(at);
      if ((lo & ENTRY_PRESENT) !== 0) yield { lo, frame: frameOf(lo, this.memory.loadU32(at + 4)) };
    }
  }
}
