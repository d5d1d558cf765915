import type { GuestMemory } from '../../ports/guest-memory.js';

// Entries of x86-64 page tables (Intel SDM volume 3, "4-level paging and 5-level paging"), as Linux's generic page-table
// library writes them for an IOMMU (drivers/iommu/generic_pt/fmt/x86_64.h): accessed and dirty are set from the start, so
// that the hardware has nothing to write.

export const ENTRY_PRESENT = 0x1;
export const ENTRY_WRITE = 0x2;
const ENTRY_USER = 0x4;
const ENTRY_ACCESSED = 0x20;
const ENTRY_DIRTY = 0x40;
/** A 2 MiB or 1 GiB page, above the last level. */
export const ENTRY_LARGE = 0x80;

/** Of an entry that leads to a table: who may write is said by the page. */
export const TABLE_BITS = ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED;

export const ENTRIES = 512;
/** 4 KiB pages below one entry, by level: 1 is the last one. */
export const SPAN: readonly number[] = [0, 1, 512, 512 ** 2, 512 ** 3, 512 ** 4];
/** The highest level with pages (1 GiB). */
export const TOP_PAGE_LEVEL = 3;

const HIGH = 0x1_0000_0000;
/** Address bits 51:12. */
const FRAME_HI = 0x000fffff;

/** Low half of a page's entry without its address. */
export function pageBits(write: boolean, level: number): number {
  const access = write ? ENTRY_WRITE | ENTRY_DIRTY : 0;
  return ENTRY_PRESENT | ENTRY_USER | ENTRY_ACCESSED | access | (level > 1 ? ENTRY_LARGE : 0);
}

/** Page frame number that an entry holds. */
export function frameOf(lo: number, hi: number): number {
  return (hi & FRAME_HI) * 0x100000 + (lo >>> 12);
}

/** True where an entry of a level is a page, not a table. */
export function isPage(lo: number, level: number): boolean {
  return level === 1 || (level <= TOP_PAGE_LEVEL && (lo & ENTRY_LARGE) !== 0);
}

/** Which of a table's entries a page is under. */
export function indexAt(page: number, level: number): number {
  return Math.floor(page / SPAN[level]!) % ENTRIES;
}

/** Writes an entry. The half with the present bit comes last: whoever walks meanwhile sees nothing or all of it. */
export function putEntry(memory: GuestMemory, gpa: number, frame: number, bits: number): void {
  const address = frame * 4096;
  memory.storeU32(gpa + 4, Math.floor(address / HIGH));
  memory.storeU32(gpa, ((address % HIGH) | bits) >>> 0);
}

export function clearEntry(memory: GuestMemory, gpa: number): void {
  memory.storeU32(gpa, 0);
  memory.storeU32(gpa + 4, 0);
}
