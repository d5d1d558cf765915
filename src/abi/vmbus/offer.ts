import { bits } from '../../layout/bits.js';
import { bytes, enumeration, guid, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { LINUX_HYPERV } from '../origin.js';
import { vmbus_channel_message_header } from './channel.js';

// Offers of channels. include/linux/hyperv.h.

export const vmbus_channel_flags = enumeration('vmbus_channel_flags', {
  VMBUS_CHANNEL_ENUMERATE_DEVICE_INTERFACE: 0x1,
  VMBUS_CHANNEL_CONFIDENTIAL_RING_BUFFER: 0x2,
  VMBUS_CHANNEL_CONFIDENTIAL_EXTERNAL_MEMORY: 0x4,
  VMBUS_CHANNEL_NAMED_PIPE_MODE: 0x10,
  VMBUS_CHANNEL_LOOPBACK_OFFER: 0x100,
  VMBUS_CHANNEL_PARENT_OFFER: 0x200,
  VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION: 0x400,
  VMBUS_CHANNEL_TLNPI_PROVIDER_OFFER: 0x2000,
});

/** Bits that had another meaning in Linux 6.12. */
export const vmbus_channel_flags_6_12 = enumeration('vmbus_channel_flags_6_12', {
  VMBUS_CHANNEL_SERVER_SUPPORTS_TRANSFER_PAGES: 0x2,
  VMBUS_CHANNEL_SERVER_SUPPORTS_GPADLS: 0x4,
});

export const vmbus_pipe_type = enumeration('vmbus_pipe_type', {
  VMBUS_PIPE_TYPE_BYTE: 0,
  VMBUS_PIPE_TYPE_MESSAGE: 4,
});

export const vmbus_offer_limits = enumeration('vmbus_offer_limits', {
  MAX_USER_DEFINED_BYTES: 120,
  MAX_PIPE_USER_DEFINED_BYTES: 116,
  MAX_PIPE_DATA_PAYLOAD: 0x4000,
});

export const vmbus_channel_offer = struct(
  'vmbus_channel_offer',
  0xb0,
  {
    if_type: guid,
    if_instance: guid,
    reserved1: rsvd(u64),
    reserved2: rsvd(u64),
    chn_flags: u16.flagsOf(vmbus_channel_flags),
    mmio_megabytes: u16,
    u: union(
      {
        std: struct({ user_def: bytes(120) }),
        pipe: struct({ pipe_mode: u32.as(vmbus_pipe_type), user_def: bytes(116) }),
      },
      {
        by: 'chn_flags',
        mask: vmbus_channel_flags.VMBUS_CHANNEL_NAMED_PIPE_MODE,
        of: { 0: 'std', [vmbus_channel_flags.VMBUS_CHANNEL_NAMED_PIPE_MODE]: 'pipe' },
      },
    ),
    sub_channel_index: u16,
    reserved3: rsvd(u16),
  },
  LINUX_HYPERV,
);

export const vmbus_channel_offer_channel = struct(
  'vmbus_channel_offer_channel',
  0xc4,
  {
    header: vmbus_channel_message_header,
    offer: vmbus_channel_offer,
    child_relid: u32,
    monitorid: u8,
    monitor: anon(bits(u8, { monitor_allocated: 1, reserved: 7 })),
    interrupt: anon(bits(u16, { is_dedicated_interrupt: 1, reserved1: 15 })),
    connection_id: u32,
  },
  LINUX_HYPERV,
);

export const vmbus_channel_rescind_offer = struct(
  'vmbus_channel_rescind_offer',
  0xc,
  { header: vmbus_channel_message_header, child_relid: u32 },
  LINUX_HYPERV,
);
