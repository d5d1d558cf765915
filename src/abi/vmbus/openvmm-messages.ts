import { bits } from '../../layout/bits.js';
import { enumeration, guid, i32, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { VMBUS_PROTOCOL } from '../openvmm-origin.js';
import {
  vmbus_channel_message_header,
  vmbus_channel_open_channel,
  vmbus_channel_tl_connect_request,
} from './channel.js';
import { vmbus_channel_initiate_contact, vmbus_channel_version_response } from './contact.js';

// Channel messages that Linux lacks. OpenVMM declares them without the 8-byte message header; here every message starts
// with it, so sizes and offsets are 8 more than in its source.

/** With the client id, for feature bit 0x8. */
export const InitiateContact2 = struct(
  'InitiateContact2',
  0x38,
  {
    initiate_contact: vmbus_channel_initiate_contact.of['linux-7.3'],
    client_id: guid,
  },
  VMBUS_PROTOCOL,
);

export const VersionResponse2 = struct(
  'VersionResponse2',
  0x14,
  {
    version_response: vmbus_channel_version_response,
    supported_features: u32,
  },
  VMBUS_PROTOCOL,
);

/** With monitor pages that the host allocated, for feature bit 0x40. */
export const VersionResponse3 = struct(
  'VersionResponse3',
  0x28,
  {
    version_response2: VersionResponse2,
    _padding: rsvd(u32),
    parent_to_child_monitor_page_gpa: u64,
    child_to_parent_monitor_page_gpa: u64,
  },
  VMBUS_PROTOCOL,
);

export const OpenChannelFlags = bits(
  'OpenChannelFlags',
  u16,
  {
    redirect_interrupt: 1,
    unused: 15,
  },
  undefined,
  VMBUS_PROTOCOL,
);

/** When guest signal parameters (0x1) or interrupt redirection (0x2) were negotiated. */
export const OpenChannel2 = struct(
  'OpenChannel2',
  0x9c,
  {
    open_channel: vmbus_channel_open_channel,
    connection_id: u32,
    event_flag: u16,
    flags: OpenChannelFlags,
  },
  VMBUS_PROTOCOL,
);

/** Reserved channels live outside the offer cycle and survive an unload. */
export const OpenReservedChannel = struct(
  'OpenReservedChannel',
  0x1c,
  {
    header: vmbus_channel_message_header,
    channel_id: u32,
    target_vp: u32,
    target_sint: u32,
    ring_buffer_gpadl: u32,
    downstream_page_offset: u32,
  },
  VMBUS_PROTOCOL,
);

export const CloseReservedChannel = struct(
  'CloseReservedChannel',
  0x14,
  {
    header: vmbus_channel_message_header,
    channel_id: u32,
    target_vp: u32,
    target_sint: u32,
  },
  VMBUS_PROTOCOL,
);

export const CloseReservedChannelResponse = struct(
  'CloseReservedChannelResponse',
  0x0c,
  {
    header: vmbus_channel_message_header,
    channel_id: u32,
  },
  VMBUS_PROTOCOL,
);

export const TlConnectRequest2 = struct(
  'TlConnectRequest2',
  0x38,
  {
    base: vmbus_channel_tl_connect_request,
    silo_id: guid,
  },
  VMBUS_PROTOCOL,
);

/** Linux has the number (23) without a struct. Sent on failure only. */
export const TlConnectResult = struct(
  'TlConnectResult',
  0x2c,
  {
    header: vmbus_channel_message_header,
    endpoint_id: guid,
    service_id: guid,
    status: i32,
  },
  VMBUS_PROTOCOL,
);

export const ModifyConnection = struct(
  'ModifyConnection',
  0x18,
  {
    header: vmbus_channel_message_header,
    parent_to_child_monitor_page_gpa: u64,
    child_to_parent_monitor_page_gpa: u64,
  },
  VMBUS_PROTOCOL,
);

export const ConnectionState = enumeration('ConnectionState', {
  SUCCESSFUL: 0,
  FAILED_LOW_RESOURCES: 1,
  FAILED_UNKNOWN_FAILURE: 2,
});

export const ModifyConnectionResponse = struct(
  'ModifyConnectionResponse',
  0x09,
  {
    header: vmbus_channel_message_header,
    connection_state: u8.as(ConnectionState),
  },
  VMBUS_PROTOCOL,
);
