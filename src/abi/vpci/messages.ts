import { messages } from '../../layout/messages.js';
import {
  pci_bus_d0_entry,
  pci_bus_relations,
  pci_bus_relations2,
  pci_dev_incoming,
  pci_eject_response,
  pci_set_power,
  pci_set_power_response,
} from './bus.js';
import {
  pci_create_int_response,
  pci_create_interrupt,
  pci_create_interrupt2,
  pci_create_interrupt3,
  pci_delete_interrupt,
} from './interrupt.js';
import { pci_child_message, pci_message, pci_response, pci_version_request } from './message.js';
import {
  DevicePowerChange,
  QueryBusRelations,
  QueryBusRelations2,
  QueryProtocolVersionReply,
  VpciTdispCommandHeader,
  VpciTdispCommandHeaderReply,
} from './openvmm-devices.js';
import { CreateInterrupt2, CreateInterrupt3 } from './openvmm-interrupts.js';
import {
  AssignedResources,
  AssignedResources2,
  AssignedResources3,
  AssignedResourcesReply,
  AssignedResourcesReply2,
  GetResources,
  PartialResourceList,
} from './openvmm-resources.js';
import {
  pci_dev_inval_block,
  pci_q_res_req_response,
  pci_read_block,
  pci_read_block_response,
  pci_resources_assigned,
  pci_resources_assigned2,
  pci_write_block,
} from './resource.js';

// Messages by type: 0x42490000 + n. Requests from the guest start at the type; Linux declares what it receives, and every
// reply, with the 16-byte packet descriptor in front (withDescriptor), OpenVMM declares nothing with it.
// Linux forms stand last in their message and are taken when no source is asked for. OpenVMM gates only the choice between
// the two bus relations by version and takes every other message at any.

const V1_1 = 0x10001;
const V1_2 = 0x10002;
const V1_3 = 0x10003;
const V1_4 = 0x10004;
const V1_5 = 0x10005;

/** A status behind the descriptor. */
const status = { reply: pci_response, replyWithDescriptor: true } as const;

export const vpci = messages('pci_message_type', {
  PCI_BUS_RELATIONS: {
    code: 0x42490000,
    direction: 'host->guest',
    alias: ['BUS_RELATIONS'],
    is: [
      { source: 'openvmm', until: V1_2, body: QueryBusRelations },
      { source: 'linux', body: pci_bus_relations, withDescriptor: true },
    ],
  },
  PCI_QUERY_BUS_RELATIONS: {
    code: 0x42490001,
    direction: 'guest->host',
    alias: ['QUERY_BUS_RELATIONS'],
    is: [
      { source: 'openvmm', body: pci_message },
      { source: 'linux', body: pci_message },
    ],
    note: 'Answered by a bus relations packet, not by a completion.',
  },
  INVALIDATE_DEVICE: { code: 0x42490002, is: [{ source: 'openvmm' }], note: 'A number without a struct.' },
  INVALIDATE_BUS: { code: 0x42490003, is: [{ source: 'openvmm' }], note: 'A number without a struct.' },
  PCI_POWER_STATE_CHANGE: {
    code: 0x42490004,
    direction: 'guest->host',
    alias: ['DEVICE_POWER_STATE_CHANGE'],
    is: [
      { source: 'openvmm', body: DevicePowerChange, ...status },
      { source: 'linux', body: pci_set_power, reply: pci_set_power_response, replyWithDescriptor: true },
    ],
    note: 'Declared by Linux, never sent.',
  },
  PCI_QUERY_RESOURCE_REQUIREMENTS: {
    code: 0x42490005,
    direction: 'guest->host',
    alias: ['CURRENT_RESOURCE_REQUIREMENTS'],
    is: [
      { source: 'openvmm', body: pci_child_message, reply: pci_q_res_req_response, replyWithDescriptor: true },
      { source: 'linux', body: pci_child_message, reply: pci_q_res_req_response, replyWithDescriptor: true },
    ],
  },
  PCI_QUERY_RESOURCE_RESOURCES: {
    code: 0x42490006,
    direction: 'guest->host',
    alias: ['GET_RESOURCES'],
    is: [{ source: 'linux' }, { source: 'openvmm', body: GetResources, reply: PartialResourceList }],
    note: 'The reply has no status word.',
  },
  PCI_BUS_D0ENTRY: {
    code: 0x42490007,
    direction: 'guest->host',
    alias: ['FDO_D0_ENTRY'],
    is: [
      { source: 'openvmm', body: pci_bus_d0_entry, ...status },
      { source: 'linux', body: pci_bus_d0_entry, ...status },
    ],
    note: 'OpenVMM answers behind a bus relations packet.',
  },
  PCI_BUS_D0EXIT: {
    code: 0x42490008,
    direction: 'guest->host',
    alias: ['FDO_D0_EXIT'],
    is: [
      { source: 'openvmm', body: pci_message, ...status },
      { source: 'linux', body: pci_message, ...status },
    ],
  },
  PCI_READ_BLOCK: {
    code: 0x42490009,
    direction: 'guest->host',
    alias: ['READ_BLOCK'],
    is: [{ source: 'linux', body: pci_read_block, reply: pci_read_block_response, replyWithDescriptor: true }],
  },
  PCI_WRITE_BLOCK: {
    code: 0x4249000a,
    direction: 'guest->host',
    alias: ['WRITE_BLOCK'],
    is: [{ source: 'linux', body: pci_write_block, slack: 4, ...status }],
    note: 'Sent with byte_count bytes and four more, for a fault of hosts of 2018.',
  },
  PCI_EJECT: {
    code: 0x4249000b,
    direction: 'host->guest',
    alias: ['EJECT'],
    is: [
      { source: 'openvmm', body: pci_child_message },
      { source: 'linux', body: pci_dev_incoming, withDescriptor: true },
    ],
    note: 'The guest answers with PCI_EJECTION_COMPLETE.',
  },
  PCI_QUERY_STOP: { code: 0x4249000c, alias: ['QUERY_STOP'], is: [{ source: 'linux' }] },
  PCI_REENABLE: { code: 0x4249000d, alias: ['RE_ENABLE'], is: [{ source: 'linux' }] },
  PCI_QUERY_STOP_FAILED: { code: 0x4249000e, alias: ['QUERY_STOP_FAILED'], is: [{ source: 'linux' }] },
  PCI_EJECTION_COMPLETE: {
    code: 0x4249000f,
    direction: 'guest->host',
    alias: ['EJECT_COMPLETE'],
    is: [
      { source: 'openvmm', body: pci_child_message },
      { source: 'linux', body: pci_eject_response },
    ],
  },
  PCI_RESOURCES_ASSIGNED: {
    code: 0x42490010,
    direction: 'guest->host',
    alias: ['ASSIGNED_RESOURCES'],
    is: [
      { source: 'openvmm', body: AssignedResources, reply: AssignedResourcesReply },
      { source: 'linux', since: V1_1, until: V1_1, body: pci_resources_assigned, ...status },
    ],
  },
  PCI_RESOURCES_RELEASED: {
    code: 0x42490011,
    direction: 'guest->host',
    alias: ['RELEASE_RESOURCES'],
    is: [
      { source: 'openvmm', body: pci_child_message, ...status },
      { source: 'linux', body: pci_child_message },
    ],
  },
  PCI_INVALIDATE_BLOCK: {
    code: 0x42490012,
    direction: 'host->guest',
    alias: ['INVALIDATE_BLOCK'],
    is: [{ source: 'linux', body: pci_dev_inval_block, withDescriptor: true }],
  },
  PCI_QUERY_PROTOCOL_VERSION: {
    code: 0x42490013,
    direction: 'guest->host',
    alias: ['QUERY_PROTOCOL_VERSION'],
    is: [
      { source: 'openvmm', body: pci_version_request, reply: QueryProtocolVersionReply },
      { source: 'linux', body: pci_version_request, ...status },
    ],
    note: 'Hosts answer a version behind the status; Linux does not read it.',
  },
  PCI_CREATE_INTERRUPT_MESSAGE: {
    code: 0x42490014,
    direction: 'guest->host',
    alias: ['CREATE_INTERRUPT'],
    is: [
      { source: 'openvmm', body: pci_create_interrupt, reply: pci_create_int_response, replyWithDescriptor: true },
      {
        source: 'linux',
        since: V1_1,
        until: V1_1,
        body: pci_create_interrupt,
        reply: pci_create_int_response,
        replyWithDescriptor: true,
      },
    ],
  },
  PCI_DELETE_INTERRUPT_MESSAGE: {
    code: 0x42490015,
    direction: 'guest->host',
    alias: ['DELETE_INTERRUPT'],
    is: [
      { source: 'openvmm', body: pci_delete_interrupt, ...status },
      { source: 'linux', body: pci_delete_interrupt },
    ],
  },
  PCI_RESOURCES_ASSIGNED2: {
    code: 0x42490016,
    direction: 'guest->host',
    alias: ['ASSIGNED_RESOURCES2'],
    is: [
      { source: 'openvmm', body: AssignedResources2, reply: AssignedResourcesReply2 },
      { source: 'linux', since: V1_2, body: pci_resources_assigned2, ...status },
    ],
  },
  PCI_CREATE_INTERRUPT_MESSAGE2: {
    code: 0x42490017,
    direction: 'guest->host',
    alias: ['CREATE_INTERRUPT2'],
    is: [
      { source: 'openvmm', body: CreateInterrupt2, reply: pci_create_int_response, replyWithDescriptor: true },
      {
        source: 'linux',
        since: V1_2,
        until: V1_3,
        body: pci_create_interrupt2,
        reply: pci_create_int_response,
        replyWithDescriptor: true,
      },
    ],
  },
  PCI_DELETE_INTERRUPT_MESSAGE2: {
    code: 0x42490018,
    direction: 'guest->host',
    alias: ['DELETE_INTERRUPT2'],
    is: [{ source: 'linux' }, { source: 'openvmm', body: pci_delete_interrupt, ...status }],
  },
  PCI_BUS_RELATIONS2: {
    code: 0x42490019,
    direction: 'host->guest',
    alias: ['BUS_RELATIONS2'],
    is: [
      { source: 'openvmm', since: V1_3, body: QueryBusRelations2 },
      { source: 'linux', body: pci_bus_relations2, withDescriptor: true },
    ],
  },
  PCI_RESOURCES_ASSIGNED3: {
    code: 0x4249001a,
    direction: 'guest->host',
    alias: ['ASSIGNED_RESOURCES3'],
    is: [{ source: 'linux' }, { source: 'openvmm', body: AssignedResources3, reply: AssignedResourcesReply2 }],
  },
  PCI_CREATE_INTERRUPT_MESSAGE3: {
    code: 0x4249001b,
    direction: 'guest->host',
    alias: ['CREATE_INTERRUPT3'],
    is: [
      { source: 'openvmm', body: CreateInterrupt3, reply: pci_create_int_response, replyWithDescriptor: true },
      {
        source: 'linux',
        since: V1_4,
        body: pci_create_interrupt3,
        reply: pci_create_int_response,
        replyWithDescriptor: true,
      },
    ],
  },
  RESET_DEVICE: {
    code: 0x4249001c,
    direction: 'guest->host',
    is: [{ source: 'openvmm', since: V1_5, body: pci_child_message, ...status }],
  },
  VPCI_TDISP_COMMAND: {
    code: 0x4249001d,
    direction: 'guest->host',
    is: [{ source: 'openvmm', body: VpciTdispCommandHeader, reply: VpciTdispCommandHeaderReply }],
  },
});
