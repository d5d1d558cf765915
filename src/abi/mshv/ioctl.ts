import { enumeration, rsvd, u16, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { hv_status } from '../hv/status.js';
import { UAPI_MSHV } from '../origin.js';

// /dev/mshv: ioctl numbers and limits. include/uapi/linux/mshv.h, drivers/hv/mshv_root.h.

export const mshv_ioctl = enumeration('mshv_ioctl', {
  MSHV_IOCTL: 0xb8,
  MSHV_INITIALIZE_PARTITION: 0xb800,
  MSHV_RETURN_TO_LOWER_VTL: 0xb827,
  MSHV_CHECK_EXTENSION: 0x4004b800,
  MSHV_CREATE_VP: 0x4004b801,
  MSHV_SET_MSI_ROUTING: 0x4008b805,
  MSHV_SINT_SIGNAL_EVENT: 0x4008b822,
  MSHV_SINT_SET_EVENTFD: 0x4008b824,
  MSHV_SET_POLL_FILE: 0x4008b825,
  MSHV_SINT_PAUSE_MESSAGE_STREAM: 0x4008b825,
  MSHV_CREATE_PARTITION: 0x4010b800,
  MSHV_IRQFD: 0x4010b803,
  MSHV_SET_VP_REGISTERS: 0x4010b806,
  MSHV_HVCALL_SETUP: 0x4010b81e,
  MSHV_ADD_VTL0_MEMORY: 0x4010b821,
  MSHV_SET_DEVICE_ATTR: 0x4018b800,
  MSHV_HAS_DEVICE_ATTR: 0x4018b801,
  MSHV_SINT_POST_MESSAGE: 0x4018b823,
  MSHV_SET_GUEST_MEMORY: 0x4020b802,
  MSHV_IOEVENTFD: 0x4020b804,
  MSHV_CREATE_VTL: 0x8001b81d,
  MSHV_RUN_VP: 0x8100b800,
  MSHV_CREATE_DEVICE: 0xc00cb808,
  MSHV_GET_VP_STATE: 0xc010b801,
  MSHV_SET_VP_STATE: 0xc010b802,
  MSHV_GET_VP_REGISTERS: 0xc010b805,
  MSHV_GET_GPAP_ACCESS_BITMAP: 0xc020b806,
  MSHV_ROOT_HVCALL: 0xc020b807,
  MSHV_HVCALL: 0xc030b81f,
});

export const mshv_cap = enumeration('mshv_cap', {
  MSHV_CAP_CORE_API_STABLE: 0,
  MSHV_CAP_REGISTER_PAGE: 1,
  MSHV_CAP_VTL_RETURN_ACTION: 2,
  MSHV_CAP_DR6_SHARED: 3,
});

export const mshv_limits = enumeration('mshv_limits', {
  MSHV_HV_PAGE_SIZE: 0x1000,
  MSHV_HV_MIN_VERSION: 0x6c60,
  MSHV_HV_MAX_VERSION: 0x6c67,
  MSHV_MAX_VPS: 256,
  MSHV_MAX_GUEST_IRQS: 0x1000,
  MSHV_PARTITIONS_HASH_BITS: 9,
  MSHV_PIN_PAGES_BATCH_SIZE: 0x10000,
  MSHV_NUM_CPU_FEATURES_BANKS: 2,
  MSHV_RUN_VP_BUF_SZ: 256,
  MSHV_MAX_RUN_MSG_SIZE: 256,
});

export const mshv_root_hvcall = struct(
  'mshv_root_hvcall',
  0x20,
  {
    code: u16,
    reps: u16,
    in_sz: u16,
    out_sz: u16,
    status: u16.as(hv_status),
    rsvd: rsvd(6),
    in_ptr: u64,
    out_ptr: u64,
  },
  UAPI_MSHV,
);
