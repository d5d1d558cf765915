import { rep } from '../../layout/list.js';
import { enumeration, i32, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { PCI_HYPERV } from '../origin.js';
import { vmpacket_descriptor } from '../vmbus/packet.js';
import { pci_incoming_message, pci_message, win_slot_encoding } from './message.js';

// Virtual PCI: the bus and its functions. drivers/pci/controller/pci-hyperv.c.

export const pci_device_description_flags = enumeration('pci_device_description_flags', {
  HV_PCI_DEVICE_FLAG_NONE: 0,
  HV_PCI_DEVICE_FLAG_NUMA_AFFINITY: 1,
});

export const hv_pcibus_state = enumeration('hv_pcibus_state', {
  hv_pcibus_init: 0,
  hv_pcibus_probed: 1,
  hv_pcibus_installed: 2,
  hv_pcibus_removing: 3,
  hv_pcibus_maximum: 4,
});

export const pci_function_description = struct(
  'pci_function_description',
  0x14,
  {
    v_id: u16,
    d_id: u16,
    rev: u8,
    prog_intf: u8,
    subclass: u8,
    base_class: u8,
    subsystem_id: u32,
    win_slot: win_slot_encoding,
    ser: u32,
  },
  PCI_HYPERV,
);

export const pci_function_description2 = struct(
  'pci_function_description2',
  0x1c,
  {
    v_id: u16,
    d_id: u16,
    rev: u8,
    prog_intf: u8,
    subclass: u8,
    base_class: u8,
    subsystem_id: u32,
    win_slot: win_slot_encoding,
    ser: u32,
    flags: u32.flagsOf(pci_device_description_flags),
    virtual_numa_node: u16,
    reserved: rsvd(u16),
  },
  PCI_HYPERV,
);

export const pci_bus_relations = struct(
  'pci_bus_relations',
  0x18,
  { incoming: pci_incoming_message, device_count: u32, func: rep(pci_function_description, { count: 'device_count' }) },
  PCI_HYPERV,
);

export const pci_bus_relations2 = struct(
  'pci_bus_relations2',
  0x18,
  {
    incoming: pci_incoming_message,
    device_count: u32,
    func: rep(pci_function_description2, { count: 'device_count' }),
  },
  PCI_HYPERV,
);

export const pci_bus_d0_entry = struct(
  'pci_bus_d0_entry',
  0x10,
  { message_type: pci_message, reserved: rsvd(u32), mmio_base: u64 },
  PCI_HYPERV,
);

export const pci_set_power = struct(
  'pci_set_power',
  0x10,
  { message_type: pci_message, wslot: win_slot_encoding, power_state: u32, reserved: rsvd(u32) },
  PCI_HYPERV,
);

export const pci_set_power_response = struct(
  'pci_set_power_response',
  0x20,
  { hdr: vmpacket_descriptor, status: i32, wslot: win_slot_encoding, resultant_state: u32, reserved: rsvd(u32) },
  PCI_HYPERV,
);

export const pci_dev_incoming = struct(
  'pci_dev_incoming',
  0x18,
  { incoming: pci_incoming_message, wslot: win_slot_encoding },
  PCI_HYPERV,
);

export const pci_eject_response = struct(
  'pci_eject_response',
  0xc,
  { message_type: pci_message, wslot: win_slot_encoding, status: u32 },
  PCI_HYPERV,
);
