import { bytes, enumeration, guid, rsvd, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { LINUX_HYPERV } from '../origin.js';

// Opening, closing and moving channels. include/linux/hyperv.h.

export const vmbus_channel_message_type = enumeration('vmbus_channel_message_type', {
  CHANNELMSG_INVALID: 0,
  CHANNELMSG_OFFERCHANNEL: 1,
  CHANNELMSG_RESCIND_CHANNELOFFER: 2,
  CHANNELMSG_REQUESTOFFERS: 3,
  CHANNELMSG_ALLOFFERS_DELIVERED: 4,
  CHANNELMSG_OPENCHANNEL: 5,
  CHANNELMSG_OPENCHANNEL_RESULT: 6,
  CHANNELMSG_CLOSECHANNEL: 7,
  CHANNELMSG_GPADL_HEADER: 8,
  CHANNELMSG_GPADL_BODY: 9,
  CHANNELMSG_GPADL_CREATED: 10,
  CHANNELMSG_GPADL_TEARDOWN: 11,
  CHANNELMSG_GPADL_TORNDOWN: 12,
  CHANNELMSG_RELID_RELEASED: 13,
  CHANNELMSG_INITIATE_CONTACT: 14,
  CHANNELMSG_VERSION_RESPONSE: 15,
  CHANNELMSG_UNLOAD: 16,
  CHANNELMSG_UNLOAD_RESPONSE: 17,
  CHANNELMSG_18: 18,
  CHANNELMSG_19: 19,
  CHANNELMSG_20: 20,
  CHANNELMSG_TL_CONNECT_REQUEST: 21,
  CHANNELMSG_MODIFYCHANNEL: 22,
  CHANNELMSG_TL_CONNECT_RESULT: 23,
  CHANNELMSG_MODIFYCHANNEL_RESPONSE: 24,
  // Beyond the types that Linux knows: VMBus 6.0, numbers from OpenVMM. Linux's own CHANNELMSG_COUNT is 25 as well.
  MODIFY_CONNECTION: 25,
  MODIFY_CONNECTION_RESPONSE: 26,
  PAUSE: 27,
  PAUSE_RESPONSE: 28,
  RESUME: 29,
  CHANNELMSG_COUNT: 25,
});

export const vmbus_channel_state = enumeration('vmbus_channel_state', {
  CHANNEL_OFFER_STATE: 0,
  CHANNEL_OPENING_STATE: 1,
  CHANNEL_OPEN_STATE: 2,
  CHANNEL_OPENED_STATE: 3,
});

export const vmbus_channel_message_header = struct(
  'vmbus_channel_message_header',
  0x8,
  { msgtype: u32.asC(vmbus_channel_message_type), padding: rsvd(u32) },
  LINUX_HYPERV,
);

export const vmbus_channel_open_channel = struct(
  'vmbus_channel_open_channel',
  0x94,
  {
    header: vmbus_channel_message_header,
    child_relid: u32,
    openid: u32,
    ringbuffer_gpadlhandle: u32,
    target_vp: u32,
    downstream_ringbuffer_pageoffset: u32,
    userdata: bytes(120),
  },
  LINUX_HYPERV,
);

export const vmbus_channel_open_result = struct(
  'vmbus_channel_open_result',
  0x14,
  { header: vmbus_channel_message_header, child_relid: u32, openid: u32, status: u32 },
  LINUX_HYPERV,
);

export const vmbus_channel_close_channel = struct(
  'vmbus_channel_close_channel',
  0xc,
  { header: vmbus_channel_message_header, child_relid: u32 },
  LINUX_HYPERV,
);

export const vmbus_channel_relid_released = struct(
  'vmbus_channel_relid_released',
  0xc,
  { header: vmbus_channel_message_header, child_relid: u32 },
  LINUX_HYPERV,
);

export const vmbus_channel_modifychannel = struct(
  'vmbus_channel_modifychannel',
  0x10,
  { header: vmbus_channel_message_header, child_relid: u32, target_vp: u32 },
  LINUX_HYPERV,
);

export const vmbus_channel_modifychannel_response = struct(
  'vmbus_channel_modifychannel_response',
  0x10,
  { header: vmbus_channel_message_header, child_relid: u32, status: u32 },
  LINUX_HYPERV,
);

export const vmbus_channel_tl_connect_request = struct(
  'vmbus_channel_tl_connect_request',
  0x28,
  { header: vmbus_channel_message_header, guest_endpoint_id: guid, host_service_id: guid },
  LINUX_HYPERV,
);
