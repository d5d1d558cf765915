import { rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { LINUX_HYPERV } from '../origin.js';

// Integration components: the common frame. include/linux/hyperv.h, include/uapi/linux/hyperv.h.

export const icmsgtype = enumeration('icmsgtype', {
  ICMSGTYPE_NEGOTIATE: 0,
  ICMSGTYPE_HEARTBEAT: 1,
  ICMSGTYPE_KVPEXCHANGE: 2,
  ICMSGTYPE_SHUTDOWN: 3,
  ICMSGTYPE_TIMESYNC: 4,
  ICMSGTYPE_VSS: 5,
  ICMSGTYPE_FCOPY: 7,
});

export const icmsghdrflag = enumeration('icmsghdrflag', {
  ICMSGHDRFLAG_TRANSACTION: 1,
  ICMSGHDRFLAG_REQUEST: 2,
  ICMSGHDRFLAG_RESPONSE: 4,
});

export const ic_status = enumeration('ic_status', {
  HV_S_OK: 0x0,
  HV_E_FAIL: 0x80004005,
  HV_S_CONT: 0x80070103,
  HV_ERROR_NOT_SUPPORTED: 0x80070032,
  HV_ERROR_MACHINE_LOCKED: 0x800704f7,
  HV_ERROR_DEVICE_NOT_CONNECTED: 0x8007048f,
  HV_INVALIDARG: 0x80070057,
  HV_GUID_NOTFOUND: 0x80041002,
  HV_ERROR_ALREADY_EXISTS: 0x80070050,
  HV_ERROR_DISK_FULL: 0x80070070,
});

export const util_fw = enumeration('util_fw', {
  UTIL_FW_MINOR: 0x0,
  UTIL_FW_MAJOR: 0x3,
  UTIL_FW_VERSION: 0x30000,
  UTIL_WS2K8_FW_MAJOR: 0x1,
  UTIL_WS2K8_FW_VERSION: 0x10000,
});

export const ic_limits = enumeration('ic_limits', {
  ICMSG_HDR: 28,
  IC_VERSION_NEGOTIATION_MAX_VER_COUNT: 100,
  MAX_SRV_VER: 0x7ffffff,
});

export const vmbuspipe_hdr = struct('vmbuspipe_hdr', 0x8, { flags: u32, msgsize: u32 }, LINUX_HYPERV);

export const ic_version = struct('ic_version', 0x4, { major: u16, minor: u16 }, LINUX_HYPERV);

export const icmsg_hdr = struct(
  'icmsg_hdr',
  0x14,
  {
    icverframe: ic_version,
    icmsgtype: u16.as(icmsgtype),
    icvermsg: ic_version,
    icmsgsize: u16,
    status: u32,
    ictransaction_id: u8,
    icflags: u8.flagsOf(icmsghdrflag),
    reserved: rsvd(2),
  },
  LINUX_HYPERV,
);

export const icmsg_negotiate = struct(
  'icmsg_negotiate',
  0x8,
  { icframe_vercnt: u16, icmsg_vercnt: u16, reserved: rsvd(u32), icversion_data: rep(ic_version) },
  LINUX_HYPERV,
);
