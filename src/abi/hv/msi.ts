import { bit, bits } from '../../layout/bits.js';
import { perArch } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVGDK_MINI } from '../origin.js';
import { hv_device_interrupt_target, hv_interrupt_source, hv_interrupt_type } from './interrupt.js';

// Message-signalled and I/O APIC interrupt entries: on arm64 a message is twice as long, which moves all that
// follows it.
// include/hyperv/hvgdk_mini.h.

export const hv_msi_address_register = bits(
  'hv_msi_address_register',
  u32,
  { reserved1: 2, destination_mode: 1, redirection_hint: 1, reserved2: 8, destination_id: 8, msi_base: 12 },
  { word: 'as_uint32' },
  HVGDK_MINI,
);

export const hv_msi_data_register = bits(
  'hv_msi_data_register',
  u32,
  {
    vector: 8,
    delivery_mode: bit(3, hv_interrupt_type),
    reserved1: 3,
    level_assert: 1,
    trigger_mode: 1,
    reserved2: 16,
  },
  { word: 'as_uint32' },
  HVGDK_MINI,
);

export const hv_ioapic_rte = union(
  'hv_ioapic_rte',
  0x8,
  {
    as_uint64: u64,
    entry: anon(
      bits(u64, {
        vector: 8,
        delivery_mode: bit(3, hv_interrupt_type),
        destination_mode: 1,
        delivery_status: 1,
        interrupt_polarity: 1,
        remote_irr: 1,
        trigger_mode: 1,
        interrupt_mask: 1,
        reserved1: 15,
        reserved2: 24,
        destination_id: 8,
      }),
    ),
    halves: anon(struct({ low_uint32: u32, high_uint32: u32 })),
  },
  { otherwise: 'entry' },
  HVGDK_MINI,
);

export const hv_msi_entry = perArch({
  x64: union(
    'hv_msi_entry',
    0x8,
    { as_uint64: u64, msi: anon(struct({ address: hv_msi_address_register, data: hv_msi_data_register })) },
    { otherwise: 'msi' },
    HVGDK_MINI,
  ),
  arm64: union(
    'hv_msi_entry',
    0x10,
    { as_uint64: array(u64, 2), msi: anon(struct({ address: u64, data: u32, reserved: rsvd(u32) })) },
    { otherwise: 'msi' },
    HVGDK_MINI,
  ),
});

export const hv_interrupt_entry = perArch({
  x64: struct(
    'hv_interrupt_entry',
    0x10,
    {
      source: u32.as(hv_interrupt_source),
      reserved1: rsvd(u32),
      u: anon(
        union(
          { msi_entry: hv_msi_entry.x64, ioapic_rte: hv_ioapic_rte },
          {
            by: 'source',
            of: {
              [hv_interrupt_source.HV_INTERRUPT_SOURCE_MSI]: 'msi_entry',
              [hv_interrupt_source.HV_INTERRUPT_SOURCE_IOAPIC]: 'ioapic_rte',
            },
            otherwise: 'msi_entry',
          },
        ),
      ),
    },
    HVGDK_MINI,
  ),
  arm64: struct(
    'hv_interrupt_entry',
    0x18,
    {
      source: u32.as(hv_interrupt_source),
      reserved1: rsvd(u32),
      u: anon(
        union(
          { msi_entry: hv_msi_entry.arm64, ioapic_rte: hv_ioapic_rte },
          {
            by: 'source',
            of: {
              [hv_interrupt_source.HV_INTERRUPT_SOURCE_MSI]: 'msi_entry',
              [hv_interrupt_source.HV_INTERRUPT_SOURCE_IOAPIC]: 'ioapic_rte',
            },
            otherwise: 'msi_entry',
          },
        ),
      ),
    },
    HVGDK_MINI,
  ),
});

export const hv_retarget_device_interrupt = perArch({
  x64: struct(
    'hv_retarget_device_interrupt',
    0x40,
    {
      partition_id: u64,
      device_id: u64,
      int_entry: hv_interrupt_entry.x64,
      reserved2: rsvd(u64),
      int_target: hv_device_interrupt_target,
    },
    HVGDK_MINI,
  ),
  arm64: struct(
    'hv_retarget_device_interrupt',
    0x48,
    {
      partition_id: u64,
      device_id: u64,
      int_entry: hv_interrupt_entry.arm64,
      reserved2: rsvd(u64),
      int_target: hv_device_interrupt_target,
    },
    HVGDK_MINI,
  ),
});
