import { vmbus_channel_message_type as TYPE } from '../../abi/vmbus/channel.js';
import {
  vmbus_channel_gpadl_body,
  vmbus_channel_gpadl_created,
  vmbus_channel_gpadl_header,
  vmbus_channel_gpadl_teardown,
  vmbus_channel_gpadl_torndown,
} from '../../abi/vmbus/gpadl.js';
import { decodeAt } from '../../layout/codec.js';
import { type Assembled, addWords, type Gpadl, type GpadlAssembly, newAssembly } from './gpadl-table.js';
import { BUS_STATUS } from './nt-status.js';
import { traceGpadl } from './ring-trace.js';
import type { ServerBus } from './server-bus.js';
import type { ServerChannel } from './server-channel.js';

export function takeGpadlHeader(bus: ServerBus, view: DataView): void {
  const listAt = vmbus_channel_gpadl_header.size;
  const header = decodeAt(vmbus_channel_gpadl_header, view, 0, { end: listAt });
  const { child_relid: relid, gpadl: id } = header;
  const channel = bus.known(relid);
  // A body names the id alone, so that one that comes in twice, for whatever channels, could not be told apart.
  if (channel === undefined || channel.isReserved || channel.gpadls.has(id) || bus.assemblies.has(id))
    return answerCreated(bus, relid, id, BUS_STATUS.UNEXPECTED);
  const assembly = newAssembly(relid, id, header.range_buflen, header.rangecount);
  if (bus.gpadlCost + assembly.cost > bus.rules.maxGpadlPages)
    return answerCreated(bus, relid, id, BUS_STATUS.INSUFFICIENT_RESOURCES);
  bus.gpadlCost += assembly.cost;
  bus.assemblies.set(id, assembly);
  settle(bus, channel, assembly, addWords(assembly, view, listAt));
}

export function takeGpadlBody(bus: ServerBus, view: DataView): void {
  const listAt = vmbus_channel_gpadl_body.size;
  const { gpadl: id } = decodeAt(vmbus_channel_gpadl_body, view, 0, { end: listAt });
  const assembly = bus.assemblies.get(id);
  const channel = assembly && bus.known(assembly.relid);
  if (assembly === undefined || channel === undefined)
    return bus.drop(TYPE.CHANNELMSG_GPADL_BODY, 'gpadl', { gpadl: id });
  settle(bus, channel, assembly, addWords(assembly, view, listAt));
}

export function takeGpadlTeardown(bus: ServerBus, view: DataView): void {
  const { child_relid: relid, gpadl: id } = decodeAt(vmbus_channel_gpadl_teardown, view, 0);
  const channel = bus.known(relid);
  const gpadl = channel?.gpadls.get(id);
  if (channel === undefined || gpadl === undefined || channel.isReserved || gpadl.tearing)
    return bus.drop(TYPE.CHANNELMSG_GPADL_TEARDOWN, 'gpadl', { relid, gpadl: id });
  if (channel.opened?.gpadlId === id) gpadl.tearing = true;
  else tornDown(bus, channel, gpadl);
}

/** Answers the teardown of a GPADL that waited until the rings in it were closed. */
export function finishTeardown(bus: ServerBus, channel: ServerChannel, id: number): void {
  const gpadl = channel.gpadls.get(id);
  if (gpadl?.tearing === true) tornDown(bus, channel, gpadl);
}

/** Forgets the GPADLs of a channel, and those that come in for it, without a word. */
export function forgetGpadls(bus: ServerBus, channel: ServerChannel): void {
  for (const { cost } of channel.gpadls.values()) bus.gpadlCost -= cost;
  channel.gpadls.clear();
  forgetAssemblies(bus, channel.relid);
}

/** Forgets what has not come in completely, for one channel or for all. */
export function forgetAssemblies(bus: ServerBus, relid?: number): void {
  for (const assembly of [...bus.assemblies.values()])
    if (relid === undefined || assembly.relid === relid) forgetAssembly(bus, assembly);
}

function settle(bus: ServerBus, channel: ServerChannel, assembly: GpadlAssembly, state: Assembled): void {
  if (state === 'more') return;
  const { relid, id, cost } = assembly;
  if (state === 'bad') {
    forgetAssembly(bus, assembly);
    return answerCreated(bus, relid, id, BUS_STATUS.UNEXPECTED);
  }
  bus.assemblies.delete(id);
  const gpadl: Gpadl = { id, ranges: state, cost, tearing: false };
  channel.gpadls.set(id, gpadl);
  traceGpadl(bus.port, relid, gpadl);
  answerCreated(bus, relid, id, BUS_STATUS.SUCCESS);
}

function forgetAssembly(bus: ServerBus, assembly: GpadlAssembly): void {
  bus.assemblies.delete(assembly.id);
  bus.gpadlCost -= assembly.cost;
}

function tornDown(bus: ServerBus, channel: ServerChannel, gpadl: Gpadl): void {
  channel.gpadls.delete(gpadl.id);
  bus.gpadlCost -= gpadl.cost;
  bus.outbox.send(vmbus_channel_gpadl_torndown, {
    header: { msgtype: TYPE.CHANNELMSG_GPADL_TORNDOWN },
    gpadl: gpadl.id,
  });
}

function answerCreated(bus: ServerBus, relid: number, id: number, status: number): void {
  bus.outbox.send(vmbus_channel_gpadl_created, {
    header: { msgtype: TYPE.CHANNELMSG_GPADL_CREATED },
    child_relid: relid,
    gpadl: id,
    creation_status: status,
  });
}
