import { enumeration, i32, rsvd, u8, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { UAPI_HYPERV } from '../origin.js';

// Integration components: volume snapshots. include/uapi/linux/hyperv.h.

export const hv_vss_op = enumeration('hv_vss_op', {
  VSS_OP_CREATE: 0,
  VSS_OP_DELETE: 1,
  VSS_OP_HOT_BACKUP: 2,
  VSS_OP_GET_DM_INFO: 3,
  VSS_OP_BU_COMPLETE: 4,
  VSS_OP_FREEZE: 5,
  VSS_OP_THAW: 6,
  VSS_OP_AUTO_RECOVER: 7,
  VSS_OP_COUNT: 8,
  VSS_OP_REGISTER: 128,
  VSS_OP_REGISTER1: 129,
});

export const hv_vss_flags = enumeration('hv_vss_flags', {
  VSS_HBU_NO_AUTO_RECOVERY: 5,
});

export const hv_vss_hdr = struct('hv_vss_hdr', 0x8, { operation: u8.as(hv_vss_op), reserved: rsvd(7) }, UAPI_HYPERV);

export const hv_vss_check_feature = struct('hv_vss_check_feature', 0x4, { flags: u32 }, UAPI_HYPERV);

export const hv_vss_check_dm_info = struct('hv_vss_check_dm_info', 0x4, { flags: u32 }, UAPI_HYPERV);

export const hv_vss_msg = struct(
  'hv_vss_msg',
  0xc,
  {
    hdr: anon(union({ vss_hdr: hv_vss_hdr, error: i32 }, { otherwise: 'vss_hdr' })),
    body: anon(
      union(
        { vss_cf: hv_vss_check_feature, dm_info: hv_vss_check_dm_info },
        { by: 'hdr.vss_hdr.operation', of: { [hv_vss_op.VSS_OP_GET_DM_INFO]: 'dm_info' }, otherwise: 'vss_cf' },
      ),
    ),
  },
  UAPI_HYPERV,
);
