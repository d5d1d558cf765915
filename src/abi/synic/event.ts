import { bits } from '../../layout/bits.js';
import { versions } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { bytes, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { union } from '../../layout/union.js';
import { HVHDK, HYPERV_TLFS_6_12 } from '../origin.js';

// Event flags and event rings. include/hyperv/hvhdk.h.

export const hv_synic_event_flags = versions({
  'linux-6.12': union(
    'hv_synic_event_flags',
    0x100,
    { flags: array(u64, 32) },
    { otherwise: 'flags' },
    HYPERV_TLFS_6_12,
  ),
  'linux-7.3': union(
    'hv_synic_event_flags',
    0x100,
    { flags8: bytes(256), flags32: array(u32, 64), flags: array(u64, 32) },
    { otherwise: 'flags8' },
    HVHDK,
  ),
});

export const hv_synic_event_flags_page = struct(
  'hv_synic_event_flags_page',
  0x1000,
  { event_flags: array(hv_synic_event_flags.of['linux-7.3'], 16) },
  HVHDK,
);

export const hv_synic_event_ring = struct(
  'hv_synic_event_ring',
  0x100,
  { signal_masked: u8, ring_full: u8, reserved_z: rsvd(u16), data: array(u32, 63) },
  HVHDK,
);

export const hv_synic_event_ring_page = struct(
  'hv_synic_event_ring_page',
  0x1000,
  { sint_event_ring: array(hv_synic_event_ring, 16) },
  HVHDK,
);

export const hv_input_notify_port_ring_empty = bits(
  'hv_input_notify_port_ring_empty',
  u64,
  { sint_index: 32, reserved: 32 },
  { word: 'as_uint64' },
  HVHDK,
);
