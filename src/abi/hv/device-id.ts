import { bit, bits } from '../../layout/bits.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { HVHDK_MINI } from '../origin.js';

// How a hypercall names a device. include/hyperv/hvhdk_mini.h.

export const hv_device_type = enumeration('hv_device_type', {
  HV_DEVICE_TYPE_LOGICAL: 0,
  HV_DEVICE_TYPE_PCI: 1,
  HV_DEVICE_TYPE_IOAPIC: 2,
  HV_DEVICE_TYPE_ACPI: 3,
});

export const hv_source_shadow = enumeration('hv_source_shadow', {
  HV_SOURCE_SHADOW_NONE: 0,
  HV_SOURCE_SHADOW_BRIDGE_BUS_RANGE: 1,
});

export const hv_pci_bdf = bits(
  'hv_pci_bdf',
  u16,
  { function: 3, device: 5, bus: 8 },
  { word: 'as_uint16' },
  HVHDK_MINI,
);

export const hv_pci_bus_range = union(
  'hv_pci_bus_range',
  0x2,
  { as_uint16: u16, parts: anon(struct({ subordinate_bus: u8, secondary_bus: u8 })) },
  { otherwise: 'parts' },
  HVHDK_MINI,
);

export const hv_device_id = union(
  'hv_device_id',
  0x8,
  {
    as_uint64: u64,
    tag: anon(bits(u64, { reserved0: 62, device_type: bit(2, hv_device_type) })),
    logical: bits(u64, { id: 62, device_type: bit(2, hv_device_type) }),
    pci: struct({
      requester: anon(union({ rid: u16, bdf: hv_pci_bdf }, { otherwise: 'bdf' })),
      segment: u16,
      shadow_bus_range: hv_pci_bus_range,
      alias: anon(
        bits(u16, { phantom_function_bits: 2, source_shadow: 1, rsvdz0: 11, device_type: bit(2, hv_device_type) }),
      ),
    }),
    ioapic: struct({
      ioapic_id: u8,
      rsvdz0: rsvd(1),
      rsvdz1: rsvd(u16),
      rsvdz2: rsvd(u16),
      tag: anon(bits(u16, { rsvdz3: 14, device_type: bit(2, hv_device_type) })),
    }),
    acpi: struct({
      input_mapping_base: u32,
      tag: anon(bits(u32, { input_mapping_count: 30, device_type: bit(2, hv_device_type) })),
    }),
  },
  {
    by: 'tag.device_type',
    of: {
      [hv_device_type.HV_DEVICE_TYPE_LOGICAL]: 'logical',
      [hv_device_type.HV_DEVICE_TYPE_PCI]: 'pci',
      [hv_device_type.HV_DEVICE_TYPE_IOAPIC]: 'ioapic',
      [hv_device_type.HV_DEVICE_TYPE_ACPI]: 'acpi',
    },
  },
  HVHDK_MINI,
);
