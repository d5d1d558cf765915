import { bit, bits } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { array, rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { HvGpaRange, HvMapGpaFlags } from './openvmm-page-ranges.js';
import { hv_input_vtl } from './vtl.js';

// Page protection, acceptance and visibility. Page lists are ours: OpenVMM declares the headers only.

export const AcceptMemoryType = enumeration('AcceptMemoryType', {
  ANY: 0,
  RAM: 1,
});

export const HostVisibilityType = enumeration('HostVisibilityType', {
  PRIVATE: 0,
  SHARED: 3,
});

export const AcceptPagesAttributes = bits(
  'AcceptPagesAttributes',
  u32,
  {
    memory_type: bit(6, AcceptMemoryType),
    host_visibility: bit(2, HostVisibilityType),
    vtl_set: 3,
    _reserved: 21,
  },
  undefined,
  HVDEF,
);

export const UnacceptPagesAttributes = bits(
  'UnacceptPagesAttributes',
  u32,
  {
    vtl_set: 3,
    _reserved: 29,
  },
  undefined,
  HVDEF,
);

export const VtlPermissionSet = struct(
  'VtlPermissionSet',
  0x04,
  {
    vtl_permission_from_1: array(u16, 2),
  },
  HVDEF,
);

const acceptGpaPages = {
  partition_id: u64,
  page_attributes: AcceptPagesAttributes,
  vtl_permission_set: VtlPermissionSet,
  gpa_page_base: u64,
};

/**
 * OpenVMM's emulator expects one page number per rep behind the header; its client (openhcl/hcl/src/ioctl.rs) sends the
 * header alone, with the page count as reps. The header alone is the newer row and taken by default.
 */
export const AcceptGpaPages = versions({
  'openvmm-emulator': struct('AcceptGpaPages', 0x18, { ...acceptGpaPages, gpa_page_list: rep(u64) }, HVDEF),
  openvmm: struct('AcceptGpaPages', 0x18, acceptGpaPages, HVDEF),
});

export const UnacceptGpaPages = struct(
  'UnacceptGpaPages',
  0x18,
  {
    partition_id: u64,
    page_attributes: UnacceptPagesAttributes,
    vtl_permission_set: VtlPermissionSet,
    gpa_page_base: u64,
  },
  HVDEF,
);

export const CheckGpaPageVtlAccessResultCode = enumeration('CheckGpaPageVtlAccessResultCode', {
  SUCCESS: 0,
  MEMORY_INTERCEPT: 1,
});

export const CheckSparseGpaPageVtlAccess = struct(
  'CheckSparseGpaPageVtlAccess',
  0x10,
  {
    partition_id: u64,
    target_vtl: hv_input_vtl,
    desired_access: u8,
    reserved0: rsvd(u16),
    reserved1: rsvd(u32),
    gpa_page_list: rep(u64),
  },
  HVDEF,
);

export const CheckSparseGpaPageVtlAccessOutput = bits(
  'CheckSparseGpaPageVtlAccessOutput',
  u64,
  {
    result_code: bit(8, CheckGpaPageVtlAccessResultCode),
    denied_access: 8,
    intercepting_vtl: 4,
    _reserved0: 12,
    _reserved1: 32,
  },
  undefined,
  HVDEF,
);

export const ModifyHostVisibility = bits(
  'ModifyHostVisibility',
  u32,
  {
    host_visibility: bit(2, HostVisibilityType),
    _reserved: 30,
  },
  undefined,
  HVDEF,
);

/** Linux counts the list into the size: hv_gpa_range_for_visibility, 4096 bytes. */
export const ModifySparsePageVisibility = struct(
  'ModifySparsePageVisibility',
  0x10,
  {
    partition_id: u64,
    host_visibility: ModifyHostVisibility,
    reserved: rsvd(u32),
    gpa_page_list: rep(u64),
  },
  HVDEF,
);

export const QuerySparsePageVisibility = struct(
  'QuerySparsePageVisibility',
  0x08,
  {
    partition_id: u64,
    gpa_page_list: rep(u64),
  },
  HVDEF,
);

export const ModifyVtlProtectionMask = struct(
  'ModifyVtlProtectionMask',
  0x10,
  {
    partition_id: u64,
    map_flags: HvMapGpaFlags,
    target_vtl: hv_input_vtl,
    reserved: rsvd(3),
    gpa_page_list: rep(u64),
  },
  HVDEF,
);

export const PinUnpinGpaPageRangesHeader = struct(
  'PinUnpinGpaPageRangesHeader',
  0x08,
  {
    reserved: rsvd(u64),
    ranges: rep(HvGpaRange),
  },
  HVDEF,
);
