import { versions } from '../../layout/group.js';
import { rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { LINUX_HYPERV, LINUX_HYPERV_6_12 } from '../origin.js';
import { vmbus_channel_message_header } from './channel.js';
import { vmbus_feature_flags, vmbus_version } from './version.js';

// Agreeing on a version. include/linux/hyperv.h.

export const vmbus_channel_initiate_contact = versions({
  'linux-6.12': struct(
    'vmbus_channel_initiate_contact',
    0x28,
    {
      header: vmbus_channel_message_header,
      vmbus_version_requested: u32.as(vmbus_version),
      target_vcpu: u32,
      target: anon(
        union(
          { interrupt_page: u64.aligned(4096), signal: anon(struct({ msg_sint: u8, msg_vtl: u8, reserved: rsvd(6) })) },
          {
            by: 'vmbus_version_requested',
            of: {
              [vmbus_version.VERSION_WIN10_V5]: 'signal',
              [vmbus_version.VERSION_WIN10_V5_1]: 'signal',
              [vmbus_version.VERSION_WIN10_V5_2]: 'signal',
              [vmbus_version.VERSION_WIN10_V5_3]: 'signal',
            },
            otherwise: 'interrupt_page',
          },
        ),
      ),
      monitor_page1: u64.aligned(4096),
      monitor_page2: u64.aligned(4096),
    },
    LINUX_HYPERV_6_12,
  ),
  'linux-7.3': struct(
    'vmbus_channel_initiate_contact',
    0x28,
    {
      header: vmbus_channel_message_header,
      vmbus_version_requested: u32.as(vmbus_version),
      target_vcpu: u32,
      target: anon(
        union(
          {
            interrupt_page: u64.aligned(4096),
            signal: anon(
              struct({ msg_sint: u8, msg_vtl: u8, reserved: rsvd(2), feature_flags: u32.flagsOf(vmbus_feature_flags) }),
            ),
          },
          {
            by: 'vmbus_version_requested',
            of: {
              [vmbus_version.VERSION_WIN10_V5]: 'signal',
              [vmbus_version.VERSION_WIN10_V5_1]: 'signal',
              [vmbus_version.VERSION_WIN10_V5_2]: 'signal',
              [vmbus_version.VERSION_WIN10_V5_3]: 'signal',
              [vmbus_version.VERSION_WIN10_V6_0]: 'signal',
            },
            otherwise: 'interrupt_page',
          },
        ),
      ),
      monitor_page1: u64.aligned(4096),
      monitor_page2: u64.aligned(4096),
    },
    LINUX_HYPERV,
  ),
});

export const vmbus_channel_version_response = struct(
  'vmbus_channel_version_response',
  0x10,
  {
    header: vmbus_channel_message_header,
    version_supported: u8,
    connection_state: u8,
    padding: rsvd(u16),
    msg_conn_id: u32,
  },
  LINUX_HYPERV,
);

export const vmbus_channel_query_vmbus_version = struct(
  'vmbus_channel_query_vmbus_version',
  0xc,
  { header: vmbus_channel_message_header, version: u32.as(vmbus_version) },
  LINUX_HYPERV,
);

export const vmbus_channel_version_supported = struct(
  'vmbus_channel_version_supported',
  0x9,
  { header: vmbus_channel_message_header, version_supported: u8 },
  LINUX_HYPERV,
);
