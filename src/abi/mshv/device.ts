import { enumeration, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { SERIES_ROOT_UAPI } from '../origin.js';

// /dev/mshv: devices passed through. Patches of the root/L1VH series to include/uapi/linux/mshv.h.

export const mshv_dev_type = enumeration('mshv_dev_type', {
  MSHV_DEV_TYPE_VFIO: 0,
  MSHV_DEV_TYPE_MAX: 1,
});

export const mshv_dev_vfio = enumeration('mshv_dev_vfio', {
  MSHV_DEV_VFIO_FILE: 1,
  MSHV_DEV_VFIO_FILE_ADD: 1,
  MSHV_DEV_VFIO_FILE_DEL: 2,
});

export const mshv_create_device_flags = enumeration('mshv_create_device_flags', {
  MSHV_CREATE_DEVICE_TEST: 1,
});

export const mshv_create_device = struct(
  'mshv_create_device',
  0xc,
  { type: u32.as(mshv_dev_type), fd: u32, flags: u32 },
  SERIES_ROOT_UAPI,
);

export const mshv_device_attr = struct(
  'mshv_device_attr',
  0x18,
  { flags: u32, group: u32, attr: u64, addr: u64 },
  SERIES_ROOT_UAPI,
);
