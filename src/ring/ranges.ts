import { HV_HYP_PAGE_SIZE, pagesTouched } from '../bytes/page.js';
import { LIST_AT } from './packet-kind.js';
import { RingError } from './ring-error.js';

/** Guest memory as a packet names it: `pfns` cover `lengthBytes` from `offsetBytes` within the first page (gpa_range). */
export interface GpaRange {
  readonly lengthBytes: number;
  readonly offsetBytes: number;
  readonly pfns: ArrayLike<bigint>;
}

/** Part of a buffer agreed on before (vmtransfer_page_range). */
export interface TransferPageRange {
  readonly lengthBytes: number;
  readonly offsetBytes: number;
}

/** One page or less, as Linux drivers keep it (hv_page_buffer); on the wire a range with one frame. */
export interface PageBuffer {
  readonly lengthBytes: number;
  readonly offsetBytes: number;
  readonly pfn: bigint;
}

/** A page buffer list as the ranges of a GPA-direct packet. */
export function pageBufferRanges(buffers: readonly PageBuffer[]): GpaRange[] {
  return buffers.map(({ lengthBytes, offsetBytes, pfn }) => ({ lengthBytes, offsetBytes, pfns: [pfn] }));
}

/**
 * Reads `count` GPA ranges from private memory, `from` up to `to`. Every frame list is copied. Throws RingError
 * E_RING_RANGE: no bytes, an offset beyond the page, frames missing, or a length past 32 bits (OpenVMM's four refusals).
 */
export function readGpaRanges(view: DataView, from: number, to: number, count: number): GpaRange[] {
  const ranges: GpaRange[] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    if (to - at < 8) throw fault(i, at, 'the list ends before it');
    const lengthBytes = view.getUint32(at, true);
    const offsetBytes = view.getUint32(at + 4, true);
    if (lengthBytes === 0) throw fault(i, at, 'no bytes');
    if (offsetBytes >= HV_HYP_PAGE_SIZE) throw fault(i, at, `offset 0x${offsetBytes.toString(16)} is past the page`);
    if (lengthBytes + HV_HYP_PAGE_SIZE - 1 + offsetBytes > 0xffff_ffff) throw fault(i, at, 'the length overflows');
    const pages = pagesTouched(offsetBytes, lengthBytes);
    at += 8;
    if (to - at < pages * 8) throw fault(i, at, `${pages} frames, ${Math.max(0, (to - at) >> 3)} there`);
    const pfns = new BigUint64Array(pages);
    for (let page = 0; page < pages; page++, at += 8) pfns[page] = view.getBigUint64(at, true);
    ranges.push({ lengthBytes, offsetBytes, pfns });
  }
  return ranges;
}

/** Reads `count` transfer page ranges from private memory. Throws RingError E_RING_RANGE when they are not all there. */
export function readTransferRanges(view: DataView, from: number, to: number, count: number): TransferPageRange[] {
  if (count > (to - from) / 8) throw fault(Math.max(0, (to - from) >> 3), to, 'the list ends before it');
  return Array.from({ length: count }, (_, i) => ({
    lengthBytes: view.getUint32(from + i * 8, true),
    offsetBytes: view.getUint32(from + i * 8 + 4, true),
  }));
}

/** Bytes of the two words and the ranges of a GPA-direct packet. Throws RingError E_RING_RANGE for a list no reader takes. */
export function gpaListBytes(ranges: readonly GpaRange[]): number {
  if (ranges.length === 0) throw fault(0, LIST_AT, 'a GPA-direct packet names at least one range');
  let bytes = 8;
  for (const [i, { lengthBytes, offsetBytes, pfns }] of ranges.entries()) {
    if (!(lengthBytes > 0 && offsetBytes >= 0 && offsetBytes < HV_HYP_PAGE_SIZE))
      throw fault(i, LIST_AT, `${lengthBytes} bytes at ${offsetBytes} of a page`);
    if (pfns.length !== pagesTouched(offsetBytes, lengthBytes))
      throw fault(i, LIST_AT, `${pagesTouched(offsetBytes, lengthBytes)} frames, ${pfns.length} given`);
    bytes += 8 + pfns.length * 8;
  }
  return bytes;
}

/** Writes the words and ranges of a GPA-direct packet at `at`. */
export function writeGpaList(view: DataView, at: number, ranges: readonly GpaRange[]): void {
  view.setUint32(at, 0, true);
  view.setUint32(at + 4, ranges.length, true);
  let to = at + 8;
  for (const { lengthBytes, offsetBytes, pfns } of ranges) {
    view.setUint32(to, lengthBytes, true);
    view.setUint32(to + 4, offsetBytes, true);
    to += 8;
    for (let i = 0; i < pfns.length; i++, to += 8) view.setBigUint64(to, pfns[i]!, true);
  }
}

/** Writes the words and ranges of a transfer-page packet at `at`. */
export function writeTransferList(
  view: DataView,
  at: number,
  setId: number,
  senderOwnsSet: boolean,
  ranges: readonly TransferPageRange[],
): void {
  view.setUint16(at, setId, true);
  view.setUint16(at + 2, senderOwnsSet ? 1 : 0, true);
  view.setUint32(at + 4, ranges.length, true);
  for (const [i, { lengthBytes, offsetBytes }] of ranges.entries()) {
    view.setUint32(at + 8 + i * 8, lengthBytes, true);
    view.setUint32(at + 12 + i * 8, offsetBytes, true);
  }
}

function fault(index: number, offset: number, what: string): RingError {
  return new RingError('E_RING_RANGE', what, { struct: 'gpa_range', path: `ranges[${index}]`, offset });
}
