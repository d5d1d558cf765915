import { rsvd, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { VMBUS_RING } from '../openvmm-origin.js';

// Parts of ring packets that Linux handles without a struct.

/** Framing of byte and message pipes inside in-band packets: type 1 data, 2 partial, 3 and 4 GPA-direct setup and teardown. */
export const PipeHeader = struct(
  'PipeHeader',
  0x08,
  {
    packet_type: u32,
    len: u32,
  },
  VMBUS_RING,
);

/** The 8 bytes behind each packet; offset is where the packet started in the ring. */
export const Footer = struct(
  'Footer',
  0x08,
  {
    reserved: rsvd(u32),
    offset: u32,
  },
  VMBUS_RING,
);

/** What stands between the descriptor and the ranges; vmdata_gpa_direct counts one range too. */
export const GpaDirectHeader = struct(
  'GpaDirectHeader',
  0x08,
  {
    reserved: rsvd(u32),
    range_count: u32,
  },
  VMBUS_RING,
);
