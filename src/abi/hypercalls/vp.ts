import type { PerArch } from '../../layout/group.js';
import { hypercall } from '../../layout/hypercall.js';
import { StartVirtualProcessorArm64 } from '../hv/openvmm-vtl.js';
import {
  hv_create_vp,
  hv_input_delete_vp,
  hv_input_dispatch_vp,
  hv_input_get_vp_state,
  hv_input_map_vp_state_page,
  hv_input_set_vp_state,
  hv_input_unmap_vp_state_page,
  hv_output_dispatch_vp,
  hv_output_get_vp_state,
  hv_output_map_vp_state_page,
} from '../hv/vp.js';
import {
  hv_input_get_vp_registers,
  hv_input_set_vp_registers,
  hv_output_get_vp_registers,
} from '../hv/vp-registers.js';
import { hv_enable_vp_vtl, hv_get_vp_from_apic_id_in } from '../hv/vtl.js';
import { HVGDK_MINI } from '../origin.js';
import { hv_input_notify_long_spin_wait, hv_output_get_vp_index_from_apic_id } from './call-structs.js';

// Virtual processors.

// OpenVMM's arm64 context has 72 bytes instead of 224; Linux declares the x64 form for both.
const startVirtualProcessor: PerArch = {
  kind: 'perArch',
  name: 'hv_enable_vp_vtl',
  x64: hv_enable_vp_vtl,
  arm64: StartVirtualProcessorArm64,
};

export const HVCALL_NOTIFY_LONG_SPIN_WAIT = hypercall('HVCALL_NOTIFY_LONG_SPIN_WAIT', 0x0008, HVGDK_MINI, {
  input: hv_input_notify_long_spin_wait,
  fast: 8,
  alias: ['HvCallNotifyLongSpinWait'],
  note: 'The register carries the spin count.',
});

export const HVCALL_CREATE_VP = hypercall('HVCALL_CREATE_VP', 0x004e, HVGDK_MINI, {
  input: hv_create_vp,
  alias: ['HvCallCreateVp'],
});

export const HVCALL_DELETE_VP = hypercall('HVCALL_DELETE_VP', 0x004f, HVGDK_MINI, {
  input: hv_input_delete_vp,
  fast: 16,
  alias: ['HvCallDeleteVp'],
});

export const HVCALL_GET_VP_REGISTERS = hypercall('HVCALL_GET_VP_REGISTERS', 0x0050, HVGDK_MINI, {
  input: hv_input_get_vp_registers,
  output: hv_output_get_vp_registers,
  rep: 'names',
  outRep: 'values',
  alias: ['HvCallGetVpRegisters', 'HvGetVpRegisters'],
  linuxBatch: 256,
});

export const HVCALL_SET_VP_REGISTERS = hypercall('HVCALL_SET_VP_REGISTERS', 0x0051, HVGDK_MINI, {
  input: hv_input_set_vp_registers,
  rep: 'elements',
  alias: ['HvCallSetVpRegisters', 'HvSetVpRegisters'],
  linuxBatch: 127,
});

export const HVCALL_START_VP = hypercall('HVCALL_START_VP', 0x0099, HVGDK_MINI, {
  input: startVirtualProcessor,
  alias: ['HvCallStartVirtualProcessor', 'HvX64StartVirtualProcessor', 'HvArm64StartVirtualProcessor'],
});

export const HVCALL_GET_VP_INDEX_FROM_APIC_ID = hypercall('HVCALL_GET_VP_INDEX_FROM_APIC_ID', 0x009a, HVGDK_MINI, {
  input: hv_get_vp_from_apic_id_in,
  output: hv_output_get_vp_index_from_apic_id,
  rep: 'apic_ids',
  outRep: 'vp_index',
  alias: ['HvCallGetVpIndexFromApicId', 'HvGetVpIndexFromApicId', 'HVCALL_GET_VP_ID_FROM_APIC_ID'],
  linuxBatch: 1,
});

export const HVCALL_DISPATCH_VP = hypercall('HVCALL_DISPATCH_VP', 0x00c2, HVGDK_MINI, {
  input: hv_input_dispatch_vp,
  output: hv_output_dispatch_vp,
  alias: ['HvCallDispatchVp'],
});

export const HVCALL_MAP_VP_STATE_PAGE = hypercall('HVCALL_MAP_VP_STATE_PAGE', 0x00e1, HVGDK_MINI, {
  input: hv_input_map_vp_state_page,
  output: hv_output_map_vp_state_page,
  alias: ['HvCallMapVpStatePage'],
});

export const HVCALL_UNMAP_VP_STATE_PAGE = hypercall('HVCALL_UNMAP_VP_STATE_PAGE', 0x00e2, HVGDK_MINI, {
  input: hv_input_unmap_vp_state_page,
  alias: ['HvCallUnmapVpStatePage'],
});

export const HVCALL_GET_VP_STATE = hypercall('HVCALL_GET_VP_STATE', 0x00e3, HVGDK_MINI, {
  input: hv_input_get_vp_state,
  output: hv_output_get_vp_state,
  varhead: 40,
  alias: ['HvCallGetVpState'],
  note: 'One page number per variable qword.',
});

export const HVCALL_SET_VP_STATE = hypercall('HVCALL_SET_VP_STATE', 0x00e4, HVGDK_MINI, {
  input: hv_input_set_vp_state,
  varhead: 40,
  alias: ['HvCallSetVpState'],
  note: 'Page numbers, or the state itself: ceil(bytes / 8) variable qwords.',
});
