import type { Listener } from '../../ports/host-port.js';
import { RingError } from '../../ring/ring-error.js';
import { finishTeardown } from './gpadl-requests.js';
import { GuestDoorbell } from './guest-doorbell.js';
import { BUS_STATUS } from './nt-status.js';
import { type RingPair, ringsOf } from './ring-area.js';
import { RingChannel } from './ring-channel.js';
import { traceControl } from './ring-trace.js';
import type { ServerBus } from './server-bus.js';
import type { ServerChannel } from './server-channel.js';

export interface OpenRequest {
  readonly openId: number;
  readonly gpadlId: number;
  /** Undefined for no interrupts. */
  readonly vp: number | undefined;
  /** First page of the ring to the guest. */
  readonly downstreamPage: number;
  readonly userData: Uint8Array;
  /** Connection that the guest signals. */
  readonly connectionId: number;
  /** Flag that the host sets. */
  readonly eventFlag: number;
  readonly reserved: boolean;
}

/** Opens a closed channel; the status of the answer. */
export function openChannel(bus: ServerBus, channel: ServerChannel, request: OpenRequest): number {
  const { port, rules } = bus;
  const gpadl = channel.gpadls.get(request.gpadlId);
  if (gpadl === undefined || gpadl.tearing) return refused(bus, channel, 'gpadl');
  if (request.vp !== undefined && !port.vps.includes(request.vp)) return refused(bus, channel, 'vp');
  const rings = ringsOf(port.memory, gpadl, request.downstreamPage);
  if (rings === undefined) return refused(bus, channel, 'rings');
  traceControl(port, channel.relid, 'open', rings);
  const doorbell = new GuestDoorbell(port, request.vp, request.eventFlag, bus.connection?.interruptPage);
  const attend = (): void => channel.attend((task) => port.queue.post(task));
  const ends = ringChannel(bus, channel, rings, doorbell, attend);
  if (ends === undefined) return refused(bus, channel, 'ring');
  const signals = listen(bus, request.connectionId, attend);
  if (signals === undefined) return refused(bus, channel, 'connection');
  const status = channel.device.opened(ends, request.userData);
  if (status !== BUS_STATUS.SUCCESS) {
    signals.close();
    ends.close();
    rules.log({ level: 'info', code: 'vmbus-open-refused', fields: { relid: channel.relid, status } });
    return status;
  }
  channel.state = 'open';
  channel.opened = {
    openId: request.openId,
    gpadlId: request.gpadlId,
    rings,
    channel: ends,
    doorbell,
    signals,
    reserved: request.reserved,
  };
  if (channel.monitorId !== undefined && request.vp !== undefined) bus.monitors.watch(channel.monitorId, attend);
  poke(bus, channel, attend);
  return BUS_STATUS.SUCCESS;
}

/** Takes an open channel away from its device; `moment` is for the record. The state after it is the caller's. */
export function closeChannel(bus: ServerBus, channel: ServerChannel, moment: 'close' | 'rescind'): void {
  const { opened } = channel;
  if (opened === undefined) return;
  traceControl(bus.port, channel.relid, moment, opened.rings);
  channel.opened = undefined;
  channel.state = 'closed';
  opened.signals.close();
  opened.channel.close();
  if (channel.monitorId !== undefined) bus.monitors.unwatch(channel.monitorId);
  channel.device.closed();
  finishTeardown(bus, channel, opened.gpadlId);
}

function refused(bus: ServerBus, channel: ServerChannel, why: string): number {
  bus.rules.log({ level: 'warn', code: 'vmbus-open-refused', fields: { relid: channel.relid, why } });
  return BUS_STATUS.UNSUCCESSFUL;
}

function ringChannel(
  { port, rules }: ServerBus,
  { relid }: ServerChannel,
  rings: RingPair,
  doorbell: GuestDoorbell,
  attend: () => void,
): RingChannel | undefined {
  try {
    return new RingChannel({ port, relid, rings, doorbell, log: rules.log, attend });
  } catch (error) {
    if (error instanceof RingError) return undefined;
    throw error;
  }
}

/** Undefined for a connection that is served already: guests of 6.0 choose the number. */
function listen({ port }: ServerBus, connectionId: number, attend: () => void): Listener | undefined {
  try {
    return port.listenSignals(connectionId, attend);
  } catch {
    return undefined;
  }
}

function poke({ port, rules }: ServerBus, channel: ServerChannel, attend: () => void): void {
  // What the guest wrote before the open was signalled to nobody.
  attend();
  if (rules.pokeAfterOpenUs === undefined) return;
  const { opened } = channel;
  port.queue.after(rules.pokeAfterOpenUs, () => {
    if (channel.opened !== opened) return;
    opened?.doorbell.ring();
    attend();
  });
}
