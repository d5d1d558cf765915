import { hypercall } from '../../layout/hypercall.js';
import {
  hv_deposit_memory,
  hv_gpa_range_for_visibility,
  hv_input_get_gpa_pages_access_state,
  hv_input_map_gpa_pages,
  hv_input_modify_sparse_spa_page_host_access,
  hv_input_unmap_gpa_pages,
  hv_input_withdraw_memory,
  hv_output_withdraw_memory,
} from '../hv/memory.js';
import { AcceptGpaPages, PinUnpinGpaPageRangesHeader, QuerySparsePageVisibility } from '../hv/openvmm-memory.js';
import { HVDEF } from '../openvmm-origin.js';
import { HVGDK_MINI } from '../origin.js';
import {
  hv_output_get_gpa_pages_access_states,
  hv_output_query_sparse_gpa_page_host_visibility,
} from './call-structs.js';

// Memory given, mapped and shared.

export const HVCALL_DEPOSIT_MEMORY = hypercall('HVCALL_DEPOSIT_MEMORY', 0x0048, HVGDK_MINI, {
  input: hv_deposit_memory,
  rep: 'gpa_page_list',
  alias: ['HvCallDepositMemory'],
  linuxBatch: 511,
});

export const HVCALL_WITHDRAW_MEMORY = hypercall('HVCALL_WITHDRAW_MEMORY', 0x0049, HVGDK_MINI, {
  input: hv_input_withdraw_memory,
  output: hv_output_withdraw_memory,
  rep: true,
  outRep: 'gpa_page_list',
  alias: ['HvCallWithdrawMemory'],
  linuxBatch: 512,
  note: 'No input elements; the page list comes back in the output page.',
});

export const HVCALL_MAP_GPA_PAGES = hypercall('HVCALL_MAP_GPA_PAGES', 0x004b, HVGDK_MINI, {
  input: hv_input_map_gpa_pages,
  rep: 'source_gpa_page_list',
  alias: ['HvCallMapGpaPages'],
  linuxBatch: 509,
});

export const HVCALL_UNMAP_GPA_PAGES = hypercall('HVCALL_UNMAP_GPA_PAGES', 0x004c, HVGDK_MINI, {
  input: hv_input_unmap_gpa_pages,
  rep: true,
  alias: ['HvCallUnmapGpaPages'],
  linuxBatch: 512,
  note: 'Reps carry no elements; Linux stops at 512.',
});

export const HVCALL_GET_GPA_PAGES_ACCESS_STATES = hypercall('HVCALL_GET_GPA_PAGES_ACCESS_STATES', 0x00c9, HVGDK_MINI, {
  input: hv_input_get_gpa_pages_access_state,
  output: hv_output_get_gpa_pages_access_states,
  rep: true,
  outRep: 'states',
  alias: ['HvCallGetGpaPagesAccessStates'],
  linuxBatch: 4095,
  note: 'No input elements; one output byte per page.',
});

export const HVCALL_ACQUIRE_SPARSE_SPA_PAGE_HOST_ACCESS = hypercall(
  'HVCALL_ACQUIRE_SPARSE_SPA_PAGE_HOST_ACCESS',
  0x00d7,
  HVGDK_MINI,
  {
    input: hv_input_modify_sparse_spa_page_host_access,
    rep: 'spa_page_list',
    alias: ['HvCallAcquireSparseSpaPageHostAccess'],
    linuxBatch: 510,
  },
);

export const HVCALL_RELEASE_SPARSE_SPA_PAGE_HOST_ACCESS = hypercall(
  'HVCALL_RELEASE_SPARSE_SPA_PAGE_HOST_ACCESS',
  0x00d8,
  HVGDK_MINI,
  {
    input: hv_input_modify_sparse_spa_page_host_access,
    rep: 'spa_page_list',
    alias: ['HvCallReleaseSparseSpaPageHostAccess'],
    linuxBatch: 510,
  },
);

export const HVCALL_MODIFY_SPARSE_GPA_PAGE_HOST_VISIBILITY = hypercall(
  'HVCALL_MODIFY_SPARSE_GPA_PAGE_HOST_VISIBILITY',
  0x00db,
  HVGDK_MINI,
  {
    input: hv_gpa_range_for_visibility,
    rep: 'gpa_page_list',
    alias: ['HvCallModifySparseGpaPageHostVisibility', 'HvModifySparseGpaPageHostVisibility'],
    linuxBatch: 510,
  },
);

export const HvCallAcceptGpaPages = hypercall('HvCallAcceptGpaPages', 0x00d9, HVDEF, {
  input: AcceptGpaPages,
  rep: true,
  alias: ['HvAcceptGpaPages'],
  note: 'Reps count pages from gpa_page_base and carry no elements; the emulator of OpenVMM wants 8 bytes for each.',
});

export const HvCallQuerySparseGpaPageHostVisibility = hypercall(
  'HvCallQuerySparseGpaPageHostVisibility',
  0x011c,
  HVDEF,
  {
    input: QuerySparsePageVisibility,
    output: hv_output_query_sparse_gpa_page_host_visibility,
    rep: 'gpa_page_list',
    outRep: 'host_visibility',
    alias: ['HvQuerySparseGpaPageHostVisibility'],
  },
);

export const HvCallPinGpaPageRanges = hypercall('HvCallPinGpaPageRanges', 0x0112, HVDEF, {
  input: PinUnpinGpaPageRangesHeader,
  rep: 'ranges',
});

export const HvCallUnpinGpaPageRanges = hypercall('HvCallUnpinGpaPageRanges', 0x0113, HVDEF, {
  input: PinUnpinGpaPageRangesHeader,
  rep: 'ranges',
});
