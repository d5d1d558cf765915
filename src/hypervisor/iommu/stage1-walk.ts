import { hv_map_gpa_flags } from '../../abi/hv/memory.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { Translation } from './dma.js';

const { HV_MAP_GPA_READABLE: READABLE, HV_MAP_GPA_WRITABLE: WRITABLE } = hv_map_gpa_flags;

/** Bits of an x86-64 page-table entry. Intel SDM volume 3, 5.5. */
const PRESENT = 1;
const WRITE = 2;
const LARGE = 0x80;
/** Address bits 51:12, in the high word bits 19:0. */
const ADDRESS_HI = 0xfffff;
const FANOUT = 512;
/** Bytes of the pages at levels 1, 2 and 3, which are their bits in hv_output_get_iommu_capabilities.pgsize_bitmap. */
const LEAF_BYTES = [0x1000n, 0x20_0000n, 0x4000_0000n] as const;
/** 4K, 2M and 1G. */
export const ALL_PAGE_SIZES: bigint = LEAF_BYTES.reduce((sum, bytes) => sum | bytes, 0n);

/** What a walk meets where no translation is. */
export type WalkFault = 'not mapped' | 'bad table' | 'beyond width';

/**
 * Walks a guest's first-stage tables, 9 bits a level, from the root's GPA to the page with a number (4 KiB). Write permission
 * is that of all levels together. A table outside of memory, a large page of a size that is not in `pageSizes` (a bit for each,
 * as in pgsize_bitmap), and a large page with address bits below its size are bad tables. The work is bounded by the levels,
 * whatever tables point to.
 */
export function walkStage1(
  memory: GuestMemory,
  root: number,
  levels: 4 | 5,
  page: number,
  pageSizes: bigint = ALL_PAGE_SIZES,
): Translation | WalkFault {
  if (page >= FANOUT ** levels) return 'beyond width';
  let table = root;
  let isWritable = true;
  for (let level: number = levels; ; level--) {
    const below = FANOUT ** (level - 1);
    const entry = table + 8 * (Math.floor(page / below) % FANOUT);
    if (!memory.has(entry, 8)) return 'bad table';
    const lo = memory.readU32(entry);
    const hi = memory.readU32(entry + 4) & ADDRESS_HI;
    if ((lo & PRESENT) === 0) return 'not mapped';
    isWritable = isWritable && (lo & WRITE) !== 0;
    const frame = (lo >>> 12) + hi * 2 ** 20;
    const isLeaf = level === 1 || (lo & LARGE) !== 0;
    if (!isLeaf) {
      table = frame * HV_HYP_PAGE_SIZE;
      continue;
    }
    // Bit 12 of a large page is its memory type (PAT), not address.
    const base = level === 1 ? frame : frame - (frame % 2);
    const bytes = LEAF_BYTES[level - 1];
    if (bytes === undefined || (pageSizes & bytes) === 0n || base % below !== 0) return 'bad table';
    const permissions = isWritable ? READABLE | WRITABLE : READABLE;
    return { frame: base + (page % below), permissions, span: below };
  }
}
