import { bytes, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVGDK_MINI } from '../origin.js';

// Device registers read and written by hypercall. include/hyperv/hvgdk_mini.h.

export const hv_mmio_read_input = struct(
  'hv_mmio_read_input',
  0x10,
  { gpa: u64, size: u32, reserved: rsvd(u32) },
  HVGDK_MINI,
);

export const hv_mmio_read_output = struct('hv_mmio_read_output', 0x40, { data: bytes(64) }, HVGDK_MINI);

export const hv_mmio_write_input = struct(
  'hv_mmio_write_input',
  0x50,
  { gpa: u64, size: u32, reserved: rsvd(u32), data: bytes(64) },
  HVGDK_MINI,
);
