import { vmbus_connection } from '../../abi/vmbus/version.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { HostPort, Listener } from '../../ports/host-port.js';
import type { ChannelDevice } from './channel-device.js';
import { Inbox } from './inbox.js';
import { disconnect, letGo, offerWhereWanted, reofferChannel, rescindChannel } from './offers.js';
import { takeMessage } from './requests.js';
import { traceControl } from './ring-trace.js';
import { type Connection, ServerBus } from './server-bus.js';
import { type ChannelState, ServerChannel } from './server-channel.js';
import { rulesOf, type ServerOptions } from './server-options.js';

/** A device on the bus. */
export interface OfferedChannel {
  /** The id that the guest knows the channel by; another one after `reoffer` of a channel that the guest has released. */
  readonly relid: number;
  readonly state: ChannelState;
  /** Takes the device away: the guest is told, and the relid stays taken until it releases it. False when it is away already. */
  rescind(): boolean;
  /** Brings a rescinded device back, at once or when the guest has released it; false when it is there. */
  reoffer(): boolean;
}

/** What a server's state is, for specs and records. */
export interface ChannelSummary {
  readonly relid: number;
  readonly state: ChannelState;
  /** The guest knows it by this connection's offers. */
  readonly offered: boolean;
  readonly reserved: boolean;
  readonly gpadls: readonly number[];
  /** VP that the host interrupts; undefined when closed or without interrupts. */
  readonly targetVp: number | undefined;
  readonly isBroken: boolean;
}

/** The VMBus of one guest, host side: nothing that the guest does makes it throw. */
export class ChannelServer {
  private readonly bus: ServerBus;
  private readonly inbox: Inbox;
  private readonly ports: Listener[];

  /** Throws RangeError for relids that are none, and what the port throws for a message connection that is served. */
  constructor(port: HostPort, options: ServerOptions = {}) {
    this.bus = new ServerBus(port, rulesOf(options));
    this.inbox = new Inbox(port.queue, (arrival) => takeMessage(this.bus, arrival));
    const connections = new Set([
      vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID,
      vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID_4,
      this.bus.rules.messageConnection,
    ]);
    this.ports = [...connections].map((connectionId) =>
      port.listenMessages(connectionId, (message) => this.inbox.put({ connectionId, message })),
    );
    this.ports.push(port.listenSignals(vmbus_connection.VMBUS_EVENT_CONNECTION_ID, () => this.readInterruptPage()));
  }

  /** What was agreed with the guest; undefined before and after. */
  get connection(): Readonly<Connection> | undefined {
    return this.bus.connection;
  }

  get channels(): ChannelSummary[] {
    return [...this.bus.channels.values()].map((channel) => ({
      relid: channel.relid,
      state: channel.state,
      offered: channel.offered,
      reserved: channel.isReserved,
      gpadls: [...channel.gpadls.keys()],
      targetVp: channel.opened?.doorbell.vp,
      isBroken: channel.opened?.channel.isBroken === true,
    }));
  }

  /** Puts a device on the bus; a guest that has asked for the offers is told at once. Throws RangeError when no relid is left. */
  offer(device: ChannelDevice): OfferedChannel {
    const { bus } = this;
    const channel = new ServerChannel(device, bus.relids.take());
    bus.channels.set(channel.relid, channel);
    offerWhereWanted(bus, channel);
    return {
      get relid() {
        return channel.relid;
      },
      get state() {
        return channel.state;
      },
      rescind: () => rescindChannel(bus, channel),
      reoffer: () => reofferChannel(bus, channel),
    };
  }

  /** The guest was reset: all channels are closed, reserved ones too, and nothing is said. */
  reset(): void {
    this.inbox.clear();
    disconnect(this.bus);
    for (const channel of [...this.bus.channels.values()]) letGo(this.bus, channel);
  }

  /** Writes the control pages of all open channels into the trace; `final` at the end of a run. */
  recordRings(moment = 'final'): void {
    for (const { relid, opened } of this.bus.channels.values())
      if (opened !== undefined) traceControl(this.bus.port, relid, moment, opened.rings);
  }

  /** Resets, and serves the connections of the port no longer. */
  close(): void {
    this.reset();
    for (const port of this.ports.splice(0)) port.close();
  }

  /** Guests before 2.4 mark a channel in the second half of the page and then signal one connection for all. */
  private readInterruptPage(): void {
    const { connection, port, channels } = this.bus;
    if (connection?.interruptPage === undefined) return;
    const marks = connection.interruptPage + HV_HYP_PAGE_SIZE / 2;
    for (const channel of channels.values()) {
      if (channel.opened === undefined) continue;
      const bit = (1 << (channel.relid & 31)) >>> 0;
      const was = port.memory.clearU32(marks + (channel.relid >>> 5) * 4, bit);
      if ((was & bit) !== 0) channel.attend((task) => port.queue.post(task));
    }
  }
}

export type { ChannelState } from './server-channel.js';
export type { MonitorPages, ServerOptions } from './server-options.js';
