import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { bytes, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HvX64PendingInterruptionType } from '../hv/openvmm-pending-events-x64.js';
import { hv_u128, hv_x64_segment_register } from '../hv/register-bits.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_x64_intercept_message_header } from './intercept-x64.js';

// Intercept messages of x64: payloads that start with the common 40-byte header.

/** TLFS HV_X64_IO_PORT_ACCESS_INFO; OpenVMM keeps it as an opaque byte. */
export const HvX64IoPortAccessInfo = bits(
  'HvX64IoPortAccessInfo',
  u8,
  {
    access_size: 3,
    string_op: 1,
    rep_prefix: 1,
    reserved: 3,
  },
  undefined,
  HVDEF,
);

export const HvX64ExceptionInfo = bits(
  'HvX64ExceptionInfo',
  u8,
  {
    error_code_valid: 1,
    software_exception: 1,
    reserved: 6,
  },
  undefined,
  HVDEF,
);

/** Linux names one bit fewer. */
export const HvX64MemoryAccessInfo = bits(
  'HvX64MemoryAccessInfo',
  u8,
  {
    gva_valid: 1,
    gva_gpa_valid: 1,
    hypercall_output_pending: 1,
    tlb_locked: 1,
    supervisor_shadow_stack: 1,
    reserved1: 3,
  },
  undefined,
  HVDEF,
);

export const HvX64IoPortInterceptMessage = struct(
  'HvX64IoPortInterceptMessage',
  0x80,
  {
    header: hv_x64_intercept_message_header,
    port_number: u16,
    access_info: HvX64IoPortAccessInfo,
    instruction_byte_count: u8,
    reserved: rsvd(u32),
    rax: u64,
    instruction_bytes: bytes(16),
    ds_segment: hv_x64_segment_register,
    es_segment: hv_x64_segment_register,
    rcx: u64,
    rsi: u64,
    rdi: u64,
  },
  HVDEF,
);

export const HvX64MsrInterceptMessage = struct(
  'HvX64MsrInterceptMessage',
  0x40,
  {
    header: hv_x64_intercept_message_header,
    msr_number: u32,
    reserved: rsvd(u32),
    rdx: u64,
    rax: u64,
  },
  HVDEF,
);

export const HvX64CpuidInterceptMessage = struct(
  'HvX64CpuidInterceptMessage',
  0x68,
  {
    header: hv_x64_intercept_message_header,
    rax: u64,
    rcx: u64,
    rdx: u64,
    rbx: u64,
    default_result_rax: u64,
    default_result_rcx: u64,
    default_result_rdx: u64,
    default_result_rbx: u64,
  },
  HVDEF,
);

export const HvX64ExceptionInterceptMessage = struct(
  'HvX64ExceptionInterceptMessage',
  0xf0,
  {
    header: hv_x64_intercept_message_header,
    vector: u16,
    exception_info: HvX64ExceptionInfo,
    instruction_byte_count: u8,
    error_code: u32,
    exception_parameter: u64,
    reserved: rsvd(u64),
    instruction_bytes: bytes(16),
    ds_segment: hv_x64_segment_register,
    ss_segment: hv_x64_segment_register,
    rax: u64,
    rcx: u64,
    rdx: u64,
    rbx: u64,
    rsp: u64,
    rbp: u64,
    rsi: u64,
    rdi: u64,
    r8: u64,
    r9: u64,
    r10: u64,
    r11: u64,
    r12: u64,
    r13: u64,
    r14: u64,
    r15: u64,
  },
  HVDEF,
);

export const HvX64HaltMessage = struct(
  'HvX64HaltMessage',
  0x28,
  {
    header: hv_x64_intercept_message_header,
  },
  HVDEF,
);

export const HvHypercallInterceptMessageFlags = bits(
  'HvHypercallInterceptMessageFlags',
  u32,
  {
    is_isolated: 1,
    _reserved: 31,
  },
  undefined,
  HVDEF,
);

export const HvX64HypercallInterceptMessage = struct(
  'HvX64HypercallInterceptMessage',
  0xd0,
  {
    header: hv_x64_intercept_message_header,
    rax: u64,
    rbx: u64,
    rcx: u64,
    rdx: u64,
    r8: u64,
    rsi: u64,
    rdi: u64,
    xmm_registers: array(hv_u128, 6),
    flags: HvHypercallInterceptMessageFlags,
    rsvd2: rsvd(u32, 3),
  },
  HVDEF,
);

export const HvX64InterruptionDeliverableMessage = struct(
  'HvX64InterruptionDeliverableMessage',
  0x30,
  {
    header: hv_x64_intercept_message_header,
    deliverable_type: u8.as(HvX64PendingInterruptionType),
    rsvd: rsvd(3),
    rsvd2: rsvd(u32),
  },
  HVDEF,
);

export const HvX64SynicSintDeliverableMessage = struct(
  'HvX64SynicSintDeliverableMessage',
  0x30,
  {
    header: hv_x64_intercept_message_header,
    deliverable_sints: u16,
    rsvd1: rsvd(u16),
    rsvd2: rsvd(u32),
  },
  HVDEF,
);
