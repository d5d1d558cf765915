import { bits } from '../../layout/bits.js';
import { rep } from '../../layout/list.js';
import { enumeration, rsvd, u8, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { VPCI_PROTOCOL } from '../openvmm-origin.js';
import { win_slot_encoding } from './message.js';

// Devices on a virtual PCI bus, protocol and power.

/** major << 16 | minor, named after Windows releases. */
export const ProtocolVersion = enumeration('ProtocolVersion', {
  WIN8: 0x10000,
  WIN10: 0x10001,
  RS1: 0x10002,
  VB: 0x10003,
  FE: 0x10004,
  GE: 0x10005,
  DT: 0x10006,
});

export const VpciMessageType = enumeration('MessageType', {
  BUS_RELATIONS: 0x42490000,
  QUERY_BUS_RELATIONS: 0x42490001,
  INVALIDATE_DEVICE: 0x42490002,
  INVALIDATE_BUS: 0x42490003,
  DEVICE_POWER_STATE_CHANGE: 0x42490004,
  CURRENT_RESOURCE_REQUIREMENTS: 0x42490005,
  GET_RESOURCES: 0x42490006,
  FDO_D0_ENTRY: 0x42490007,
  FDO_D0_EXIT: 0x42490008,
  READ_BLOCK: 0x42490009,
  WRITE_BLOCK: 0x4249000a,
  EJECT: 0x4249000b,
  QUERY_STOP: 0x4249000c,
  RE_ENABLE: 0x4249000d,
  QUERY_STOP_FAILED: 0x4249000e,
  EJECT_COMPLETE: 0x4249000f,
  ASSIGNED_RESOURCES: 0x42490010,
  RELEASE_RESOURCES: 0x42490011,
  INVALIDATE_BLOCK: 0x42490012,
  QUERY_PROTOCOL_VERSION: 0x42490013,
  CREATE_INTERRUPT: 0x42490014,
  DELETE_INTERRUPT: 0x42490015,
  ASSIGNED_RESOURCES2: 0x42490016,
  CREATE_INTERRUPT2: 0x42490017,
  DELETE_INTERRUPT2: 0x42490018,
  BUS_RELATIONS2: 0x42490019,
  ASSIGNED_RESOURCES3: 0x4249001a,
  CREATE_INTERRUPT3: 0x4249001b,
  RESET_DEVICE: 0x4249001c,
  VPCI_TDISP_COMMAND: 0x4249001d,
});

/** NTSTATUS values that hosts answer. */
export const Status = enumeration('Status', {
  SUCCESS: 0x00000,
  REVISION_MISMATCH: 0xc0000059,
  BAD_DATA: 0xc000090b,
  NOT_SUPPORTED: 0xc00000bb,
});

/** Linux reads the two sub-system ids as one u32. */
export const PnpId = struct(
  'PnpId',
  0x0c,
  {
    vendor_id: u16,
    device_id: u16,
    revision_id: u8,
    prog_if: u8,
    sub_class: u8,
    base_class: u8,
    sub_vendor_id: u16,
    sub_system_id: u16,
  },
  VPCI_PROTOCOL,
);

export const DeviceDescription = struct(
  'DeviceDescription',
  0x14,
  {
    pnp_id: PnpId,
    slot: win_slot_encoding,
    serial_num: u32,
  },
  VPCI_PROTOCOL,
);

export const DeviceDescription2Flags = bits(
  'DeviceDescription2Flags',
  u32,
  {
    numa_affinity_specified: 1,
    reserved: 31,
  },
  undefined,
  VPCI_PROTOCOL,
);

export const DeviceDescription2 = struct(
  'DeviceDescription2',
  0x1c,
  {
    pnp_id: PnpId,
    slot: win_slot_encoding,
    serial_num: u32,
    flags: DeviceDescription2Flags,
    numa_node: u16,
    rsvd: rsvd(u16),
  },
  VPCI_PROTOCOL,
);

/** From the host, below protocol 1.3; without the packet descriptor that pci_bus_relations includes. */
export const QueryBusRelations = struct(
  'QueryBusRelations',
  0x08,
  {
    message_type: u32.as(VpciMessageType),
    device_count: u32,
    device: rep(DeviceDescription, { count: 'device_count' }),
  },
  VPCI_PROTOCOL,
);

export const QueryBusRelations2 = struct(
  'QueryBusRelations2',
  0x08,
  {
    message_type: u32.as(VpciMessageType),
    device_count: u32,
    device: rep(DeviceDescription2, { count: 'device_count' }),
  },
  VPCI_PROTOCOL,
);

/** Linux reads the status only. */
export const QueryProtocolVersionReply = struct(
  'QueryProtocolVersionReply',
  0x08,
  {
    status: u32.as(Status),
    protocol_version: u32.as(ProtocolVersion),
  },
  VPCI_PROTOCOL,
);

export const DevicePowerState = enumeration('DevicePowerState', {
  D0: 1,
  D3: 4,
});

/** 12 bytes; Linux declares 16 (pci_set_power) and never sends it. */
export const DevicePowerChange = struct(
  'DevicePowerChange',
  0x0c,
  {
    message_type: u32.as(VpciMessageType),
    slot: win_slot_encoding,
    target_state: u32.as(DevicePowerState),
  },
  VPCI_PROTOCOL,
);

/** TEE device interface security: the command follows as bytes. */
export const VpciTdispCommandHeader = struct(
  'VpciTdispCommandHeader',
  0x10,
  {
    message_type: u32.as(VpciMessageType),
    slot: win_slot_encoding,
    data_length: u64,
    command: rep(u8, { count: 'data_length' }),
  },
  VPCI_PROTOCOL,
);

export const VpciTdispCommandHeaderReply = struct(
  'VpciTdispCommandHeaderReply',
  0x10,
  {
    status: u32.as(Status),
    slot: win_slot_encoding,
    data_length: u64,
    response: rep(u8, { count: 'data_length' }),
  },
  VPCI_PROTOCOL,
);
