import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVGDK, HVGDK_MINI, HYPERV_VMBUS } from '../origin.js';

// SynIC messages. include/hyperv/hvgdk_mini.h; HvPostMessage input drivers/hv/hyperv_vmbus.h.

export const hv_message_type = enumeration('hv_message_type', {
  HVMSG_NONE: 0x0,
  HVMSG_UNMAPPED_GPA: 0x80000000,
  HVMSG_GPA_INTERCEPT: 0x80000001,
  HVMSG_TIMER_EXPIRED: 0x80000010,
  HVMSG_INVALID_VP_REGISTER_VALUE: 0x80000020,
  HVMSG_UNRECOVERABLE_EXCEPTION: 0x80000021,
  HVMSG_UNSUPPORTED_FEATURE: 0x80000022,
  HVMSG_OPAQUE_INTERCEPT: 0x8000003f,
  HVMSG_EVENTLOG_BUFFERCOMPLETE: 0x80000040,
  HVMSG_HYPERCALL_INTERCEPT: 0x80000050,
  HVMSG_SYNIC_EVENT_INTERCEPT: 0x80000060,
  HVMSG_SYNIC_SINT_INTERCEPT: 0x80000061,
  HVMSG_SYNIC_SINT_DELIVERABLE: 0x80000062,
  HVMSG_ASYNC_CALL_COMPLETION: 0x80000070,
  HVMSG_SCHEDULER_VP_SIGNAL_BITSET: 0x80000100,
  HVMSG_SCHEDULER_VP_SIGNAL_PAIR: 0x80000101,
  HVMSG_X64_IO_PORT_INTERCEPT: 0x80010000,
  HVMSG_X64_MSR_INTERCEPT: 0x80010001,
  HVMSG_X64_CPUID_INTERCEPT: 0x80010002,
  HVMSG_X64_EXCEPTION_INTERCEPT: 0x80010003,
  HVMSG_X64_APIC_EOI: 0x80010004,
  HVMSG_X64_LEGACY_FP_ERROR: 0x80010005,
  HVMSG_X64_IOMMU_PRQ: 0x80010006,
  HVMSG_X64_HALT: 0x80010007,
  HVMSG_X64_INTERRUPTION_DELIVERABLE: 0x80010008,
  HVMSG_X64_SIPI_INTERCEPT: 0x80010009,
  // Types below 0x80000000 are the partitions' own: this one carries a VMBus channel message.
  VMBUS_MESSAGE_TYPE: 0x1,
  // Not in Linux's headers; names and numbers of OpenVMM.
  HvMessageTypeUnacceptedGpa: 0x80000003,
  HvMessageTypeGpaAttributeIntercept: 0x80000004,
  HvMessageTypeEnablePartitionVtlIntercept: 0x80000005,
  HvMessageTypeTlbPageSizeMismatch: 0x80000023,
  HvMessageTypeIommuFault: 0x80000024,
  HvMessageTypeX64RdtscIntercept: 0x8001000a,
  HvMessageTypeX64ApicSmiIntercept: 0x8001000b,
  HvMessageTypeArm64ResetIntercept: 0x8001000c,
  HvMessageTypeX64ApicInitSipiIntercept: 0x8001000d,
  HvMessageTypeX64ApicWriteIntercept: 0x8001000e,
  HvMessageTypeX64ProxyInterruptIntercept: 0x8001000f,
  HvMessageTypeX64IsolationCtrlRegIntercept: 0x80010010,
  HvMessageTypeX64SnpGuestRequestIntercept: 0x80010011,
  HvMessageTypeX64ExceptionTrapIntercept: 0x80010012,
  HvMessageTypeX64SevVmgexitIntercept: 0x80010013,
});

export const hv_port_id = bits('hv_port_id', u32, { id: 24, reserved: 8 }, { word: 'asu32', group: 'u' }, HVGDK_MINI);

export const hv_connection_id = bits(
  'hv_connection_id',
  u32,
  { id: 24, reserved: 8 },
  { word: 'asu32', group: 'u' },
  HVGDK,
);

export const hv_message_flags = bits(
  'hv_message_flags',
  u8,
  { msg_pending: 1, reserved: 7 },
  { word: 'asu8' },
  HVGDK_MINI,
);

export const hv_message_header = struct(
  'hv_message_header',
  0x10,
  {
    message_type: u32.as(hv_message_type),
    payload_size: u8,
    message_flags: hv_message_flags,
    reserved: rsvd(2),
    origin: anon(union({ sender: u64, port: hv_port_id }, { otherwise: 'sender' })),
  },
  HVGDK_MINI,
);

export const hv_message = struct(
  'hv_message',
  0x100,
  { header: hv_message_header, u: union({ payload: array(u64, 30) }, { otherwise: 'payload' }) },
  HVGDK_MINI,
);

export const hv_message_page = struct('hv_message_page', 0x1000, { sint_message: array(hv_message, 16) }, HVGDK_MINI);

export const hv_input_post_message = struct(
  'hv_input_post_message',
  0x100,
  {
    connectionid: hv_connection_id,
    reserved: rsvd(u32),
    message_type: u32.as(hv_message_type),
    payload_size: u32,
    payload: array(u64, 30),
  },
  HYPERV_VMBUS,
);
