import { varhead } from '../../layout/list.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVGDK_MINI, HVHDK_MINI } from '../origin.js';

// Sets of virtual processors, and interrupts sent to them. include/hyperv/hvgdk_mini.h, hvhdk_mini.h.

export const hv_generic_set_format = enumeration('hv_generic_set_format', {
  HV_GENERIC_SET_SPARSE_4K: 0,
  HV_GENERIC_SET_ALL: 1,
});

/** The name of the enumeration in Linux 6.12. */
export const HV_GENERIC_SET_FORMAT = enumeration('HV_GENERIC_SET_FORMAT', {
  HV_GENERIC_SET_SPARSE_4K: 0,
  HV_GENERIC_SET_ALL: 1,
});

export const hv_generic_set = enumeration('hv_generic_set', {
  HV_GENERIC_SET_SHIFT: 6,
  HV_GENERIC_SET_MASK: 63,
});

export const hv_ipi_vector = enumeration('hv_ipi_vector', {
  HV_IPI_LOW_VECTOR: 16,
  HV_IPI_HIGH_VECTOR: 255,
});

export const hv_vpset = struct(
  'hv_vpset',
  0x10,
  {
    format: u64.as(hv_generic_set_format),
    valid_bank_mask: u64,
    bank_contents: varhead(u64, { count: { popcount: 'valid_bank_mask' } }),
  },
  HVGDK_MINI,
);

export const hv_send_ipi = struct('hv_send_ipi', 0x10, { vector: u32, reserved: rsvd(u32), cpu_mask: u64 }, HVGDK_MINI);

export const hv_send_ipi_ex = struct(
  'hv_send_ipi_ex',
  0x18,
  { vector: u32, reserved: rsvd(u32), vp_set: hv_vpset },
  HVHDK_MINI,
);
