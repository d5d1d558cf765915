import { bits } from '../../layout/bits.js';
import { enumeration, i32, u32 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { PCI_HYPERV } from '../origin.js';
import { vmpacket_descriptor } from '../vmbus/packet.js';

// Virtual PCI: versions, message types, common parts. drivers/pci/controller/pci-hyperv.c.

export const pci_protocol_version_t = enumeration('pci_protocol_version_t', {
  PCI_PROTOCOL_VERSION_1_1: 0x10001,
  PCI_PROTOCOL_VERSION_1_2: 0x10002,
  PCI_PROTOCOL_VERSION_1_3: 0x10003,
  PCI_PROTOCOL_VERSION_1_4: 0x10004,
  // Versions that Linux does not ask for; names of OpenVMM.
  WIN8: 0x10000,
  GE: 0x10005,
  DT: 0x10006,
});

export const pci_message_type = enumeration('pci_message_type', {
  PCI_BUS_RELATIONS: 0x42490000,
  PCI_QUERY_BUS_RELATIONS: 0x42490001,
  PCI_POWER_STATE_CHANGE: 0x42490004,
  PCI_QUERY_RESOURCE_REQUIREMENTS: 0x42490005,
  PCI_QUERY_RESOURCE_RESOURCES: 0x42490006,
  PCI_BUS_D0ENTRY: 0x42490007,
  PCI_BUS_D0EXIT: 0x42490008,
  PCI_READ_BLOCK: 0x42490009,
  PCI_WRITE_BLOCK: 0x4249000a,
  PCI_EJECT: 0x4249000b,
  PCI_QUERY_STOP: 0x4249000c,
  PCI_REENABLE: 0x4249000d,
  PCI_QUERY_STOP_FAILED: 0x4249000e,
  PCI_EJECTION_COMPLETE: 0x4249000f,
  PCI_RESOURCES_ASSIGNED: 0x42490010,
  PCI_RESOURCES_RELEASED: 0x42490011,
  PCI_INVALIDATE_BLOCK: 0x42490012,
  PCI_QUERY_PROTOCOL_VERSION: 0x42490013,
  PCI_CREATE_INTERRUPT_MESSAGE: 0x42490014,
  PCI_DELETE_INTERRUPT_MESSAGE: 0x42490015,
  PCI_RESOURCES_ASSIGNED2: 0x42490016,
  PCI_CREATE_INTERRUPT_MESSAGE2: 0x42490017,
  PCI_DELETE_INTERRUPT_MESSAGE2: 0x42490018,
  PCI_BUS_RELATIONS2: 0x42490019,
  PCI_RESOURCES_ASSIGNED3: 0x4249001a,
  PCI_CREATE_INTERRUPT_MESSAGE3: 0x4249001b,
  // Numbers that only OpenVMM names.
  INVALIDATE_DEVICE: 0x42490002,
  INVALIDATE_BUS: 0x42490003,
  RESET_DEVICE: 0x4249001c,
  VPCI_TDISP_COMMAND: 0x4249001d,
  // Bounds of Linux's enumeration.
  PCI_MESSAGE_BASE: 0x42490000,
  PCI_MESSAGE_MAXIMUM: 0x4249001c,
});

export const pci_nt_status = enumeration('pci_nt_status', {
  STATUS_REVISION_MISMATCH: 0xc0000059,
});

export const pci_version = bits(
  'pci_version',
  u32,
  { minor_version: 16, major_version: 16 },
  { word: 'version', group: 'parts' },
  PCI_HYPERV,
);

export const win_slot_encoding = bits(
  'win_slot_encoding',
  u32,
  { dev: 5, func: 3, reserved: 24 },
  { word: 'slot', group: 'bits' },
  PCI_HYPERV,
);

export const pci_message = struct('pci_message', 0x4, { type: u32.as(pci_message_type) }, PCI_HYPERV);

export const pci_child_message = struct(
  'pci_child_message',
  0x8,
  { message_type: pci_message, wslot: win_slot_encoding },
  PCI_HYPERV,
);

export const pci_incoming_message = struct(
  'pci_incoming_message',
  0x14,
  { hdr: vmpacket_descriptor, message_type: pci_message },
  PCI_HYPERV,
);

export const pci_response = struct('pci_response', 0x14, { hdr: vmpacket_descriptor, status: i32 }, PCI_HYPERV);

export const pci_version_request = struct(
  'pci_version_request',
  0x8,
  { message_type: pci_message, protocol_version: u32.as(pci_protocol_version_t) },
  PCI_HYPERV,
);
