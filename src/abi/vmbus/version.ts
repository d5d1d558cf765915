import { enumeration } from '../../layout/scalar.js';

// VMBus protocol versions, features, fixed connections. include/linux/hyperv.h, drivers/hv/hyperv_vmbus.h.

export const vmbus_version = enumeration('vmbus_version', {
  VERSION_WS2008: 0xd,
  VERSION_WIN7: 0x10001,
  VERSION_WIN8: 0x20004,
  VERSION_WIN8_1: 0x30000,
  VERSION_WIN10: 0x40000,
  VERSION_WIN10_V4_1: 0x40001,
  VERSION_WIN10_V5: 0x50000,
  VERSION_WIN10_V5_1: 0x50001,
  VERSION_WIN10_V5_2: 0x50002,
  VERSION_WIN10_V5_3: 0x50003,
  VERSION_WIN10_V6_0: 0x60000,
});

export const vmbus_feature_flags = enumeration('vmbus_feature_flags', {
  VMBUS_FEATURE_FLAG_CONFIDENTIAL_CHANNELS: 0x10,
  // Linux names one; the others are those of OpenVMM's FeatureFlags.
  guest_specified_signal_parameters: 0x1,
  channel_interrupt_redirection: 0x2,
  modify_connection: 0x4,
  client_id: 0x8,
  pause_resume: 0x20,
  server_specified_monitor_pages: 0x40,
  gpa_pinning: 0x80,
});

export const vmbus_connection = enumeration('vmbus_connection', {
  VMBUS_MESSAGE_CONNECTION_ID: 0x1,
  VMBUS_MESSAGE_CONNECTION_ID_4: 0x4,
  VMBUS_MESSAGE_CONNECTION_ID_REDIRECT: 0x800074,
  VMBUS_MESSAGE_PORT_ID: 0x1,
  VMBUS_EVENT_CONNECTION_ID: 0x2,
  VMBUS_EVENT_PORT_ID: 0x2,
  VMBUS_MONITOR_CONNECTION_ID: 0x3,
  VMBUS_MONITOR_PORT_ID: 0x3,
  VMBUS_MESSAGE_SINT: 0x2,
});

export const vmbus_limits = enumeration('vmbus_limits', {
  MAX_SIZE_CHANNEL_MESSAGE: 240,
  MAX_CHANNEL_RELIDS: 0x800,
  MAX_NUM_CHANNELS: 0x4000,
  MAX_NUM_CHANNELS_SUPPORTED: 256,
  VMBUS_CONNECT_CPU: 0,
  INVALID_RELID: 0xffffffff,
  HV_UTIL_NEGO_TIMEOUT: 55,
  HV_UTIL_TIMEOUT: 30,
  NR_HV_HYP_PAGES_IN_PAGE: 1,
});
