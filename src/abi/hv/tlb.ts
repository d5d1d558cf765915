import { bit, bits } from '../../layout/bits.js';
import { rep } from '../../layout/list.js';
import { enumeration, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVGDK_MINI } from '../origin.js';
import { hv_vpset } from './vp-set.js';

// Flushing address translations. include/hyperv/hvgdk_mini.h.

export const hv_flush_flags = enumeration('hv_flush_flags', {
  HV_FLUSH_ALL_PROCESSORS: 1,
  HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES: 2,
  HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY: 4,
  HV_FLUSH_USE_EXTENDED_RANGE_FORMAT: 8,
});

export const hv_gpa_page_range_page_size = enumeration('hv_gpa_page_range_page_size', {
  HV_GPA_PAGE_RANGE_PAGE_SIZE_2MB: 0,
  HV_GPA_PAGE_RANGE_PAGE_SIZE_1GB: 1,
});

export const hv_tlb_flush = struct(
  'hv_tlb_flush',
  0x18,
  { address_space: u64, flags: u64.flagsOf(hv_flush_flags), processor_mask: u64, gva_list: rep(u64) },
  HVGDK_MINI,
);

export const hv_tlb_flush_ex = struct(
  'hv_tlb_flush_ex',
  0x20,
  {
    address_space: u64,
    flags: u64.flagsOf(hv_flush_flags),
    hv_vp_set: hv_vpset,
    gva_list: rep(u64),
  },
  HVGDK_MINI,
);

export const hv_guest_mapping_flush = struct(
  'hv_guest_mapping_flush',
  0x10,
  { address_space: u64, flags: u64 },
  HVGDK_MINI,
);

export const hv_gpa_page_range = union(
  'hv_gpa_page_range',
  0x8,
  {
    address_space: u64,
    page: bits(u64, { additional_pages: 11, largepage: 1, basepfn: 52 }),
    large: anon(
      bits(u64, { reserved: 12, page_size: bit(1, hv_gpa_page_range_page_size), reserved1: 8, base_large_pfn: 43 }),
    ),
  },
  { by: 'page.largepage', of: { 0: 'page', 1: 'large' } },
  HVGDK_MINI,
);

export const hv_guest_mapping_flush_list = struct(
  'hv_guest_mapping_flush_list',
  0x1000,
  { address_space: u64, flags: u64, gpa_list: rep(hv_gpa_page_range, { declared: 510 }) },
  HVGDK_MINI,
);
