import { array, rep } from '../../layout/list.js';
import { bytes, enumeration, i32, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { PCI_HYPERV } from '../origin.js';
import { vmpacket_descriptor } from '../vmbus/packet.js';
import { pci_incoming_message, pci_message, win_slot_encoding } from './message.js';

// Virtual PCI: resources and configuration blocks. drivers/pci/controller/pci-hyperv.c.

export const vpci_limits = enumeration('vpci_limits', {
  PCI_CONFIG_MMIO_LENGTH: 0x2000,
  CFG_PAGE_OFFSET: 0x1000,
  CFG_PAGE_SIZE: 0x1000,
  MAX_SUPPORTED_MSI_MESSAGES: 0x400,
  HV_PCI_RQSTOR_SIZE: 64,
  HV_CONFIG_BLOCK_SIZE_MAX: 128,
  SLOT_NAME_SIZE: 11,
});

export const vpci_limits_6_12 = enumeration('vpci_limits_6_12', {
  HVPCI_DOM_MAP_SIZE: 0x10000,
  HVPCI_DOM_INVALID: 0,
});

export const pci_q_res_req_response = struct(
  'pci_q_res_req_response',
  0x2c,
  { hdr: vmpacket_descriptor, status: i32, probed_bar: array(u32, 6) },
  PCI_HYPERV,
);

export const pci_resources_assigned = struct(
  'pci_resources_assigned',
  0x94,
  {
    message_type: pci_message,
    wslot: win_slot_encoding,
    memory_range: bytes(120),
    msi_descriptors: u32,
    reserved: rsvd(u32, 4),
  },
  PCI_HYPERV,
);

export const pci_resources_assigned2 = struct(
  'pci_resources_assigned2',
  0xca,
  {
    message_type: pci_message,
    wslot: win_slot_encoding,
    memory_range: bytes(120),
    msi_descriptor_count: u32,
    reserved: rsvd(70),
  },
  PCI_HYPERV,
);

export const pci_read_block = struct(
  'pci_read_block',
  0x10,
  { message_type: pci_message, block_id: u32, wslot: win_slot_encoding, bytes_requested: u32 },
  PCI_HYPERV,
);

export const pci_read_block_response = struct(
  'pci_read_block_response',
  0x94,
  { hdr: vmpacket_descriptor, status: u32, bytes: rep(u8, { declared: 128 }) },
  PCI_HYPERV,
);

export const pci_write_block = struct(
  'pci_write_block',
  0x90,
  {
    message_type: pci_message,
    block_id: u32,
    wslot: win_slot_encoding,
    byte_count: u32,
    bytes: rep(u8, { declared: 128, count: 'byte_count' }),
  },
  PCI_HYPERV,
);

export const pci_dev_inval_block = struct(
  'pci_dev_inval_block',
  0x20,
  { incoming: pci_incoming_message, wslot: win_slot_encoding, block_mask: u64 },
  PCI_HYPERV,
);
