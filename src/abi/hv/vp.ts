import { bits } from '../../layout/bits.js';
import { array, varhead } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVHDK, HVHDK_MINI } from '../origin.js';
import { hv_synthetic_timers_state } from '../synic/register.js';
import { hv_proximity_domain_info } from './memory.js';
import { hv_x64_xsave_xfem_register } from './register-bits.js';
import { hv_input_vtl } from './vtl.js';

// Virtual processors: creation, state, dispatch. include/hyperv/hvhdk.h, hvhdk_mini.h.

export const hv_subnode_type = enumeration('hv_subnode_type', {
  HV_SUBNODE_ANY: 0,
  HV_SUBNODE_SOCKET: 1,
  HV_SUBNODE_CLUSTER: 2,
  HV_SUBNODE_L3: 3,
  HV_SUBNODE_COUNT: 4,
  HV_SUBNODE_INVALID: -1,
});

/** The spelling of Linux 6.12, whose third node differs in name. */
export const HV_SUBNODE_TYPE = enumeration('HV_SUBNODE_TYPE', {
  HvSubnodeAny: 0,
  HvSubnodeSocket: 1,
  HvSubnodeAmdNode: 2,
  HvSubnodeL3: 3,
  HvSubnodeCount: 4,
  HvSubnodeInvalid: -1,
});

export const hv_get_set_vp_state_type = enumeration('hv_get_set_vp_state_type', {
  HV_GET_SET_VP_STATE_LAPIC_STATE: 0x80000000,
  HV_GET_SET_VP_STATE_XSAVE: 0x80000001,
  HV_GET_SET_VP_STATE_SIM_PAGE: 0x80000002,
  HV_GET_SET_VP_STATE_SIEF_PAGE: 0x80000003,
  HV_GET_SET_VP_STATE_SYNTHETIC_TIMERS: 0x4,
});

export const hv_get_set_vp_state_flags = enumeration('hv_get_set_vp_state_flags', {
  HV_GET_SET_VP_STATE_TYPE_PFN: 0x80000000,
});

export const hv_vp_state_page_type = enumeration('hv_vp_state_page_type', {
  HV_VP_STATE_PAGE_REGISTERS: 0,
  HV_VP_STATE_PAGE_INTERCEPT_MESSAGE: 1,
  HV_VP_STATE_PAGE_GHCB: 2,
  HV_VP_STATE_PAGE_COUNT: 3,
});

export const hv_dispatch_vp_flags = enumeration('hv_dispatch_vp_flags', {
  HV_DISPATCH_VP_FLAG_CLEAR_INTERCEPT_SUSPEND: 0x1,
  HV_DISPATCH_VP_FLAG_ENABLE_CALLER_INTERRUPTS: 0x2,
  HV_DISPATCH_VP_FLAG_SET_CALLER_SPEC_CTRL: 0x4,
  HV_DISPATCH_VP_FLAG_SKIP_VP_SPEC_FLUSH: 0x8,
  HV_DISPATCH_VP_FLAG_SKIP_CALLER_SPEC_FLUSH: 0x10,
  HV_DISPATCH_VP_FLAG_SKIP_CALLER_USER_SPEC_FLUSH: 0x20,
  HV_DISPATCH_VP_FLAG_SCAN_INTERRUPT_INJECTION: 0x40,
});

export const hv_vp_dispatch_state = enumeration('hv_vp_dispatch_state', {
  HV_VP_DISPATCH_STATE_INVALID: 0,
  HV_VP_DISPATCH_STATE_BLOCKED: 1,
  HV_VP_DISPATCH_STATE_READY: 2,
});

export const hv_vp_dispatch_event = enumeration('hv_vp_dispatch_event', {
  HV_VP_DISPATCH_EVENT_INVALID: 0,
  HV_VP_DISPATCH_EVENT_SUSPEND: 1,
  HV_VP_DISPATCH_EVENT_INTERCEPT: 2,
});

export const hv_create_vp = struct(
  'hv_create_vp',
  0x28,
  {
    partition_id: u64,
    vp_index: u32,
    padding: rsvd(3),
    subnode_type: u8.as(hv_subnode_type),
    subnode_id: u64,
    proximity_domain_info: hv_proximity_domain_info,
    flags: u64,
  },
  HVHDK_MINI,
);

export const hv_input_delete_vp = union(
  'hv_input_delete_vp',
  0x10,
  { as_uint64: array(u64, 2), vp: anon(struct({ partition_id: u64, vp_index: u32, reserved: rsvd(4) })) },
  { otherwise: 'vp' },
  HVHDK,
);

export const hv_vp_state_data_xsave = struct(
  'hv_vp_state_data_xsave',
  0x10,
  { flags: u64, states: hv_x64_xsave_xfem_register },
  HVHDK,
);

export const hv_vp_state_data = struct(
  'hv_vp_state_data',
  0x18,
  { type: u32.as(hv_get_set_vp_state_type), rsvd: rsvd(u32), xsave: hv_vp_state_data_xsave },
  HVHDK,
);

export const hv_input_get_vp_state = struct(
  'hv_input_get_vp_state',
  0x28,
  {
    partition_id: u64,
    vp_index: u32,
    input_vtl: u8,
    rsvd0: rsvd(1),
    rsvd1: rsvd(u16),
    state_data: hv_vp_state_data,
    output_data_pfns: varhead(u64),
  },
  HVHDK,
);

export const hv_output_get_vp_state = union(
  'hv_output_get_vp_state',
  0xc8,
  { synthetic_timers_state: hv_synthetic_timers_state },
  { otherwise: 'synthetic_timers_state' },
  HVHDK,
);

export const hv_input_set_vp_state_data = union(
  'hv_input_set_vp_state_data',
  0x8,
  { pfns: u64, bytes: u8 },
  { otherwise: 'pfns' },
  HVHDK,
);

export const hv_input_set_vp_state = struct(
  'hv_input_set_vp_state',
  0x28,
  {
    partition_id: u64,
    vp_index: u32,
    input_vtl: u8,
    rsvd0: rsvd(1),
    rsvd1: rsvd(u16),
    state_data: hv_vp_state_data,
    data: varhead(hv_input_set_vp_state_data),
  },
  HVHDK,
);

export const hv_input_map_vp_state_page = struct(
  'hv_input_map_vp_state_page',
  0x18,
  {
    partition_id: u64,
    vp_index: u32,
    type: u16.as(hv_vp_state_page_type),
    input_vtl: hv_input_vtl,
    flags: bits(u8, { map_location_provided: 1, reserved: 7 }, { word: 'as_uint8' }),
    requested_map_location: u64,
  },
  HVHDK,
);

export const hv_output_map_vp_state_page = struct('hv_output_map_vp_state_page', 0x8, { map_location: u64 }, HVHDK);

export const hv_input_unmap_vp_state_page = struct(
  'hv_input_unmap_vp_state_page',
  0x10,
  {
    partition_id: u64,
    vp_index: u32,
    type: u16.as(hv_vp_state_page_type),
    input_vtl: hv_input_vtl,
    reserved0: rsvd(1),
  },
  HVHDK,
);

export const hv_input_dispatch_vp = struct(
  'hv_input_dispatch_vp',
  0x20,
  { partition_id: u64, vp_index: u32, flags: u32.flagsOf(hv_dispatch_vp_flags), time_slice: u64, spec_ctrl: u64 },
  HVHDK,
);

export const hv_output_dispatch_vp = struct(
  'hv_output_dispatch_vp',
  0x8,
  { dispatch_state: u32.as(hv_vp_dispatch_state), dispatch_event: u32.as(hv_vp_dispatch_event) },
  HVHDK,
);
