import { bits } from '../../layout/bits.js';
import { bytes, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon } from '../../layout/union.js';
import { hv_intercept_access_type } from '../hv/intercept.js';
import { hv_x64_segment_register } from '../hv/register-bits.js';
import { HVHDK } from '../origin.js';

// Intercept messages of x64. include/hyperv/hvhdk.h.

export const hv_x64_vp_execution_state = bits(
  'hv_x64_vp_execution_state',
  u16,
  {
    cpl: 2,
    cr0_pe: 1,
    cr0_am: 1,
    efer_lma: 1,
    debug_active: 1,
    interruption_pending: 1,
    vtl: 4,
    enclave_mode: 1,
    interrupt_shadow: 1,
    virtualization_fault_active: 1,
    reserved: 2,
  },
  { word: 'as_uint16' },
  HVHDK,
);

export const hv_x64_intercept_message_header = struct(
  'hv_x64_intercept_message_header',
  0x28,
  {
    vp_index: u32,
    instruction: anon(bits(u8, { instruction_length: 4, cr8: 4 })),
    intercept_access_type: u8.as(hv_intercept_access_type),
    execution_state: hv_x64_vp_execution_state,
    cs_segment: hv_x64_segment_register,
    rip: u64,
    rflags: u64,
  },
  HVHDK,
);

export const hv_x64_memory_access_info = bits(
  'hv_x64_memory_access_info',
  u8,
  { gva_valid: 1, gva_gpa_valid: 1, hypercall_output_pending: 1, tlb_locked_no_overlay: 1, reserved: 4 },
  { word: 'as_uint8' },
  HVHDK,
);

export const hv_x64_memory_intercept_message = struct(
  'hv_x64_memory_intercept_message',
  0x50,
  {
    header: hv_x64_intercept_message_header,
    cache_type: u32,
    instruction_byte_count: u8,
    memory_access_info: hv_x64_memory_access_info,
    tpr_priority: u8,
    reserved1: rsvd(1),
    guest_virtual_address: u64,
    guest_physical_address: u64,
    instruction_bytes: bytes(16),
  },
  HVHDK,
);
