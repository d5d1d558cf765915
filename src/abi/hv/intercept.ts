import { perArch } from '../../layout/group.js';
import { enumeration, u16, u32, u64 } from '../../layout/scalar.js';
import { union } from '../../layout/union.js';
import { HVGDK_MINI } from '../origin.js';

// What a partition asks to see of another. include/hyperv/hvgdk_mini.h.

export const hv_intercept_type = enumeration('hv_intercept_type', {
  HV_INTERCEPT_TYPE_X64_IO_PORT: 0x0,
  HV_INTERCEPT_TYPE_X64_MSR: 0x1,
  HV_INTERCEPT_TYPE_X64_CPUID: 0x2,
  HV_INTERCEPT_TYPE_EXCEPTION: 0x3,
  HV_INTERCEPT_TYPE_RESERVED0: 0x4,
  HV_INTERCEPT_TYPE_MMIO: 0x5,
  HV_INTERCEPT_TYPE_X64_GLOBAL_CPUID: 0x6,
  HV_INTERCEPT_TYPE_X64_APIC_SMI: 0x7,
  HV_INTERCEPT_TYPE_HYPERCALL: 0x8,
  HV_INTERCEPT_TYPE_X64_APIC_INIT_SIPI: 0x9,
  HV_INTERCEPT_MC_UPDATE_PATCH_LEVEL_MSR_READ: 0xa,
  HV_INTERCEPT_TYPE_X64_APIC_WRITE: 0xb,
  HV_INTERCEPT_TYPE_X64_MSR_INDEX: 0xc,
  HV_INTERCEPT_TYPE_MAX: 0xd,
  HV_INTERCEPT_TYPE_INVALID: 0xffffffff,
});

export const hv_intercept_type_arm64 = enumeration('hv_intercept_type_arm64', {
  HV_INTERCEPT_TYPE_EXCEPTION: 3,
  HV_INTERCEPT_TYPE_RESERVED0: 4,
  HV_INTERCEPT_TYPE_MMIO: 5,
  HV_INTERCEPT_TYPE_HYPERCALL: 8,
  HV_INTERCEPT_TYPE_MAX: 9,
  HV_INTERCEPT_TYPE_INVALID: 0xffffffff,
});

export const hv_intercept_access_type = enumeration('hv_intercept_access_type', {
  HV_INTERCEPT_ACCESS_READ: 0,
  HV_INTERCEPT_ACCESS_WRITE: 1,
  HV_INTERCEPT_ACCESS_EXECUTE: 2,
});

export const hv_intercept_parameters = perArch({
  x64: union(
    'hv_intercept_parameters',
    0x8,
    { as_uint64: u64, io_port: u16, cpuid_index: u32, apic_write_mask: u32, exception_vector: u16, msr_index: u32 },
    { otherwise: 'as_uint64' },
    HVGDK_MINI,
  ),
  arm64: union('hv_intercept_parameters', 0x8, { as_uint64: u64 }, { otherwise: 'as_uint64' }, HVGDK_MINI),
});
