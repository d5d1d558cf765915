import { bits } from '../../layout/bits.js';
import { array, rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { union } from '../../layout/union.js';
import { VPCI_PROTOCOL } from '../openvmm-origin.js';
import { hv_msi_desc, tran_int_desc } from './interrupt.js';
import { win_slot_encoding } from './message.js';
import { Status, VpciMessageType } from './openvmm-devices.js';
import { MsiResourceDescriptor2, MsiResourceDescriptor3 } from './openvmm-interrupts.js';

// Resource lists. The three resource messages share one fixed part; each has its own size of MSI entry behind it.

export const ResourceType = enumeration('ResourceType', {
  NULL: 0,
  PORT: 1,
  INTERRUPT: 2,
  MEMORY: 3,
  DMA: 4,
  DEVICE_SPECIFIC: 5,
  BUS_NUMBER: 6,
  MEMORY_LARGE: 7,
});

export const ResourceFlags = bits(
  'ResourceFlags',
  u16,
  {
    reserved: 9,
    large_40: 1,
    large_48: 1,
    large_64: 1,
    reserved2: 4,
  },
  undefined,
  VPCI_PROTOCOL,
);

/** address is a u64 at offset 4. */
export const PartialResourceDescriptor = struct(
  'PartialResourceDescriptor',
  0x14,
  {
    resource_type: u8.as(ResourceType),
    share_disposition: u8,
    flags: ResourceFlags,
    address: u64,
    adjusted_len: u32,
    padding: rsvd(u32),
  },
  VPCI_PROTOCOL,
);

export const PartialResourceList = struct(
  'PartialResourceList',
  0x80,
  {
    version: u16,
    revision: u16,
    count: u32,
    descriptors: array(PartialResourceDescriptor, 6),
  },
  VPCI_PROTOCOL,
);

/** Answered with a PartialResourceList alone: no status word. */
export const GetResources = struct(
  'GetResources',
  0x20,
  {
    message_type: u32.as(VpciMessageType),
    slot: win_slot_encoding,
    reserved: rsvd(u64, 3),
  },
  VPCI_PROTOCOL,
);

/** One MSI entry: a descriptor in requests, the remapped address and data in replies. */
export const MsiResource = union(
  'MsiResource',
  0x10,
  {
    descriptor: hv_msi_desc,
    remapped: tran_int_desc,
    resource_data: array(u64, 2),
  },
  { otherwise: 'descriptor' },
  VPCI_PROTOCOL,
);

export const MsiResource2 = union(
  'MsiResource2',
  0x48,
  {
    descriptor: MsiResourceDescriptor2,
    remapped: tran_int_desc,
    resource_data: array(u64, 9),
  },
  { otherwise: 'descriptor' },
  VPCI_PROTOCOL,
);

export const MsiResource3 = union(
  'MsiResource3',
  0x50,
  {
    descriptor: MsiResourceDescriptor3,
    remapped: tran_int_desc,
    resource_data: array(u64, 10),
  },
  { otherwise: 'descriptor' },
  VPCI_PROTOCOL,
);

const translate = {
  message_type: u32.as(VpciMessageType),
  slot: win_slot_encoding,
  mmio_resources: array(PartialResourceDescriptor, 6),
  msi_resource_count: u32,
  reserved: rsvd(u32),
};

const translateReply = {
  status: u32.as(Status),
  slot: win_slot_encoding,
  mmio_resources: array(PartialResourceDescriptor, 6),
  msi_resource_count: u32,
  reserved: rsvd(u32),
};

export const DeviceTranslate = struct('DeviceTranslate', 0x88, translate, VPCI_PROTOCOL);

export const DeviceTranslateReply = struct('DeviceTranslateReply', 0x88, translateReply, VPCI_PROTOCOL);

// OpenVMM has no struct for the fixed part with its entries; these five are named after its message types.
export const AssignedResources = struct(
  'AssignedResources',
  0x88,
  {
    ...translate,
    msi: rep(MsiResource, { count: 'msi_resource_count' }),
  },
  VPCI_PROTOCOL,
);

export const AssignedResources2 = struct(
  'AssignedResources2',
  0x88,
  {
    ...translate,
    msi: rep(MsiResource2, { count: 'msi_resource_count' }),
  },
  VPCI_PROTOCOL,
);

export const AssignedResources3 = struct(
  'AssignedResources3',
  0x88,
  {
    ...translate,
    msi: rep(MsiResource3, { count: 'msi_resource_count' }),
  },
  VPCI_PROTOCOL,
);

export const AssignedResourcesReply = struct(
  'AssignedResourcesReply',
  0x88,
  {
    ...translateReply,
    msi: rep(tran_int_desc, { count: 'msi_resource_count' }),
  },
  VPCI_PROTOCOL,
);

/** Of the second and the third message: entries keep the 72 bytes of the second. */
export const AssignedResourcesReply2 = struct(
  'AssignedResourcesReply2',
  0x88,
  {
    ...translateReply,
    msi: rep(struct({ remapped: tran_int_desc, unused: rsvd(56) }), { count: 'msi_resource_count' }),
  },
  VPCI_PROTOCOL,
);
