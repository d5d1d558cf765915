import { array } from '../../layout/list.js';
import { bytes, enumeration, rsvd, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_HYPERV } from '../origin.js';

// Integration components: file copy. include/uapi/linux/hyperv.h.

export const hv_fcopy_op = enumeration('hv_fcopy_op', {
  START_FILE_COPY: 0,
  WRITE_TO_FILE: 1,
  COMPLETE_FCOPY: 2,
  CANCEL_FCOPY: 3,
});

export const hv_fcopy_copy_flags = enumeration('hv_fcopy_copy_flags', {
  OVER_WRITE: 1,
  CREATE_PATH: 2,
});

export const hv_fcopy_limits = enumeration('hv_fcopy_limits', {
  FCOPY_VERSION_0: 0,
  FCOPY_VERSION_1: 1,
  FCOPY_CURRENT_VERSION: 1,
  DATA_FRAGMENT: 0x1800,
  W_MAX_PATH: 260,
});

export const hv_fcopy_hdr = struct(
  'hv_fcopy_hdr',
  0x24,
  { operation: u32.as(hv_fcopy_op), service_id0: bytes(16), service_id1: bytes(16) },
  UAPI_HYPERV,
);

export const hv_start_fcopy = struct(
  'hv_start_fcopy',
  0x440,
  {
    hdr: hv_fcopy_hdr,
    file_name: array(u16, 260),
    path_name: array(u16, 260),
    copy_flags: u32.flagsOf(hv_fcopy_copy_flags),
    file_size: u64,
  },
  UAPI_HYPERV,
);

export const hv_do_fcopy = struct(
  'hv_do_fcopy',
  0x1834,
  { hdr: hv_fcopy_hdr, pad: rsvd(u32), offset: u64, size: u32, data: bytes(6144) },
  UAPI_HYPERV,
);
