import { bit, bits } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { rep } from '../../layout/list.js';
import { enumeration, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon } from '../../layout/union.js';
import { HVGDK_EXT, HYPERV_TLFS_6_12 } from '../origin.js';
import { hv_gpa_page_range } from './tlb.js';

// Extended hypercalls: memory heat. include/hyperv/hvgdk_ext.h.

export const hv_extcall = enumeration('hv_extcall', {
  HV_EXTCALL_QUERY_CAPABILITIES: 0x8001,
  HV_EXTCALL_MEMORY_HEAT_HINT: 0x8003,
});

export const hv_extmem_heat_hint = enumeration('hv_extmem_heat_hint', {
  HV_EXTMEM_HEAT_HINT_COLD: 0,
  HV_EXTMEM_HEAT_HINT_HOT: 1,
  HV_EXTMEM_HEAT_HINT_COLD_DISCARD: 2,
  HV_EXTMEM_HEAT_HINT_MAX: 3,
});

export const hv_ext_call = enumeration('hv_ext_call', {
  HV_EXT_CALL_QUERY_CAPABILITIES: 0x8001,
  HV_EXT_CALL_MEMORY_HEAT_HINT: 0x8003,
});

export const hv_ext_capability = enumeration('hv_ext_capability', {
  HV_EXT_CAPABILITY_MEMORY_COLD_DISCARD_HINT: 0x100,
});

export const hv_ext_memory_heat_hint_type = enumeration('hv_ext_memory_heat_hint_type', {
  HV_EXT_MEMORY_HEAT_HINT_TYPE_COLD_DISCARD: 2,
});

export const hv_memory_hint = versions({
  'linux-6.12': struct(
    'hv_memory_hint',
    0x8,
    { hint: anon(bits(u64, { type: 2, reserved: 62 })), ranges: rep(hv_gpa_page_range) },
    HYPERV_TLFS_6_12,
  ),
  'linux-7.3': struct(
    'hv_memory_hint',
    0x8,
    { hint: anon(bits(u64, { heat_type: bit(2, hv_extmem_heat_hint), reserved: 62 })), ranges: rep(hv_gpa_page_range) },
    HVGDK_EXT,
  ),
});
