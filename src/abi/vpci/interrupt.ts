import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { hv_interrupt_type } from '../hv/interrupt.js';
import { PCI_HYPERV } from '../origin.js';
import { pci_message, pci_response, win_slot_encoding } from './message.js';

// Virtual PCI: interrupts. drivers/pci/controller/pci-hyperv.c.

export const vpci_interrupt = enumeration('vpci_interrupt', {
  DELIVERY_MODE: 0x0,
  CPU_AFFINITY_ALL: 0xffffffffffffffffn,
  HV_MSI_CHIP_FLAGS: 0x2,
  HV_PCIE_MSI_FLAGS_REQUIRED: 0x203,
  HV_PCIE_MSI_FLAGS_SUPPORTED: 0x13ffff,
});

export const vpci_interrupt_arm64 = enumeration('vpci_interrupt_arm64', {
  HV_PCI_MSI_SPI_START: 64,
  HV_PCI_MSI_SPI_NR: 956,
  HV_MSI_CHIP_FLAGS: 1,
  hv_msi_prepare: 0,
});

export const hv_msi_desc = struct(
  'hv_msi_desc',
  0x10,
  { vector: u8, delivery_mode: u8.as(hv_interrupt_type), vector_count: u16, reserved: rsvd(u32), cpu_mask: u64 },
  PCI_HYPERV,
);

export const hv_msi_desc2 = struct(
  'hv_msi_desc2',
  0x46,
  {
    vector: u8,
    delivery_mode: u8.as(hv_interrupt_type),
    vector_count: u16,
    processor_count: u16,
    processor_array: array(u16, 32),
  },
  PCI_HYPERV,
);

export const hv_msi_desc3 = struct(
  'hv_msi_desc3',
  0x4a,
  {
    vector: u32,
    delivery_mode: u8.as(hv_interrupt_type),
    reserved: rsvd(1),
    vector_count: u16,
    processor_count: u16,
    processor_array: array(u16, 32),
  },
  PCI_HYPERV,
);

export const tran_int_desc = struct(
  'tran_int_desc',
  0x10,
  { reserved: rsvd(u16), vector_count: u16, data: u32, address: u64 },
  PCI_HYPERV,
);

export const pci_create_interrupt = struct(
  'pci_create_interrupt',
  0x18,
  { message_type: pci_message, wslot: win_slot_encoding, int_desc: hv_msi_desc },
  PCI_HYPERV,
);

export const pci_create_interrupt2 = struct(
  'pci_create_interrupt2',
  0x4e,
  { message_type: pci_message, wslot: win_slot_encoding, int_desc: hv_msi_desc2 },
  PCI_HYPERV,
);

export const pci_create_interrupt3 = struct(
  'pci_create_interrupt3',
  0x52,
  { message_type: pci_message, wslot: win_slot_encoding, int_desc: hv_msi_desc3 },
  PCI_HYPERV,
);

export const pci_create_int_response = struct(
  'pci_create_int_response',
  0x28,
  { response: pci_response, reserved: rsvd(u32), int_desc: tran_int_desc },
  PCI_HYPERV,
);

export const pci_delete_interrupt = struct(
  'pci_delete_interrupt',
  0x18,
  { message_type: pci_message, wslot: win_slot_encoding, int_desc: tran_int_desc },
  PCI_HYPERV,
);
