import { bits } from '../../layout/bits.js';
import { array } from '../../layout/list.js';
import { bytes, enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { HVDEF } from '../openvmm-origin.js';
import { hv_message } from '../synic/message.js';

// Virtual trust levels: who runs where, and how a VP enters one.

export const Vtl = enumeration('Vtl', {
  Vtl0: 0,
  Vtl1: 1,
  Vtl2: 2,
});

export const HvVtlEntryReason = enumeration('HvVtlEntryReason', {
  RESERVED: 0,
  VTL_CALL: 1,
  INTERRUPT: 2,
  INTERCEPT: 3,
});

/** Linux keeps vina_status inside vtl_reserved. */
export const HvVpVtlControl = struct(
  'HvVpVtlControl',
  0x18,
  {
    entry_reason: u32.as(HvVtlEntryReason),
    vina_status: u8,
    reserved_z0: rsvd(1),
    reserved_z1: rsvd(u16),
    registers: array(u64, 2),
  },
  HVDEF,
);

export const HvVpAssistPage = struct(
  'HvVpAssistPage',
  0x270,
  {
    apic_assist: u32,
    reserved_z0: rsvd(u32),
    vtl_control: HvVpVtlControl,
    nested_enlightenments_control: u64,
    enlighten_vm_entry: u8,
    reserved_z1: rsvd(7),
    current_nested_vmcs: u64,
    synthetic_time_unhalted_timer_expired: u8,
    reserved_z2: rsvd(7),
    virtualization_fault_information: bytes(40),
    reserved_z3: rsvd(u64),
    intercept_message: hv_message,
    vtl_return_actions: bytes(256),
  },
  HVDEF,
);

/** One entry of vtl_return_actions. */
export const HvVpAssistPageActionSignalEvent = struct(
  'HvVpAssistPageActionSignalEvent',
  0x10,
  {
    action_type: u64,
    target_vp: u32,
    target_vtl: u8,
    target_sint: u8,
    flag_number: u16,
  },
  HVDEF,
);

export const EnablePartitionVtlFlags = bits(
  'EnablePartitionVtlFlags',
  u8,
  {
    enable_mbec: 1,
    enable_supervisor_shadow_stack: 1,
    enable_hardware_hvpt: 1,
    reserved: 5,
  },
  undefined,
  HVDEF,
);

export const EnablePartitionVtl = struct(
  'EnablePartitionVtl',
  0x10,
  {
    partition_id: u64,
    target_vtl: u8,
    flags: EnablePartitionVtlFlags,
    reserved_z0: rsvd(u16),
    reserved_z1: rsvd(u32),
  },
  HVDEF,
);

/** Linux has only the x64 register set (hv_init_vp_context, 224 bytes). */
export const InitialVpContextArm64 = struct(
  'InitialVpContextArm64',
  0x48,
  {
    pc: u64,
    sp_elh: u64,
    sctlr_el1: u64,
    mair_el1: u64,
    tcr_el1: u64,
    vbar_el1: u64,
    ttbr0_el1: u64,
    ttbr1_el1: u64,
    x18: u64,
  },
  HVDEF,
);

export const EnableVpVtlArm64 = struct(
  'EnableVpVtlArm64',
  0x58,
  {
    partition_id: u64,
    vp_index: u32,
    target_vtl: u8,
    reserved: rsvd(3),
    vp_vtl_context: InitialVpContextArm64,
  },
  HVDEF,
);

export const StartVirtualProcessorArm64 = struct(
  'StartVirtualProcessorArm64',
  0x58,
  {
    partition_id: u64,
    vp_index: u32,
    target_vtl: u8,
    rsvd0: rsvd(1),
    rsvd1: rsvd(u16),
    vp_context: InitialVpContextArm64,
  },
  HVDEF,
);
