import type { hv_input_flush_device_domain_list, hv_iommu_flush_va } from '../../abi/hv/device-domain-flush.js';
import { HVCALL_FLUSH_DEVICE_DOMAIN_LIST } from '../../abi/hypercalls/device-domains.js';
import { batchLimit } from '../../hypercall/batch.js';
import type { InputOf } from '../../layout/types.js';

/** Size of a page of IOVA space as the hypervisor counts them, whatever the guest's own page size is (PVI-34). */
export const IOVA_PAGE_SHIFT = 12n;
/** IOVAs have 64 bits: 2^52 pages. */
const ALL_PAGES_SHIFT = 52;
const LAST_IOVA = 0xffff_ffff_ffff_ffffn;

/** 2^`shift` pages from `page` on, which is a multiple of that. */
export interface FlushEntry {
  readonly page: number;
  readonly shift: number;
}

/** Entries of one list call (508). */
export const MAX_FLUSH_ENTRIES = batchLimit(HVCALL_FLUSH_DEVICE_DOMAIN_LIST).maxReps;

/**
 * How a range is told to the hypervisor: `single` is one aligned power of two that has all of it (the newest Linux series),
 * `exact` are as many as cover it and nothing else (the first one), `domain` is the whole domain.
 */
export type FlushStrategy = 'single' | 'exact' | 'domain';

/**
 * What to flush for the IOVAs `start` to `end`, both inclusive, so that 2^64 - 1 is an end like any other (PVI-33). Undefined
 * stands for the whole domain: asked for, or the list would not fit a call (PVI-32). Throws RangeError for an empty range or
 * one that is no u64.
 */
export function flushEntries(start: bigint, end: bigint, strategy: FlushStrategy): FlushEntry[] | undefined {
  if (!(start >= 0n && start <= end && end <= LAST_IOVA)) throw new RangeError(`no IOVAs from ${start} to ${end}`);
  const first = Number(start >> IOVA_PAGE_SHIFT);
  const last = Number(end >> IOVA_PAGE_SHIFT);
  switch (strategy) {
    case 'domain':
      return undefined;
    case 'single':
      return [coveringEntry(first, last)];
    case 'exact':
      return exactEntries(first, last, MAX_FLUSH_ENTRIES);
  }
}

/** The smallest aligned power of two that has both pages (PVI-31). */
export function coveringEntry(first: number, last: number): FlushEntry {
  let shift = 0;
  let size = 1;
  while (Math.floor(first / size) !== Math.floor(last / size)) {
    size *= 2;
    shift++;
  }
  return { page: Math.floor(first / size) * size, shift };
}

/** The fewest aligned powers of two that have the pages `first` to `last` and no other; undefined when `most` are too few. */
export function exactEntries(first: number, last: number, most: number): FlushEntry[] | undefined {
  const entries: FlushEntry[] = [];
  let page = first;
  for (let left = last - first + 1; left > 0; ) {
    if (entries.length === most) return undefined;
    let shift = 0;
    let size = 1;
    while (shift < ALL_PAGES_SHIFT && size * 2 <= left && page % (size * 2) === 0) {
      size *= 2;
      shift++;
    }
    entries.push({ page, shift });
    page += size;
    left -= size;
  }
  return entries;
}

type FlushVa = InputOf<(typeof hv_iommu_flush_va.of)['series-pviommu']>;

/** The list as hv_input_flush_device_domain_list has it. */
export function flushList(
  entries: readonly FlushEntry[],
): InputOf<(typeof hv_input_flush_device_domain_list.of)['series-pviommu']>['iova_list'] {
  return entries.map(
    ({ page, shift }): FlushVa => ({ page_number: BigInt(page), page_mask_shift: shift, reserved: 0 }),
  );
}
