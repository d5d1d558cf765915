import { hypercall } from '../../layout/hypercall.js';
import { hv_memory_hint } from '../hv/memory-hint.js';
import { VbsVmCallReport, VbsVmCallReportOutput } from '../hv/openvmm-vbs.js';
import { HVDEF } from '../openvmm-origin.js';
import { HVGDK_EXT } from '../origin.js';
import { hv_output_query_capabilities } from './call-structs.js';

// Extended calls, answered by the virtualization stack.

export const HV_EXT_CALL_QUERY_CAPABILITIES = hypercall('HV_EXT_CALL_QUERY_CAPABILITIES', 0x8001, HVGDK_EXT, {
  output: hv_output_query_capabilities,
  alias: ['HvExtCallQueryCapabilities', 'HvExtQueryCapabilities'],
  note: 'The output is a mask of extended calls.',
});

export const HV_EXT_CALL_MEMORY_HEAT_HINT = hypercall('HV_EXT_CALL_MEMORY_HEAT_HINT', 0x8003, HVGDK_EXT, {
  input: hv_memory_hint,
  rep: 'ranges',
  alias: ['HvExtCallMemoryHeatHint'],
  linuxBatch: 511,
});

/** Answered by the secure kernel of a VBS-isolated partition. */
export const HvCallVbsVmCallReport = hypercall('HvCallVbsVmCallReport', 0xc001, HVDEF, {
  input: VbsVmCallReport,
  output: VbsVmCallReportOutput,
  alias: ['HvVbsVmCallReport'],
});
