import { array } from '../../layout/list.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { union } from '../../layout/union.js';
import { hv_status } from '../hv/status.js';
import { hv_vpset } from '../hv/vp-set.js';
import { HVGDK_MINI, HVHDK } from '../origin.js';

// Payloads of messages that the hypervisor sends. include/hyperv/hvgdk_mini.h, hvhdk.h.

export const hv_timer_message_payload = struct(
  'hv_timer_message_payload',
  0x18,
  { timer_index: u32, reserved: rsvd(u32), expiration_time: u64, delivery_time: u64 },
  HVGDK_MINI,
);

export const hv_notification_message_payload = struct(
  'hv_notification_message_payload',
  0x4,
  { sint_index: u32 },
  HVGDK_MINI,
);

export const hv_x64_apic_eoi_message = struct(
  'hv_x64_apic_eoi_message',
  0x8,
  { vp_index: u32, interrupt_vector: u32 },
  HVHDK,
);

export const hv_opaque_intercept_message = struct('hv_opaque_intercept_message', 0x4, { vp_index: u32 }, HVHDK);

export const hv_async_completion_message_payload = struct(
  'hv_async_completion_message_payload',
  0x18,
  { partition_id: u64, status: u32.as(hv_status), completion_count: u32, sub_status: u64 },
  HVHDK,
);

export const hv_vp_signal_bitset_scheduler_message = struct(
  'hv_vp_signal_bitset_scheduler_message',
  0xa0,
  {
    partition_id: u64,
    overflow_count: u32,
    vp_count: u16,
    reserved: rsvd(u16),
    vp_bitset: union({ bitset: hv_vpset, bitset_buffer: array(u64, 18) }, { otherwise: 'bitset_buffer' }),
  },
  HVHDK,
);

export const hv_vp_signal_pair_scheduler_message = struct(
  'hv_vp_signal_pair_scheduler_message',
  0xf0,
  {
    overflow_count: u32,
    vp_count: u8,
    reserved1: rsvd(3),
    partition_ids: array(u64, 19),
    vp_indexes: array(u32, 19),
    reserved2: rsvd(4),
  },
  HVHDK,
);
