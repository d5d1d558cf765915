import { bits } from '../../layout/bits.js';
import { u64 } from '../../layout/scalar.js';
import { HVDEF } from '../openvmm-origin.js';

// Contents of single registers and MSRs.

/** HV_X64_MSR_GUEST_CRASH_CTL. */
export const GuestCrashCtl = bits(
  'GuestCrashCtl',
  u64,
  {
    _reserved: 58,
    pre_os_id: 3,
    no_crash_dump: 1,
    crash_message: 1,
    crash_notify: 1,
  },
  undefined,
  HVDEF,
);

export const HvDeliverabilityNotificationsRegister = bits(
  'HvDeliverabilityNotificationsRegister',
  u64,
  {
    nmi_notification: 1,
    interrupt_notification: 1,
    interrupt_priority: 4,
    reserved: 42,
    sints: 16,
  },
  undefined,
  HVDEF,
);

export const HvInternalActivityRegister = bits(
  'HvInternalActivityRegister',
  u64,
  {
    startup_suspend: 1,
    halt_suspend: 1,
    idle_suspend: 1,
    reserved: 61,
  },
  undefined,
  HVDEF,
);

export const HvInstructionEmulatorHintsRegister = bits(
  'HvInstructionEmulatorHintsRegister',
  u64,
  {
    partition_secure_vtl_enabled: 1,
    mbec_user_execute_control: 1,
    _padding: 62,
  },
  undefined,
  HVDEF,
);

export const HvPmTimerInfo = bits(
  'HvPmTimerInfo',
  u64,
  {
    port: 16,
    width_24: 1,
    enabled: 1,
    reserved1: 14,
    reserved2: 32,
  },
  undefined,
  HVDEF,
);

export const HvRegisterCrInterceptControl = bits(
  'HvRegisterCrInterceptControl',
  u64,
  {
    cr0_write: 1,
    cr4_write: 1,
    xcr0_write: 1,
    ia32_misc_enable_read: 1,
    ia32_misc_enable_write: 1,
    msr_lstar_read: 1,
    msr_lstar_write: 1,
    msr_star_read: 1,
    msr_star_write: 1,
    msr_cstar_read: 1,
    msr_cstar_write: 1,
    apic_base_msr_read: 1,
    apic_base_msr_write: 1,
    msr_efer_read: 1,
    msr_efer_write: 1,
    gdtr_write: 1,
    idtr_write: 1,
    ldtr_write: 1,
    tr_write: 1,
    msr_sysenter_cs_write: 1,
    msr_sysenter_eip_write: 1,
    msr_sysenter_esp_write: 1,
    msr_sfmask_write: 1,
    msr_tsc_aux_write: 1,
    msr_sgx_launch_control_write: 1,
    msr_xss_write: 1,
    msr_scet_write: 1,
    msr_pls_ssp_write: 1,
    msr_interrupt_ssp_table_addr_write: 1,
    _rsvd_z: 35,
  },
  undefined,
  HVDEF,
);

export const HvX64RegisterSevAvic = bits(
  'HvX64RegisterSevAvic',
  u64,
  {
    enable_secure_apic: 1,
    _rsvd1: 11,
    avic_gpa_page_number: 52,
  },
  undefined,
  HVDEF,
);

export const HvX64RegisterSevControl = bits(
  'HvX64RegisterSevControl',
  u64,
  {
    enable_encrypted_state: 1,
    _rsvd1: 11,
    vmsa_gpa_page_number: 52,
  },
  undefined,
  HVDEF,
);

/** HV_X64_MSR_HYPERCALL; Linux has bit 1 (locked) as reserved. */
export const MsrHypercallContents = bits(
  'MsrHypercallContents',
  u64,
  {
    enable: 1,
    locked: 1,
    reserved_p: 10,
    gpn: 52,
  },
  undefined,
  HVDEF,
);
