import { i32, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_MSHV } from '../origin.js';

// /dev/mshv_vtl: a paravisor and its host. include/uapi/linux/mshv.h.

export const mshv_vtl_set_eventfd = struct('mshv_vtl_set_eventfd', 0x8, { fd: i32, flag: u32 }, UAPI_MSHV);

export const mshv_vtl_signal_event = struct('mshv_vtl_signal_event', 0x8, { connection_id: u32, flag: u32 }, UAPI_MSHV);

export const mshv_vtl_sint_post_msg = struct(
  'mshv_vtl_sint_post_msg',
  0x18,
  { message_type: u64, connection_id: u32, payload_size: u32, payload_ptr: u64 },
  UAPI_MSHV,
);

export const mshv_vtl_ram_disposition = struct(
  'mshv_vtl_ram_disposition',
  0x10,
  { start_pfn: u64, last_pfn: u64 },
  UAPI_MSHV,
);

export const mshv_vtl_set_poll_file = struct('mshv_vtl_set_poll_file', 0x8, { cpu: u32, fd: u32 }, UAPI_MSHV);

export const mshv_vtl_hvcall_setup = struct(
  'mshv_vtl_hvcall_setup',
  0x10,
  { bitmap_array_size: u64, allow_bitmap_ptr: u64 },
  UAPI_MSHV,
);

export const mshv_vtl_hvcall = struct(
  'mshv_vtl_hvcall',
  0x30,
  { control: u64, input_size: u64, input_ptr: u64, status: u64, output_size: u64, output_ptr: u64 },
  UAPI_MSHV,
);

export const mshv_sint_mask = struct('mshv_sint_mask', 0x8, { mask: u8, reserved: rsvd(7) }, UAPI_MSHV);
