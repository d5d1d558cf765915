import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { i32, rsvd, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HYPERV_VMBUS } from '../origin.js';
import { hv_connection_id } from './message.js';

// The monitor page. drivers/hv/hyperv_vmbus.h.

export const hv_monitor_trigger_state = bits(
  'hv_monitor_trigger_state',
  u32,
  { group_enable: 4, rsvdz: 28 },
  { word: 'asu32' },
  HYPERV_VMBUS,
);

export const hv_monitor_trigger_group = bits(
  'hv_monitor_trigger_group',
  u64,
  { pending: 32, armed: 32 },
  { word: 'as_uint64' },
  HYPERV_VMBUS,
);

export const hv_monitor_parameter = struct(
  'hv_monitor_parameter',
  0x8,
  { connectionid: hv_connection_id, flagnumber: u16, rsvdz: rsvd(u16) },
  HYPERV_VMBUS,
);

export const hv_monitor_page = struct(
  'hv_monitor_page',
  0x1000,
  {
    trigger_state: hv_monitor_trigger_state,
    rsvdz1: rsvd(u32),
    trigger_group: array(hv_monitor_trigger_group, 4),
    rsvdz2: rsvd(u64, 3),
    next_checktime: array(i32, 128),
    latency: array(u16, 128),
    rsvdz3: rsvd(u64, 32),
    parameter: array(hv_monitor_parameter, 128),
    rsvdz4: rsvd(1984),
  },
  HYPERV_VMBUS,
);
