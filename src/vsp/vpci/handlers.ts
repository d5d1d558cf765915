import { pci_child_message, pci_message_type } from '../../abi/vpci/message.js';
import { VpciTdispCommandHeaderReply } from '../../abi/vpci/openvmm-devices.js';
import { viewOf } from '../../bytes/span.js';
import { encode } from '../../layout/codec.js';
import { readBlock, writeBlock } from './blocks.js';
import { type Handler, refuse, statusAnswer } from './bus-core.js';
import { slotNumber } from './bus-function.js';
import { createInterrupt, createInterrupt2, createInterrupt3, deleteInterrupt } from './interrupts.js';
import { changePower, enterD0, exitD0 } from './power.js';
import { queryRelations } from './relations.js';
import { readBody } from './request.js';
import {
  assignResources,
  assignResources2,
  assignResources3,
  getResources,
  queryRequirements,
  releaseResources,
} from './resources.js';
import { STATUS_NOT_SUPPORTED } from './statuses.js';

const resetDevice: Handler = (core, request) => {
  const body = readBody(pci_child_message, request);
  if (body === undefined || !core.functions.has(slotNumber(body.wslot)))
    return refuse(core, request, 'has no function');
  return statusAnswer(STATUS_NOT_SUPPORTED);
};

/** No device here speaks TDISP. */
const tdisp: Handler = (core, request) => {
  const { payload, slot } = request;
  if (payload.length < 16) return refuse(core, request, 'is too short');
  const commandBytes = viewOf(payload).getBigUint64(8, true);
  if (commandBytes > BigInt(payload.length - 16)) return refuse(core, request, 'its command ends early');
  const body = readBody(pci_child_message, request);
  if (body === undefined || !core.functions.has(slot)) return refuse(core, request, 'has no function');
  const answer = { status: STATUS_NOT_SUPPORTED, slot: body.wslot, data_length: 0n, response: [] };
  return encode(VpciTdispCommandHeaderReply, answer);
};

/** What the guest may send once a version is agreed on; the end of an ejection is the bus's own. */
export const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [pci_message_type.PCI_QUERY_BUS_RELATIONS, queryRelations],
  [pci_message_type.PCI_POWER_STATE_CHANGE, changePower],
  [pci_message_type.PCI_QUERY_RESOURCE_REQUIREMENTS, queryRequirements],
  [pci_message_type.PCI_QUERY_RESOURCE_RESOURCES, getResources],
  [pci_message_type.PCI_BUS_D0ENTRY, enterD0],
  [pci_message_type.PCI_BUS_D0EXIT, exitD0],
  [pci_message_type.PCI_READ_BLOCK, readBlock],
  [pci_message_type.PCI_WRITE_BLOCK, writeBlock],
  [pci_message_type.PCI_RESOURCES_ASSIGNED, assignResources],
  [pci_message_type.PCI_RESOURCES_ASSIGNED2, assignResources2],
  [pci_message_type.PCI_RESOURCES_ASSIGNED3, assignResources3],
  [pci_message_type.PCI_RESOURCES_RELEASED, releaseResources],
  [pci_message_type.PCI_CREATE_INTERRUPT_MESSAGE, createInterrupt],
  [pci_message_type.PCI_CREATE_INTERRUPT_MESSAGE2, createInterrupt2],
  [pci_message_type.PCI_CREATE_INTERRUPT_MESSAGE3, createInterrupt3],
  [pci_message_type.PCI_DELETE_INTERRUPT_MESSAGE, deleteInterrupt],
  [pci_message_type.PCI_DELETE_INTERRUPT_MESSAGE2, deleteInterrupt],
  [pci_message_type.RESET_DEVICE, resetDevice],
  [pci_message_type.VPCI_TDISP_COMMAND, tdisp],
]);
