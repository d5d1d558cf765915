import { bits } from '../../layout/bits.js';
import { array, varhead } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_interrupt_entry } from './msi.js';
import { hv_input_vtl } from './vtl.js';

// Interrupt targets and IPIs.

export const HvInterruptType = enumeration('HvInterruptType', {
  HvArm64InterruptTypeFixed: 0,
  HvX64InterruptTypeFixed: 0,
  HvX64InterruptTypeLowestPriority: 1,
  HvX64InterruptTypeSmi: 2,
  HvX64InterruptTypeRemoteRead: 3,
  HvX64InterruptTypeNmi: 4,
  HvX64InterruptTypeInit: 5,
  HvX64InterruptTypeSipi: 6,
  HvX64InterruptTypeExtInt: 7,
  HvX64InterruptTypeLocalInt0: 8,
  HvX64InterruptTypeLocalInt1: 9,
});

export const HvInterruptTargetFlags = bits(
  'HvInterruptTargetFlags',
  u32,
  {
    multicast: 1,
    processor_set: 1,
    proxy_redirect: 1,
    reserved: 29,
  },
  undefined,
  HVDEF,
);

/** With processor_set in flags: the set format; else a mask of 64 VPs. */
export const InterruptTarget = struct(
  'InterruptTarget',
  0x10,
  {
    vector: u32,
    flags: HvInterruptTargetFlags,
    mask_or_format: u64,
  },
  HVDEF,
);

/** Linux counts vp_set.valid_bank_mask into the struct (64 bytes) and has a wider entry on arm64 (72). */
export const RetargetDeviceInterrupt = struct(
  'RetargetDeviceInterrupt',
  0x38,
  {
    partition_id: u64,
    device_id: u64,
    entry: hv_interrupt_entry.x64,
    rsvd: rsvd(u64),
    target_header: InterruptTarget,
    // valid bank mask, then one u64 per bit set in it
    processor_set: varhead(u64),
  },
  HVDEF,
);

/** Linux sends the word at 4 as reserved (hv_send_ipi). */
export const SendSyntheticClusterIpi = struct(
  'SendSyntheticClusterIpi',
  0x10,
  {
    vector: u32,
    target_vtl: hv_input_vtl,
    flags: u8,
    reserved: rsvd(u16),
    processor_mask: u64,
  },
  HVDEF,
);

export const SendSyntheticClusterIpiEx = struct(
  'SendSyntheticClusterIpiEx',
  0x18,
  {
    vector: u32,
    target_vtl: hv_input_vtl,
    flags: u8,
    reserved: rsvd(u16),
    vp_set_format: u64,
    vp_set_valid_banks_mask: u64,
    vp_set_banks: varhead(u64),
  },
  HVDEF,
);

/** The local APIC as a saved register file. */
export const HvX64InterruptControllerState = struct(
  'HvX64InterruptControllerState',
  0xb0,
  {
    apic_id: u32,
    apic_version: u32,
    apic_ldr: u32,
    apic_dfr: u32,
    apic_spurious: u32,
    apic_isr: array(u32, 8),
    apic_tmr: array(u32, 8),
    apic_irr: array(u32, 8),
    apic_esr: u32,
    apic_icr_high: u32,
    apic_icr_low: u32,
    apic_lvt_timer: u32,
    apic_lvt_thermal: u32,
    apic_lvt_perfmon: u32,
    apic_lvt_lint0: u32,
    apic_lvt_lint1: u32,
    apic_lvt_error: u32,
    apic_lvt_cmci: u32,
    apic_error_status: u32,
    apic_initial_count: u32,
    apic_counter_value: u32,
    apic_divide_configuration: u32,
    apic_remote_read: u32,
  },
  HVDEF,
);
