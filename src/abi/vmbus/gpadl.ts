import { rep } from '../../layout/list.js';
import { enumeration, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { LINUX_HYPERV } from '../origin.js';
import { vmbus_channel_message_header } from './channel.js';

// Guest-physical address descriptor lists. include/linux/hyperv.h.

export const hv_gpadl_type = enumeration('hv_gpadl_type', {
  HV_GPADL_BUFFER: 0,
  HV_GPADL_RING: 1,
  HV_GPADL_BUFFER_DECRYPTED: 2,
});

export const gpadl_type = enumeration('gpadl_type', {
  GPADL_TYPE_RING_BUFFER: 1,
  GPADL_TYPE_SERVER_SAVE_AREA: 2,
  GPADL_TYPE_TRANSACTION: 8,
});

export const gpa_range = struct(
  'gpa_range',
  0x8,
  { byte_count: u32, byte_offset: u32, pfn_array: rep(u64, { count: { pages: ['byte_offset', 'byte_count'] } }) },
  LINUX_HYPERV,
);

export const vmbus_channel_gpadl_header = struct(
  'vmbus_channel_gpadl_header',
  0x14,
  {
    header: vmbus_channel_message_header,
    child_relid: u32,
    gpadl: u32,
    range_buflen: u16,
    rangecount: u16,
    range: rep(gpa_range, { count: 'rangecount', partial: true }),
  },
  LINUX_HYPERV,
);

export const vmbus_channel_gpadl_body = struct(
  'vmbus_channel_gpadl_body',
  0x10,
  { header: vmbus_channel_message_header, msgnumber: u32, gpadl: u32, pfn: rep(u64) },
  LINUX_HYPERV,
);

export const vmbus_channel_gpadl_created = struct(
  'vmbus_channel_gpadl_created',
  0x14,
  { header: vmbus_channel_message_header, child_relid: u32, gpadl: u32, creation_status: u32 },
  LINUX_HYPERV,
);

export const vmbus_channel_gpadl_teardown = struct(
  'vmbus_channel_gpadl_teardown',
  0x10,
  { header: vmbus_channel_message_header, child_relid: u32, gpadl: u32 },
  LINUX_HYPERV,
);

export const vmbus_channel_gpadl_torndown = struct(
  'vmbus_channel_gpadl_torndown',
  0xc,
  { header: vmbus_channel_message_header, gpadl: u32 },
  LINUX_HYPERV,
);
