import { array } from '../../layout/list.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_message } from './message.js';
import { hv_monitor_trigger_group, hv_monitor_trigger_state } from './monitor.js';

// Signalling and posting past the port table, and small message payloads.

/** What the one fast register of the call carries. */
export const SignalEvent = struct(
  'SignalEvent',
  0x08,
  {
    connection_id: u32,
    flag_number: u16,
    rsvd: rsvd(u16),
  },
  HVDEF,
);

export const SignalEventDirect = struct(
  'SignalEventDirect',
  0x10,
  {
    target_partition: u64,
    target_vp: u32,
    target_vtl: u8,
    target_sint: u8,
    flag_number: u16,
  },
  HVDEF,
);

export const SignalEventDirectOutput = struct(
  'SignalEventDirectOutput',
  0x08,
  {
    newly_signaled: u8,
    rsvd: rsvd(7),
  },
  HVDEF,
);

/** The message starts at byte 20: no multiple of 8. */
export const PostMessageDirect = struct(
  'PostMessageDirect',
  0x118,
  {
    partition_id: u64,
    vp_index: u32,
    vtl: u8,
    padding0: rsvd(3),
    sint: u8,
    padding1: rsvd(3),
    message: hv_message,
    padding2: rsvd(u32),
  },
  HVDEF,
);

/** The first 40 bytes of hv_monitor_page. */
export const HvMonitorPageSmall = struct(
  'HvMonitorPageSmall',
  0x28,
  {
    trigger_state: hv_monitor_trigger_state,
    reserved1: rsvd(u32),
    trigger_group: array(hv_monitor_trigger_group, 4),
  },
  HVDEF,
);

export const HvInvalidVpRegisterMessage = struct(
  'HvInvalidVpRegisterMessage',
  0x08,
  {
    vp_index: u32,
    reserved: rsvd(u32),
  },
  HVDEF,
);
