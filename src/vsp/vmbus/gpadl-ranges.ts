import { HV_HYP_PAGE_SIZE, pagesTouched } from '../../bytes/page.js';

/** Guest memory as a GPADL names it; the page numbers may be anything. */
export interface GpadlRange {
  readonly lengthBytes: number;
  readonly offsetBytes: number;
  readonly pfns: BigUint64Array;
}

/**
 * Splits the words behind a GPADL header into `count` ranges. Undefined where one has no bytes, an offset past its page, a
 * length that overflows 32 bits, or fewer page numbers than it needs; words may be left over (OpenVMM's gparange rules).
 */
export function splitRanges(words: BigUint64Array, count: number): GpadlRange[] | undefined {
  const ranges: GpadlRange[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at >= words.length) return undefined;
    const head = words[at]!;
    const lengthBytes = Number(head & 0xffffffffn);
    const offsetBytes = Number(head >> 32n);
    if (lengthBytes === 0 || offsetBytes >= HV_HYP_PAGE_SIZE) return undefined;
    if (lengthBytes + HV_HYP_PAGE_SIZE - 1 + offsetBytes > 0xffff_ffff) return undefined;
    const pages = pagesTouched(offsetBytes, lengthBytes);
    at += 1;
    if (words.length - at < pages) return undefined;
    ranges.push({ lengthBytes, offsetBytes, pfns: words.subarray(at, at + pages) });
    at += pages;
  }
  return ranges;
}
