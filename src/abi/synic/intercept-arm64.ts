import { bits } from '../../layout/bits.js';
import { bytes, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { hv_intercept_access_type } from '../hv/intercept.js';
import { HVHDK_ARM64 } from '../origin.js';

// Intercept messages of arm64. include/hyperv/hvhdk.h.

export const hv_arm64_vp_execution_state = bits(
  'hv_arm64_vp_execution_state',
  u16,
  { cpl: 2, debug_active: 1, interruption_pending: 1, vtl: 4, virtualization_fault_active: 1, reserved: 7 },
  { word: 'as_uint16' },
  HVHDK_ARM64,
);

export const hv_arm64_intercept_message_header = struct(
  'hv_arm64_intercept_message_header',
  0x18,
  {
    vp_index: u32,
    instruction_length: u8,
    intercept_access_type: u8.as(hv_intercept_access_type),
    execution_state: hv_arm64_vp_execution_state,
    pc: u64,
    cpsr: u64,
  },
  HVHDK_ARM64,
);

export const hv_arm64_memory_access_info = bits(
  'hv_arm64_memory_access_info',
  u8,
  { gva_valid: 1, gva_gpa_valid: 1, hypercall_output_pending: 1, reserved: 5 },
  { word: 'as_uint8' },
  HVHDK_ARM64,
);

export const hv_arm64_memory_intercept_message = struct(
  'hv_arm64_memory_intercept_message',
  0x40,
  {
    header: hv_arm64_intercept_message_header,
    cache_type: u32,
    instruction_byte_count: u8,
    memory_access_info: hv_arm64_memory_access_info,
    reserved1: rsvd(u16),
    instruction_bytes: bytes(4),
    reserved2: rsvd(u32),
    guest_virtual_address: u64,
    guest_physical_address: u64,
    syndrome: u64,
  },
  HVHDK_ARM64,
);
