import { enumeration } from '../../layout/scalar.js';

// States of the Linux driver that its traces and dumps name. include/linux/hyperv.h, drivers/hv/hyperv_vmbus.h,
// mshv_root.h.

export const vmbus_device_type = enumeration('vmbus_device_type', {
  HV_IDE: 0,
  HV_SCSI: 1,
  HV_FC: 2,
  HV_NIC: 3,
  HV_ND: 4,
  HV_PCIE: 5,
  HV_FB: 6,
  HV_KBD: 7,
  HV_MOUSE: 8,
  HV_KVP: 9,
  HV_TS: 10,
  HV_HB: 11,
  HV_SHUTDOWN: 12,
  HV_FCOPY: 13,
  HV_BACKUP: 14,
  HV_DM: 15,
  HV_UNKNOWN: 16,
});

export const hv_callback_mode = enumeration('hv_callback_mode', {
  HV_CALL_BATCHED: 0,
  HV_CALL_DIRECT: 1,
  HV_CALL_ISR: 2,
});

export const vmbus_connect_state = enumeration('vmbus_connect_state', {
  DISCONNECTED: 0,
  CONNECTING: 1,
  CONNECTED: 2,
  DISCONNECTING: 3,
});

export const vmbus_message_handler_type = enumeration('vmbus_message_handler_type', {
  VMHT_BLOCKING: 0,
  VMHT_NON_BLOCKING: 1,
});

export const hvutil_device_state = enumeration('hvutil_device_state', {
  HVUTIL_DEVICE_INIT: 0,
  HVUTIL_READY: 1,
  HVUTIL_HOSTMSG_RECEIVED: 2,
  HVUTIL_USERSPACE_REQ: 3,
  HVUTIL_USERSPACE_RECV: 4,
  HVUTIL_DEVICE_DYING: 5,
});

export const delay = enumeration('delay', {
  INTERRUPT_DELAY: 0,
  MESSAGE_DELAY: 1,
});

export const mshv_region_type = enumeration('mshv_region_type', {
  MSHV_REGION_TYPE_MEM_PINNED: 0,
  MSHV_REGION_TYPE_MEM_MOVABLE: 1,
  MSHV_REGION_TYPE_MMIO: 2,
});
