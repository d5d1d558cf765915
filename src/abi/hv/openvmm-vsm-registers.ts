import { bit, bits } from '../../layout/bits.js';
import { enumeration, u64 } from '../../layout/scalar.js';
import { HVDEF } from '../openvmm-origin.js';

// VSM registers. Linux declares capabilities and partition config too, with fewer bits named.

export const HvSnpInterruptInjection = enumeration('HvSnpInterruptInjection', {
  HvSnpRestricted: 0,
  HvSnpNormal: 1,
  HvSnpAlternate: 2,
  HvSnpSecureAvic: 3,
});

export const HvRegisterGuestVsmPartitionConfig = bits(
  'HvRegisterGuestVsmPartitionConfig',
  u64,
  {
    maximum_vtl: 4,
    vtl0_interrupt_injection: bit(2, HvSnpInterruptInjection),
    vtl1_interrupt_injection: bit(2, HvSnpInterruptInjection),
    reserved: 56,
  },
  undefined,
  HVDEF,
);

export const HvRegisterVsmCapabilities = bits(
  'HvRegisterVsmCapabilities',
  u64,
  {
    dr6_shared: 1,
    mbec_vtl_mask: 16,
    deny_lower_vtl_startup: 1,
    supervisor_shadow_stack: 1,
    hardware_hvpt_available: 1,
    software_hvpt_available: 1,
    hardware_hvpt_range_bits: 6,
    intercept_page_available: 1,
    return_action_available: 1,
    vtl0_alias_map_available: 1,
    intercept_not_present_available: 1,
    install_intercept_ex: 1,
    intercept_system_reset_available: 1,
    reserved1: 1,
    proxy_interrupt_redirect_available: 1,
    reserved2: 29,
  },
  undefined,
  HVDEF,
);

export const HvRegisterVsmPartitionConfig = bits(
  'HvRegisterVsmPartitionConfig',
  u64,
  {
    enable_vtl_protection: 1,
    default_vtl_protection_mask: 4,
    zero_memory_on_reset: 1,
    deny_lower_vtl_startup: 1,
    intercept_acceptance: 1,
    intercept_enable_vtl_protection: 1,
    intercept_vp_startup: 1,
    intercept_cpuid_unimplemented: 1,
    intercept_unrecoverable_exception: 1,
    intercept_page: 1,
    intercept_restore_partition_time: 1,
    intercept_not_present: 1,
    intercept_system_reset: 1,
    reserved: 48,
  },
  undefined,
  HVDEF,
);

export const HvRegisterVsmPartitionStatus = bits(
  'HvRegisterVsmPartitionStatus',
  u64,
  {
    enabled_vtl_set: 16,
    maximum_vtl: 4,
    mbec_enabled_vtl_set: 16,
    supervisor_shadow_stack_enabled_vtl_set: 4,
    reserved: 24,
  },
  undefined,
  HVDEF,
);

export const HvRegisterVsmVina = bits(
  'HvRegisterVsmVina',
  u64,
  {
    vector: 8,
    enabled: 1,
    auto_reset: 1,
    auto_eoi: 1,
    reserved: 53,
  },
  undefined,
  HVDEF,
);

export const HvRegisterVsmVpSecureVtlConfig = bits(
  'HvRegisterVsmVpSecureVtlConfig',
  u64,
  {
    mbec_enabled: 1,
    tlb_locked: 1,
    supervisor_shadow_stack_enabled: 1,
    hardware_hvpt_enabled: 1,
    _reserved: 60,
  },
  undefined,
  HVDEF,
);

export const HvRegisterVsmVpStatus = bits(
  'HvRegisterVsmVpStatus',
  u64,
  {
    active_vtl: 4,
    active_mbec_enabled: 1,
    reserved_mbz0: 11,
    enabled_vtl_set: 16,
    reserved_mbz1: 32,
  },
  undefined,
  HVDEF,
);

export const HvRegisterVsmWpWaitForTlbLock = bits(
  'HvRegisterVsmWpWaitForTlbLock',
  u64,
  {
    wait: 1,
    _reserved: 63,
  },
  undefined,
  HVDEF,
);
