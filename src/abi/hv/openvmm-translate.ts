import { bit, bits } from '../../layout/bits.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { HvCacheType } from './openvmm-page-ranges.js';
import { HvX64PendingEvent } from './openvmm-pending-events-x64.js';

// Translation of a guest virtual address.

export const TranslateGvaResultCode = enumeration('TranslateGvaResultCode', {
  SUCCESS: 0,
  PAGE_NOT_PRESENT: 1,
  PRIVILEGE_VIOLATION: 2,
  INVALID_PAGE_TABLE_FLAGS: 3,
  GPA_UNMAPPED: 4,
  GPA_NO_READ_ACCESS: 5,
  GPA_NO_WRITE_ACCESS: 6,
  GPA_ILLEGAL_OVERLAY_ACCESS: 7,
  INTERCEPT: 8,
  GPA_UNACCEPTED: 9,
});

export const TranslateGvaControlFlagsX64 = bits(
  'TranslateGvaControlFlagsX64',
  u64,
  {
    validate_read: 1,
    validate_write: 1,
    validate_execute: 1,
    privilege_exempt: 1,
    set_page_table_bits: 1,
    tlb_flush_inhibit: 1,
    supervisor_access: 1,
    user_access: 1,
    enforce_smap: 1,
    override_smap: 1,
    shadow_stack: 1,
    _unused: 45,
    input_vtl_value: 8,
  },
  undefined,
  HVDEF,
);

export const TranslateGvaControlFlagsArm64 = bits(
  'TranslateGvaControlFlagsArm64',
  u64,
  {
    validate_read: 1,
    validate_write: 1,
    validate_execute: 1,
    _reserved0: 1,
    set_page_table_bits: 1,
    tlb_flush_inhibit: 1,
    supervisor_access: 1,
    user_access: 1,
    pan_set: 1,
    pan_clear: 1,
    _unused: 46,
    input_vtl_value: 8,
  },
  undefined,
  HVDEF,
);

export const TranslateVirtualAddressX64 = struct(
  'TranslateVirtualAddressX64',
  0x20,
  {
    partition_id: u64,
    vp_index: u32,
    reserved: rsvd(u32),
    control_flags: TranslateGvaControlFlagsX64,
    gva_page: u64,
  },
  HVDEF,
);

export const TranslateVirtualAddressArm64 = struct(
  'TranslateVirtualAddressArm64',
  0x20,
  {
    partition_id: u64,
    vp_index: u32,
    reserved: rsvd(u32),
    control_flags: TranslateGvaControlFlagsArm64,
    gva_page: u64,
  },
  HVDEF,
);

export const TranslateGvaResult = bits(
  'TranslateGvaResult',
  u64,
  {
    result_code: bit(32, TranslateGvaResultCode),
    cache_type: bit(8, HvCacheType),
    overlay_page: 1,
    reserved: 23,
  },
  undefined,
  HVDEF,
);

export const TranslateVirtualAddressOutput = struct(
  'TranslateVirtualAddressOutput',
  0x10,
  {
    translation_result: TranslateGvaResult,
    gpa_page: u64,
  },
  HVDEF,
);

export const TranslateGvaResultExX64 = struct(
  'TranslateGvaResultExX64',
  0x30,
  {
    result: TranslateGvaResult,
    reserved: rsvd(u64),
    event_info: HvX64PendingEvent,
  },
  HVDEF,
);

export const TranslateGvaResultExArm64 = struct(
  'TranslateGvaResultExArm64',
  0x08,
  {
    result: TranslateGvaResult,
  },
  HVDEF,
);

export const TranslateVirtualAddressExOutputX64 = struct(
  'TranslateVirtualAddressExOutputX64',
  0x40,
  {
    translation_result: TranslateGvaResultExX64,
    gpa_page: u64,
    reserved: rsvd(u64),
  },
  HVDEF,
);

export const TranslateVirtualAddressExOutputArm64 = struct(
  'TranslateVirtualAddressExOutputArm64',
  0x10,
  {
    translation_result: TranslateGvaResultExArm64,
    gpa_page: u64,
  },
  HVDEF,
);
