import { bits, gap } from '../../layout/bits.js';
import { rep } from '../../layout/list.js';
import { atomic, rsvd, u8, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { LINUX_HYPERV } from '../origin.js';

// The control page of a ring. include/linux/hyperv.h.

export const hv_ring_buffer = struct(
  'hv_ring_buffer',
  0x1000,
  {
    write_index: atomic(u32),
    read_index: atomic(u32),
    interrupt_mask: atomic(u32),
    pending_send_sz: atomic(u32),
    reserved1: rsvd(u32, 12),
    feature_bits: bits(u32, { feat_pending_send_sz: 1, unused: gap(31) }, { word: 'value' }),
    reserved2: rsvd(4028),
    buffer: rep(u8),
  },
  LINUX_HYPERV,
);
