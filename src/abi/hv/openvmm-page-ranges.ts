import { bits } from '../../layout/bits.js';
import { enumeration, u32, u64 } from '../../layout/scalar.js';
import { union } from '../../layout/union.js';
import { HVDEF } from '../openvmm-origin.js';

// One u64 that names pages. Which form it has depends on the call (TLB flushes: on use_extended_range_format).

export const HvGpaRangeSimple = bits(
  'HvGpaRangeSimple',
  u64,
  {
    additional_pages: 12,
    gpa_page_number: 52,
  },
  undefined,
  HVDEF,
);

export const HvGpaRangeExtended = bits(
  'HvGpaRangeExtended',
  u64,
  {
    additional_pages: 11,
    large_page: 1,
    gpa_page_number: 52,
  },
  undefined,
  HVDEF,
);

export const HvGpaRangeExtendedLargePage = bits(
  'HvGpaRangeExtendedLargePage',
  u64,
  {
    additional_pages: 11,
    large_page: 1,
    page_size: 1,
    _reserved: 8,
    gpa_large_page_number: 43,
  },
  undefined,
  HVDEF,
);

export const HvGpaRange = union(
  'HvGpaRange',
  8,
  {
    extended: HvGpaRangeExtended,
    extended_large_page: HvGpaRangeExtendedLargePage,
    simple: HvGpaRangeSimple,
  },
  { by: 'extended.large_page', of: { 0: 'extended', 1: 'extended_large_page' } },
  HVDEF,
);

export const HvGvaRangeSimple = bits(
  'HvGvaRangeSimple',
  u64,
  {
    additional_pages: 12,
    gva_page_number: 52,
  },
  undefined,
  HVDEF,
);

export const HvGvaRangeExtended = bits(
  'HvGvaRangeExtended',
  u64,
  {
    additional_pages: 11,
    large_page: 1,
    gva_page_number: 52,
  },
  undefined,
  HVDEF,
);

export const HvGvaRangeExtendedLargePage = bits(
  'HvGvaRangeExtendedLargePage',
  u64,
  {
    additional_pages: 11,
    large_page: 1,
    page_size: 1,
    _reserved: 8,
    gva_large_page_number: 43,
  },
  undefined,
  HVDEF,
);

export const HvGvaRange = union(
  'HvGvaRange',
  8,
  {
    simple: HvGvaRangeSimple,
    extended: HvGvaRangeExtended,
    extended_large_page: HvGvaRangeExtendedLargePage,
  },
  { otherwise: 'simple' },
  HVDEF,
);

/** Flags word of the flush calls: `flags` of hv_tlb_flush. */
export const HvFlushFlags = bits(
  'HvFlushFlags',
  u64,
  {
    all_processors: 1,
    all_virtual_address_spaces: 1,
    non_global_mappings_only: 1,
    use_extended_range_format: 1,
    use_target_vtl: 1,
    _reserved: 3,
    target_vtl0: 1,
    target_vtl1: 1,
    _reserved2: 54,
  },
  undefined,
  HVDEF,
);

export const HvMapGpaFlags = bits(
  'HvMapGpaFlags',
  u32,
  {
    readable: 1,
    writable: 1,
    kernel_executable: 1,
    user_executable: 1,
    supervisor_shadow_stack: 1,
    paging_writability: 1,
    verify_paging_writability: 1,
    _padding0: 8,
    adjustable: 1,
    _padding1: 16,
  },
  undefined,
  HVDEF,
);

export const HvCacheType = enumeration('HvCacheType', {
  HvCacheTypeUncached: 0,
  HvCacheTypeWriteCombining: 1,
  HvCacheTypeWriteThrough: 4,
  HvCacheTypeWriteProtected: 5,
  HvCacheTypeWriteBack: 6,
});
