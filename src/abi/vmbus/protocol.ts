import { bits } from '../../layout/bits.js';
import { u32 } from '../../layout/scalar.js';

// The VMBus protocol around its messages: versions, features, offer flags, connections, limits.

export interface VmbusVersion {
  /** major << 16 | minor. */
  readonly version: number;
  /** Constant of include/linux/hyperv.h. */
  readonly linux: string;
  /** Variant of `Version` in OpenVMM. */
  readonly openvmm: string;
}

/** Oldest first. */
export const vmbusVersions: readonly VmbusVersion[] = [
  { version: 0x0000d, linux: 'VERSION_WS2008', openvmm: 'V1' },
  { version: 0x10001, linux: 'VERSION_WIN7', openvmm: 'Win7' },
  { version: 0x20004, linux: 'VERSION_WIN8', openvmm: 'Win8' },
  { version: 0x30000, linux: 'VERSION_WIN8_1', openvmm: 'Win8_1' },
  { version: 0x40000, linux: 'VERSION_WIN10', openvmm: 'Win10' },
  { version: 0x40001, linux: 'VERSION_WIN10_V4_1', openvmm: 'Win10Rs3_0' },
  { version: 0x50000, linux: 'VERSION_WIN10_V5', openvmm: 'Win10Rs3_1' },
  { version: 0x50001, linux: 'VERSION_WIN10_V5_1', openvmm: 'Win10Rs4' },
  { version: 0x50002, linux: 'VERSION_WIN10_V5_2', openvmm: 'Win10Rs5' },
  { version: 0x50003, linux: 'VERSION_WIN10_V5_3', openvmm: 'Iron' },
  { version: 0x60000, linux: 'VERSION_WIN10_V6_0', openvmm: 'Copper' },
];

export interface NamedBit {
  readonly bit: number;
  readonly linux?: string;
  readonly openvmm: string;
}

/** Negotiated from 6.0 on; both sides keep the intersection. */
export const vmbusFeatures: readonly NamedBit[] = [
  { bit: 0x01, openvmm: 'guest_specified_signal_parameters' },
  { bit: 0x02, openvmm: 'channel_interrupt_redirection' },
  { bit: 0x04, openvmm: 'modify_connection' },
  { bit: 0x08, openvmm: 'client_id' },
  { bit: 0x10, linux: 'VMBUS_FEATURE_FLAG_CONFIDENTIAL_CHANNELS', openvmm: 'confidential_channels' },
  { bit: 0x20, openvmm: 'pause_resume' },
  { bit: 0x40, openvmm: 'server_specified_monitor_pages' },
  { bit: 0x80, openvmm: 'gpa_pinning' },
];

export interface OfferFlag {
  readonly bit: number;
  /** Name by the ABI that gives it; a bit without a name there is not in the row. */
  readonly names: Readonly<Partial<Record<'linux-6.12' | 'linux-7.3' | 'openvmm', string>>>;
}

/** chn_flags of an offer: bits 1 and 2 changed their meaning between Linux 6.12 and 7.3. */
export const vmbusOfferFlags: readonly OfferFlag[] = [
  {
    bit: 0x0001,
    names: {
      'linux-6.12': 'VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE',
      'linux-7.3': 'VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE',
      openvmm: 'enumerate_device_interface',
    },
  },
  {
    bit: 0x0002,
    names: {
      'linux-6.12': 'VMBUS_CHANNEL_SERVER_SUPPORTS_TRANSFER_PAGES',
      'linux-7.3': 'VMBUS_CHANNEL_CONFIDENTIAL_RING_BUFFER',
      openvmm: 'confidential_ring_buffer',
    },
  },
  {
    bit: 0x0004,
    names: {
      'linux-6.12': 'VMBUS_CHANNEL_SERVER_SUPPORTS_GPADLS',
      'linux-7.3': 'VMBUS_CHANNEL_CONFIDENTIAL_EXTERNAL_MEMORY',
      openvmm: 'confidential_external_memory',
    },
  },
  { bit: 0x0008, names: { openvmm: 'require_pinned_external_memory' } },
  {
    bit: 0x0010,
    names: {
      'linux-6.12': 'VMBUS_CHANNEL_NAMED_PIPE_MODE',
      'linux-7.3': 'VMBUS_CHANNEL_NAMED_PIPE_MODE',
      openvmm: 'named_pipe_mode',
    },
  },
  {
    bit: 0x0100,
    names: { 'linux-6.12': 'VMBUS_CHANNEL_LOOPBACK_OFFER', 'linux-7.3': 'VMBUS_CHANNEL_LOOPBACK_OFFER' },
  },
  {
    bit: 0x0200,
    names: { 'linux-6.12': 'VMBUS_CHANNEL_PARENT_OFFER', 'linux-7.3': 'VMBUS_CHANNEL_PARENT_OFFER' },
  },
  {
    bit: 0x0400,
    names: {
      'linux-6.12': 'VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION',
      'linux-7.3': 'VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION',
    },
  },
  {
    bit: 0x2000,
    names: {
      'linux-6.12': 'VMBUS_CHANNEL_TLNPI_PROVIDER_OFFER',
      'linux-7.3': 'VMBUS_CHANNEL_TLNPI_PROVIDER_OFFER',
      openvmm: 'tlnpi_provider',
    },
  },
];

/** Event connection that OpenVMM offers with a channel; Linux takes the number as it comes. */
export const VmbusEventConnection = bits(
  'VmbusEventConnection',
  u32,
  { channel: 12, sint: 4, vtl: 2, reserved: 14 },
  undefined,
  { from: 'vm/devices/vmbus/vmbus_server/src/lib.rs of microsoft/openvmm', version: 'openvmm' },
);

/** Message connection of another SINT, as VMBUS_MESSAGE_CONNECTION_ID_REDIRECT: base 4, SINT 7, VP 0, VTL 2. */
export const VmbusMessageConnection = bits(
  'VmbusMessageConnection',
  u32,
  { base: 4, sint: 4, vp: 14, vtl: 2, reserved: 8 },
  undefined,
  { from: 'vm/devices/vmbus/vmbus_server/src/lib.rs of microsoft/openvmm', version: 'openvmm' },
);

/** Bytes, and list entries of 8 bytes, per message. Linux leaves room for a length it does not need: 26 page numbers behind the first range. */
export const vmbusLimits = {
  messageBytes: 240,
  headerBytes: 8,
  gpadlHeaderPfns: 26,
  gpadlHeaderQwords: 27,
  gpadlBodyPfns: 28,
  /** range_buflen is a u16 and a range costs 8 bytes of its own. */
  gpadlRangeBytes: 65528,
  gpadlPagesOneRange: 8190,
  channels: 2047,
} as const;
