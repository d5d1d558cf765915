import { rep } from '../../layout/list.js';
import { u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import type { Origin } from '../../layout/types.js';
import { hv_gpa_page_access_state } from '../hv/memory.js';
import { CheckSparseGpaPageVtlAccessOutput, HostVisibilityType } from '../hv/openvmm-memory.js';
import { HV1_HYPERCALL, HVDEF } from '../openvmm-origin.js';
import { TLFS } from '../origin.js';

// What a few calls carry without a C struct: one register, or a list that fills the output page. Field names are ours.

const MSHV_ROOT: Origin = { from: 'drivers/hv/mshv_root_hv_call.c', version: 'linux-7.3' };

/** HvCallNotifyLongSpinWait: how long the lock was spun on. */
export const hv_input_notify_long_spin_wait = struct('hv_input_notify_long_spin_wait', 0x08, { spin_count: u64 }, TLFS);

/** hv_call_clear_virtual_interrupt passes the partition id in the one register. */
export const hv_input_clear_virtual_interrupt = struct(
  'hv_input_clear_virtual_interrupt',
  0x08,
  { partition_id: u64 },
  MSHV_ROOT,
);

/** HvExtCallQueryCapabilities: one bit per extended call. */
export const hv_output_query_capabilities = struct('hv_output_query_capabilities', 0x08, { capabilities: u64 }, TLFS);

/** HvCallGetVpIndexFromApicId: one index per APIC id. */
export const hv_output_get_vp_index_from_apic_id = struct(
  'hv_output_get_vp_index_from_apic_id',
  0x00,
  { vp_index: rep(u32) },
  TLFS,
);

/** HvCallGetGpaPagesAccessStates: one byte per page. */
export const hv_output_get_gpa_pages_access_states = struct(
  'hv_output_get_gpa_pages_access_states',
  0x00,
  { states: rep(hv_gpa_page_access_state) },
  MSHV_ROOT,
);

/** HvCallCheckSparseGpaPageVtlAccess: one word per page. */
export const hv_output_check_sparse_gpa_page_vtl_access = struct(
  'hv_output_check_sparse_gpa_page_vtl_access',
  0x00,
  { results: rep(CheckSparseGpaPageVtlAccessOutput) },
  HVDEF,
);

/** HvCallQuerySparseGpaPageHostVisibility: one byte per page. */
export const hv_output_query_sparse_gpa_page_host_visibility = struct(
  'hv_output_query_sparse_gpa_page_host_visibility',
  0x00,
  { host_visibility: rep(u8.as(HostVisibilityType)) },
  HV1_HYPERCALL,
);
