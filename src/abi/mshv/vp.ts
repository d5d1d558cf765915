import { bytes, enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_MSHV } from '../origin.js';

// /dev/mshv: virtual processors. include/uapi/linux/mshv.h.

export const mshv_vp_mmap_offset = enumeration('mshv_vp_mmap_offset', {
  MSHV_VP_MMAP_OFFSET_REGISTERS: 0,
  MSHV_VP_MMAP_OFFSET_INTERCEPT_MESSAGE: 1,
  MSHV_VP_MMAP_OFFSET_GHCB: 2,
  MSHV_VP_MMAP_OFFSET_COUNT: 3,
});

export const mshv_vp_state = enumeration('mshv_vp_state', {
  MSHV_VP_STATE_LAPIC: 0,
  MSHV_VP_STATE_XSAVE: 1,
  MSHV_VP_STATE_SIMP: 2,
  MSHV_VP_STATE_SIEFP: 3,
  MSHV_VP_STATE_SYNTHETIC_TIMERS: 4,
  MSHV_VP_STATE_COUNT: 5,
});

export const mshv_create_vp = struct('mshv_create_vp', 0x4, { vp_index: u32 }, UAPI_MSHV);

export const mshv_run_vp = struct('mshv_run_vp', 0x100, { msg_buf: bytes(256) }, UAPI_MSHV);

export const mshv_get_set_vp_state = struct(
  'mshv_get_set_vp_state',
  0x10,
  { type: u8.as(mshv_vp_state), rsvd: rsvd(3), buf_sz: u32, buf_ptr: u64 },
  UAPI_MSHV,
);

export const mshv_vp_registers = struct(
  'mshv_vp_registers',
  0x10,
  { count: u32, reserved: rsvd(u32), regs_ptr: u64 },
  UAPI_MSHV,
);
