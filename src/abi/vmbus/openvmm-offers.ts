import { bits } from '../../layout/bits.js';
import { bytes, enumeration, guid, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { VMBUS_PROTOCOL } from '../openvmm-origin.js';
import { vmbus_channel_message_header } from './channel.js';

// What an offer and a version negotiation carry, by OpenVMM's names.

/** Bits 1 and 2 had other meanings up to Linux 6.12; see docs/abi-differences.md. */
export const OfferFlags = bits(
  'OfferFlags',
  u16,
  {
    enumerate_device_interface: 1,
    confidential_ring_buffer: 1,
    confidential_external_memory: 1,
    require_pinned_external_memory: 1,
    named_pipe_mode: 1,
    _reserved2: 8,
    tlnpi_provider: 1,
    _reserved3: 2,
  },
  undefined,
  VMBUS_PROTOCOL,
);

/** Same bytes as vmbus_channel_offer_channel, with flags and monitor_allocated read OpenVMM's way. */
export const OfferChannel = struct(
  'OfferChannel',
  0xc4,
  {
    header: vmbus_channel_message_header,
    interface_id: guid,
    instance_id: guid,
    rsvd: rsvd(u32, 4),
    flags: OfferFlags,
    mmio_megabytes: u16,
    user_defined: bytes(120),
    subchannel_index: u16,
    mmio_megabytes_optional: u16,
    channel_id: u32,
    monitor_id: u8,
    monitor_allocated: u8,
    is_dedicated: u16,
    connection_id: u32,
  },
  VMBUS_PROTOCOL,
);

/** Copper (6.0) and newer; the result of a negotiation is the intersection. */
export const FeatureFlags = bits(
  'FeatureFlags',
  u32,
  {
    guest_specified_signal_parameters: 1,
    channel_interrupt_redirection: 1,
    modify_connection: 1,
    client_id: 1,
    confidential_channels: 1,
    pause_resume: 1,
    server_specified_monitor_pages: 1,
    gpa_pinning: 1,
    _reserved: 24,
  },
  undefined,
  VMBUS_PROTOCOL,
);

/** The u64 at byte 16 of InitiateContact, from 5.0 on. */
export const TargetInfo = bits(
  'TargetInfo',
  u64,
  {
    sint: 8,
    vtl: 8,
    _padding: 16,
    feature_flags: 32,
  },
  undefined,
  VMBUS_PROTOCOL,
);

export const PipeType = enumeration('PipeType', {
  BYTE: 0,
  MESSAGE: 4,
});

export const PipeFlags = bits(
  'PipeFlags',
  u32,
  {
    gpa_direct: 1,
    _reserved: 31,
  },
  undefined,
  VMBUS_PROTOCOL,
);

/** user_defined of a pipe offer. */
export const PipeUserDefinedParameters = struct(
  'PipeUserDefinedParameters',
  0x78,
  {
    pipe_type: u32.as(PipeType),
    user_defined: bytes(112),
    flags: PipeFlags,
  },
  VMBUS_PROTOCOL,
);

export const HvsockParametersVersion = enumeration('HvsockParametersVersion', {
  PRE_RS5: 0,
  RS5: 1,
});

/** user_defined of a Hyper-V socket offer; version and silo_id are misaligned. */
export const HvsockUserDefinedParameters = struct(
  'HvsockUserDefinedParameters',
  0x1c,
  {
    pipe_type: u32.as(PipeType),
    is_for_guest_accept: u8,
    is_for_guest_container: u8,
    version: u32.as(HvsockParametersVersion),
    silo_id: guid,
    _padding: rsvd(2),
  },
  VMBUS_PROTOCOL,
);

/** Negotiated versions, major << 16 | minor. */
export const Version = enumeration('Version', {
  V1: 0x0000d,
  Win7: 0x10001,
  Win8: 0x20004,
  Win8_1: 0x30000,
  Win10: 0x40000,
  Win10Rs3_0: 0x40001,
  Win10Rs3_1: 0x50000,
  Win10Rs4: 0x50001,
  Win10Rs5: 0x50002,
  Iron: 0x50003,
  Copper: 0x60000,
});

export const VmbusMessageType = enumeration('MessageType', {
  OFFER_CHANNEL: 1,
  RESCIND_CHANNEL_OFFER: 2,
  REQUEST_OFFERS: 3,
  ALL_OFFERS_DELIVERED: 4,
  OPEN_CHANNEL: 5,
  OPEN_CHANNEL_RESULT: 6,
  CLOSE_CHANNEL: 7,
  GPADL_HEADER: 8,
  GPADL_BODY: 9,
  GPADL_CREATED: 10,
  GPADL_TEARDOWN: 11,
  GPADL_TORNDOWN: 12,
  REL_ID_RELEASED: 13,
  INITIATE_CONTACT: 14,
  VERSION_RESPONSE: 15,
  UNLOAD: 16,
  UNLOAD_COMPLETE: 17,
  OPEN_RESERVED_CHANNEL: 18,
  CLOSE_RESERVED_CHANNEL: 19,
  CLOSE_RESERVED_RESPONSE: 20,
  TL_CONNECT_REQUEST: 21,
  MODIFY_CHANNEL: 22,
  TL_CONNECT_REQUEST_RESULT: 23,
  MODIFY_CHANNEL_RESPONSE: 24,
  MODIFY_CONNECTION: 25,
  MODIFY_CONNECTION_RESPONSE: 26,
  PAUSE: 27,
  PAUSE_RESPONSE: 28,
  RESUME: 29,
});
