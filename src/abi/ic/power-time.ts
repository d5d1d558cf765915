import { bytes, enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { LINUX_HYPERV } from '../origin.js';

// Integration components: shutdown, heartbeat, time. include/linux/hyperv.h.

export const ictimesyncflag = enumeration('ictimesyncflag', {
  ICTIMESYNCFLAG_PROBE: 0,
  ICTIMESYNCFLAG_SYNC: 1,
  ICTIMESYNCFLAG_SAMPLE: 2,
});

/** 100 ns units from 1601 to 1970. */
export const hv_time = enumeration('hv_time', {
  WLTIMEDELTA: 0x19db1ded53e8000n,
});

export const shutdown_msg_data = struct(
  'shutdown_msg_data',
  0x80c,
  { reason_code: u32, timeout_seconds: u32, flags: u32, display_message: bytes(2048, 'utf8') },
  LINUX_HYPERV,
);

export const heartbeat_msg_data = struct(
  'heartbeat_msg_data',
  0x28,
  { seq_num: u64, reserved: rsvd(u32, 8) },
  LINUX_HYPERV,
);

export const ictimesync_data = struct(
  'ictimesync_data',
  0x19,
  { parenttime: u64, childtime: u64, roundtriptime: u64, flags: u8.flagsOf(ictimesyncflag) },
  LINUX_HYPERV,
);

export const ictimesync_ref_data = struct(
  'ictimesync_ref_data',
  0x16,
  {
    parenttime: u64,
    vmreferencetime: u64,
    flags: u8.flagsOf(ictimesyncflag),
    leapflags: u8,
    stratum: u8,
    reserved: rsvd(3),
  },
  LINUX_HYPERV,
);
