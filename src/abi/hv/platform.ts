import { enumeration } from '../../layout/scalar.js';

// Addresses of the virtual platform. arch/x86/include/asm/mshyperv.h, include/asm-generic/mshyperv.h.

export const hv_platform = enumeration('hv_platform', {
  HV_IOAPIC_BASE_ADDRESS: 0xfec00000,
  VTPM_BASE_ADDRESS: 0xfed40000,
  HV_AP_SEGMENT_LIMIT: 0xffffffff,
  HV_AP_INIT_GPAT_DEFAULT: 0x7040600070406,
});
