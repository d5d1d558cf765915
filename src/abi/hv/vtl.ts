import { bits } from '../../layout/bits.js';
import { rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVGDK_MINI } from '../origin.js';
import { hv_x64_segment_register, hv_x64_table_register } from './register-bits.js';

// Virtual trust levels. include/hyperv/hvgdk_mini.h.

export const hv_vtl = enumeration('hv_vtl', {
  HV_NORMAL_VTL: 0,
  HV_VTL_MASK: 15,
  HV_VTL_NORMAL: 0,
  HV_VTL_SECURE: 1,
  HV_VTL_MGMT: 2,
  HV_X64_VTL_MASK: 15,
});

export const hv_input_vtl = bits(
  'hv_input_vtl',
  u8,
  { target_vtl: 4, use_target_vtl: 1, reserved_z: 3 },
  { word: 'as_uint8' },
  HVGDK_MINI,
);

export const hv_init_vp_context = struct(
  'hv_init_vp_context',
  0xe0,
  {
    rip: u64,
    rsp: u64,
    rflags: u64,
    cs: hv_x64_segment_register,
    ds: hv_x64_segment_register,
    es: hv_x64_segment_register,
    fs: hv_x64_segment_register,
    gs: hv_x64_segment_register,
    ss: hv_x64_segment_register,
    tr: hv_x64_segment_register,
    ldtr: hv_x64_segment_register,
    idtr: hv_x64_table_register,
    gdtr: hv_x64_table_register,
    efer: u64,
    cr0: u64,
    cr3: u64,
    cr4: u64,
    msr_cr_pat: u64,
  },
  HVGDK_MINI,
);

export const hv_enable_vp_vtl = struct(
  'hv_enable_vp_vtl',
  0xf0,
  {
    partition_id: u64,
    vp_index: u32,
    target_vtl: hv_input_vtl,
    mbz0: rsvd(1),
    mbz1: rsvd(u16),
    vp_context: hv_init_vp_context,
  },
  HVGDK_MINI,
);

export const hv_get_vp_from_apic_id_in = struct(
  'hv_get_vp_from_apic_id_in',
  0x10,
  { partition_id: u64, target_vtl: hv_input_vtl, res: rsvd(7), apic_ids: rep(u32) },
  HVGDK_MINI,
);

export const hv_register_vsm_partition_config = bits(
  'hv_register_vsm_partition_config',
  u64,
  {
    enable_vtl_protection: 1,
    default_vtl_protection_mask: 4,
    zero_memory_on_reset: 1,
    deny_lower_vtl_startup: 1,
    intercept_acceptance: 1,
    intercept_enable_vtl_protection: 1,
    intercept_vp_startup: 1,
    intercept_cpuid_unimplemented: 1,
    intercept_unrecoverable_exception: 1,
    intercept_page: 1,
    mbz: 51,
  },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_register_vsm_capabilities = bits(
  'hv_register_vsm_capabilities',
  u64,
  {
    dr6_shared: 1,
    mbec_vtl_mask: 16,
    deny_lower_vtl_startup: 1,
    supervisor_shadow_stack: 1,
    hardware_hvpt_available: 1,
    software_hvpt_available: 1,
    hardware_hvpt_range_bits: 6,
    intercept_page_available: 1,
    return_action_available: 1,
    reserved: 35,
  },
  { word: 'as_uint64' },
  HVGDK_MINI,
);

export const hv_register_vsm_page_offsets = bits(
  'hv_register_vsm_page_offsets',
  u64,
  { vtl_call_offset: 12, vtl_return_offset: 12, reserved_mbz: 40 },
  { word: 'as_uint64' },
  HVGDK_MINI,
);
