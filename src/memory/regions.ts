import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { MemoryError } from './memory-error.js';

/** A range of guest physical addresses and where its bytes are; all three in bytes, whole pages. */
export interface Region {
  readonly gpa: number;
  readonly length: number;
  /** In the buffer or file. */
  readonly offset: number;
}

const end = (region: Region): number => region.gpa + region.length;

/** Which GPAs there are and where their bytes lie. What no region covers is a hole. */
export class RegionTable {
  /** Ascending; neighbours whose bytes are neighbours too are one. */
  readonly regions: readonly Region[];
  /** One past the highest GPA. */
  readonly size: number;
  #last: Region;

  /**
   * `backingBytes` is the length of the buffer or file. Throws MemoryError E_ALIGN for parts of pages, E_GPA for regions
   * that are empty, overlap in addresses or in bytes, or lie outside the backing.
   */
  constructor(regions: readonly Region[], backingBytes: number) {
    for (const region of regions) checkRegion(region, backingBytes);
    this.regions = joined(regions.toSorted((a, b) => a.gpa - b.gpa));
    const last = this.regions.at(-1);
    if (last === undefined) throw new MemoryError('E_GPA', 'has no region');
    checkApart(this.regions, 'gpa');
    checkApart(
      this.regions.toSorted((a, b) => a.offset - b.offset),
      'offset',
    );
    this.size = end(last);
    this.#last = last;
  }

  /**
   * Offset of `length` bytes at `gpa` when one region holds them all; -1 when they cross from one region into the next.
   * Throws MemoryError E_GPA outside, in a hole, or for what is no address or length.
   */
  place(gpa: number, length: number): number {
    // The region of the last access nearly always holds the next one.
    const { gpa: from, length: bytes, offset } = this.#last;
    const into = gpa - from;
    if (
      into >= 0 &&
      into < bytes &&
      length >= 0 &&
      into + length <= bytes &&
      Number.isInteger(into) &&
      Number.isInteger(length)
    )
      return offset + into;
    return this.#search(gpa, length);
  }

  #search(gpa: number, length: number): number {
    const region = this.at(gpa);
    if (region === undefined || !this.has(gpa, length))
      throw new MemoryError('E_GPA', `${length} bytes are not all in memory`, gpa);
    this.#last = region;
    return gpa + length <= end(region) ? region.offset + gpa - region.gpa : -1;
  }

  /** The region that holds `gpa`. */
  at(gpa: number): Region | undefined {
    let low = 0;
    let high = this.regions.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const region = this.regions[middle]!;
      if (gpa < region.gpa) high = middle - 1;
      else if (gpa >= end(region)) low = middle + 1;
      else return region;
    }
    return undefined;
  }

  /** True when all `length` bytes are in memory, in one region or in several without a hole. */
  has(gpa: number, length: number): boolean {
    if (!Number.isSafeInteger(gpa) || !Number.isSafeInteger(length) || length < 0) return false;
    let at = gpa;
    do {
      const region = this.at(at);
      if (region === undefined) return false;
      at = end(region);
    } while (at < gpa + length);
    return true;
  }

  /**
   * Calls `use` for each piece of a range, ascending: offset in the backing, bytes already done, bytes of the piece. Checks
   * the whole range first, so that nothing is half done. Throws MemoryError E_GPA.
   */
  forEach(gpa: number, length: number, use: (offset: number, done: number, bytes: number) => void): void {
    const offset = this.place(gpa, length);
    if (offset >= 0) {
      use(offset, 0, length);
      return;
    }
    for (let done = 0; done < length; ) {
      const region = this.at(gpa + done)!;
      const into = gpa + done - region.gpa;
      const bytes = Math.min(length - done, region.length - into);
      use(region.offset + into, done, bytes);
      done += bytes;
    }
  }
}

function checkRegion(region: Region, backingBytes: number): void {
  const { gpa, length, offset } = region;
  const words = [gpa, length, offset];
  if (
    !words.every((word) => Number.isSafeInteger(word) && word >= 0) ||
    length === 0 ||
    !Number.isSafeInteger(end(region))
  )
    throw new MemoryError('E_GPA', `${length} bytes at offset ${offset} are no region`, gpa);
  if (words.some((word) => word % HV_HYP_PAGE_SIZE !== 0))
    throw new MemoryError('E_ALIGN', `${length} bytes at offset ${offset} are not whole pages`, gpa);
  if (offset + length > backingBytes)
    throw new MemoryError('E_GPA', `${length} bytes at offset ${offset} are not in a backing of ${backingBytes}`, gpa);
}

function joined(sorted: readonly Region[]): Region[] {
  const out: Region[] = [];
  for (const region of sorted) {
    const before = out.at(-1);
    if (before !== undefined && end(before) === region.gpa && before.offset + before.length === region.offset)
      out[out.length - 1] = { ...before, length: before.length + region.length };
    else out.push(region);
  }
  return out;
}

function checkApart(sorted: readonly Region[], by: 'gpa' | 'offset'): void {
  for (const [index, region] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && before[by] + before.length > region[by])
      throw new MemoryError('E_GPA', `regions overlap in ${by === 'gpa' ? 'addresses' : 'bytes'}`, region.gpa);
  }
}
