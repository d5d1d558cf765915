import { bit, bits } from '../../layout/bits.js';
import { rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon } from '../../layout/union.js';
import { HVGDK, HVGDK_MINI, HVHDK, HVHDK_MINI } from '../origin.js';

// Memory given to the hypervisor, and guest-physical mappings. include/hyperv/hvhdk_mini.h, hvhdk.h, hvgdk.h.

/** HV_MAP_GPA_EXECUTABLE is both execute bits, so it stands before them. */
export const hv_map_gpa_flags = enumeration('hv_map_gpa_flags', {
  HV_MAP_GPA_READABLE: 0x1,
  HV_MAP_GPA_WRITABLE: 0x2,
  HV_MAP_GPA_EXECUTABLE: 0xc,
  HV_MAP_GPA_KERNEL_EXECUTABLE: 0x4,
  HV_MAP_GPA_USER_EXECUTABLE: 0x8,
  HV_MAP_GPA_ADJUSTABLE: 0x8000,
  HV_MAP_GPA_NO_ACCESS: 0x10000,
  HV_MAP_GPA_NOT_CACHED: 0x200000,
  HV_MAP_GPA_LARGE_PAGE: 0x80000000,
});

export const hv_map_gpa_permissions = enumeration('hv_map_gpa_permissions', {
  HV_MAP_GPA_PERMISSIONS_NONE: 0,
  HV_MAP_GPA_PERMISSIONS_MASK: 15,
});

export const hv_unmap_gpa_flags = enumeration('hv_unmap_gpa_flags', {
  HV_UNMAP_GPA_LARGE_PAGE: 2,
});

export const hv_modify_spa_page_host_access_flags = enumeration('hv_modify_spa_page_host_access_flags', {
  HV_MODIFY_SPA_PAGE_HOST_ACCESS_MAKE_EXCLUSIVE: 1,
  HV_MODIFY_SPA_PAGE_HOST_ACCESS_MAKE_SHARED: 2,
  HV_MODIFY_SPA_PAGE_HOST_ACCESS_LARGE_PAGE: 4,
  HV_MODIFY_SPA_PAGE_HOST_ACCESS_HUGE_PAGE: 8,
});

export const hv_mem_host_visibility = enumeration('hv_mem_host_visibility', {
  VMBUS_PAGE_NOT_VISIBLE: 0,
  VMBUS_PAGE_VISIBLE_READ_ONLY: 1,
  VMBUS_PAGE_VISIBLE_READ_WRITE: 3,
});

export const hv_proximity_domain_flags = bits(
  'hv_proximity_domain_flags',
  u32,
  { proximity_preferred: 1, reserved: 30, proximity_info_valid: 1 },
  {},
  HVHDK_MINI,
);

export const hv_proximity_domain_info = struct(
  'hv_proximity_domain_info',
  0x8,
  { domain_id: u32, flags: hv_proximity_domain_flags },
  HVHDK_MINI,
);

export const hv_deposit_memory = struct(
  'hv_deposit_memory',
  0x8,
  { partition_id: u64, gpa_page_list: rep(u64) },
  HVHDK_MINI,
);

export const hv_input_withdraw_memory = struct(
  'hv_input_withdraw_memory',
  0x10,
  { partition_id: u64, proximity_domain_info: hv_proximity_domain_info },
  HVHDK_MINI,
);

export const hv_output_withdraw_memory = struct(
  'hv_output_withdraw_memory',
  0x0,
  { gpa_page_list: rep(u64) },
  HVHDK_MINI,
);

export const hv_input_map_gpa_pages = struct(
  'hv_input_map_gpa_pages',
  0x18,
  {
    target_partition_id: u64,
    target_gpa_base: u64,
    map_flags: u32.flagsOf(hv_map_gpa_flags),
    padding: rsvd(u32),
    source_gpa_page_list: rep(u64),
  },
  HVHDK_MINI,
);

export const hv_input_unmap_gpa_pages = struct(
  'hv_input_unmap_gpa_pages',
  0x18,
  { target_partition_id: u64, target_gpa_base: u64, unmap_flags: u32.flagsOf(hv_unmap_gpa_flags), padding: rsvd(u32) },
  HVGDK,
);

export const hv_gpa_page_access_state_flags = bits(
  'hv_gpa_page_access_state_flags',
  u64,
  { clear_accessed: 1, set_accessed: 1, clear_dirty: 1, set_dirty: 1, reserved: 60 },
  { word: 'as_uint64' },
  HVHDK_MINI,
);

export const hv_input_get_gpa_pages_access_state = struct(
  'hv_input_get_gpa_pages_access_state',
  0x18,
  { partition_id: u64, flags: hv_gpa_page_access_state_flags, hv_gpa_page_number: u64 },
  HVHDK_MINI,
);

export const hv_gpa_page_access_state = bits(
  'hv_gpa_page_access_state',
  u8,
  { accessed: 1, dirty: 1, reserved: 6 },
  { word: 'as_uint8' },
  HVHDK_MINI,
);

export const hv_gpa_range_for_visibility = struct(
  'hv_gpa_range_for_visibility',
  0x1000,
  {
    partition_id: u64,
    visibility: anon(bits(u32, { host_visibility: bit(2, hv_mem_host_visibility), reserved0: 30 })),
    reserved1: rsvd(u32),
    gpa_page_list: rep(u64, { declared: 510 }),
  },
  HVGDK_MINI,
);

export const hv_input_modify_sparse_spa_page_host_access = struct(
  'hv_input_modify_sparse_spa_page_host_access',
  0x10,
  {
    access: anon(bits(u32, { host_access: 2, reserved: 30 })),
    flags: u32.flagsOf(hv_modify_spa_page_host_access_flags),
    partition_id: u64,
    spa_page_list: rep(u64),
  },
  HVHDK,
);
