import { bit, bits } from '../../layout/bits.js';
import { perArch } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVGDK_MINI, HVHDK, HVHDK_MINI, SERIES_PASSTHRU_2 } from '../origin.js';
import { hv_vpset } from './vp-set.js';

// Interrupts of devices: targets, assertion. include/hyperv/hvgdk_mini.h, hvhdk.h, hvhdk_mini.h.

export const hv_interrupt_type = enumeration('hv_interrupt_type', {
  HV_X64_INTERRUPT_TYPE_FIXED: 0,
  HV_X64_INTERRUPT_TYPE_LOWESTPRIORITY: 1,
  HV_X64_INTERRUPT_TYPE_SMI: 2,
  HV_X64_INTERRUPT_TYPE_REMOTEREAD: 3,
  HV_X64_INTERRUPT_TYPE_NMI: 4,
  HV_X64_INTERRUPT_TYPE_INIT: 5,
  HV_X64_INTERRUPT_TYPE_SIPI: 6,
  HV_X64_INTERRUPT_TYPE_EXTINT: 7,
  HV_X64_INTERRUPT_TYPE_LOCALINT0: 8,
  HV_X64_INTERRUPT_TYPE_LOCALINT1: 9,
  HV_X64_INTERRUPT_TYPE_MAXIMUM: 10,
});

export const hv_interrupt_source = enumeration('hv_interrupt_source', {
  HV_INTERRUPT_SOURCE_MSI: 1,
  HV_INTERRUPT_SOURCE_IOAPIC: 2,
});

export const hv_interrupt_trigger_mode = enumeration('hv_interrupt_trigger_mode', {
  HV_INTERRUPT_TRIGGER_MODE_EDGE: 0,
  HV_INTERRUPT_TRIGGER_MODE_LEVEL: 1,
});

export const hv_device_interrupt_target_flags = enumeration('hv_device_interrupt_target_flags', {
  HV_DEVICE_INTERRUPT_TARGET_MULTICAST: 1,
  HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET: 2,
});

export const hv_device_interrupt_target = struct(
  'hv_device_interrupt_target',
  0x18,
  {
    vector: u32,
    flags: u32.flagsOf(hv_device_interrupt_target_flags),
    u: anon(
      union(
        { vp_mask: u64, vp_set: hv_vpset },
        {
          by: 'flags',
          mask: hv_device_interrupt_target_flags.HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET,
          of: { 0: 'vp_mask', [hv_device_interrupt_target_flags.HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET]: 'vp_set' },
        },
      ),
    ),
  },
  HVGDK_MINI,
);

export const hv_device_interrupt_descriptor = struct(
  'hv_device_interrupt_descriptor',
  0x28,
  {
    interrupt_type: u32.as(hv_interrupt_type),
    trigger_mode: u32.as(hv_interrupt_trigger_mode),
    vector_count: u32,
    reserved: rsvd(u32),
    target: hv_device_interrupt_target,
  },
  HVHDK_MINI,
);

export const hv_interrupt_control = perArch({
  x64: bits(
    'hv_interrupt_control',
    u64,
    { interrupt_type: bit(32, hv_interrupt_type), level_triggered: 1, logical_dest_mode: 1, rsvd: 30 },
    { word: 'as_uint64' },
    HVHDK,
  ),
  arm64: bits(
    'hv_interrupt_control',
    u64,
    { interrupt_type: bit(32, hv_interrupt_type), rsvd1: 2, asserted: 1, rsvd2: 29 },
    { word: 'as_uint64' },
    HVHDK,
  ),
});

export const hv_input_assert_virtual_interrupt = perArch({
  x64: struct(
    'hv_input_assert_virtual_interrupt',
    0x20,
    {
      partition_id: u64,
      control: hv_interrupt_control.x64,
      dest_addr: u64,
      vector: u32,
      target_vtl: u8,
      rsvd_z0: rsvd(1),
      rsvd_z1: rsvd(u16),
    },
    HVHDK,
  ),
  arm64: struct(
    'hv_input_assert_virtual_interrupt',
    0x20,
    {
      partition_id: u64,
      control: hv_interrupt_control.arm64,
      dest_addr: u64,
      vector: u32,
      target_vtl: u8,
      rsvd_z0: rsvd(1),
      rsvd_z1: rsvd(u16),
    },
    HVHDK,
  ),
});

export const hv_input_get_vp_set_from_mda = struct(
  'hv_input_get_vp_set_from_mda',
  0x18,
  {
    target_partid: u64,
    dest_address: u64,
    input_vtl: u8,
    destmode_logical: u8,
    reserved0: rsvd(u16),
    reserved1: rsvd(u32),
  },
  SERIES_PASSTHRU_2,
);

export const hv_output_get_vp_set_from_mda = union(
  'hv_output_get_vp_set_from_mda',
  0x30,
  { target_vpset: hv_vpset, bitset_buffer: array(u64, 6) },
  { otherwise: 'bitset_buffer' },
  SERIES_PASSTHRU_2,
);
