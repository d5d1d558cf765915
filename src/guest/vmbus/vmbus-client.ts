import {
  vmbus_channel_message_type as TYPE,
  vmbus_channel_message_header,
  vmbus_channel_modifychannel_response,
  vmbus_channel_open_result,
  vmbus_channel_relid_released,
} from '../../abi/vmbus/channel.js';
import { vmbus_channel_gpadl_created, vmbus_channel_gpadl_torndown } from '../../abi/vmbus/gpadl.js';
import { vmbus_channel_rescind_offer } from '../../abi/vmbus/offer.js';
import { vmbus_version as VERSION } from '../../abi/vmbus/version.js';
import { viewOf } from '../../bytes/span.js';
import { parseVmbusMessage } from '../../capture/vmbus-parse.js';
import { decode, encode } from '../../layout/codec.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import { type Routine, sleep } from '../../sched/routine.js';
import { Completion, OrderedWork } from '../../sched/sync.js';
import type { BootedGuest } from '../machine/boot.js';
import { ChannelList, INVALID_RELID } from './channel-list.js';
import type { Connection } from './connection.js';
import { type ContactPages, negotiate } from './contact.js';
import { GuestChannel } from './guest-channel.js';
import { HostReplies } from './host-replies.js';
import { ISOLATED_CLASSES } from './isolated-classes.js';
import { postMessage } from './message-post.js';
import { takeEventFlags, takeMessage } from './message-slot.js';
import { readOffer } from './offer.js';
import type { ChannelOffer, VmbusDriver } from './vmbus-channel.js';

export interface ClientOptions {
  /** Versions to ask for, in this order; those of Linux 6.12 when absent. */
  readonly versions?: readonly number[];
  /** The host is not trusted: offers of classes without a hardened driver are ignored. */
  readonly isIsolated?: boolean;
}

/** First GPADL handle (vmbus_connection.next_gpadl_handle, drivers/hv/connection.c). */
const FIRST_GPADL = 0xe1e10;
const LINUX_VERSIONS: readonly number[] = [
  VERSION.VERSION_WIN10_V5_3,
  VERSION.VERSION_WIN10_V5_2,
  VERSION.VERSION_WIN10_V5_1,
  VERSION.VERSION_WIN10_V5,
  VERSION.VERSION_WIN10_V4_1,
  VERSION.VERSION_WIN10,
  VERSION.VERSION_WIN8_1,
  VERSION.VERSION_WIN8,
];
/** Waits that Linux bounds: all offers, and the answer to an unload (10 s each). */
const WAIT_US = 10_000_000;
const PROBE_POLL_US = 1000;

/** The guest's VMBus: connection, channels by offer, drivers by class. Nothing that the host sends makes it throw. */
export class VmbusClient implements Connection {
  readonly machine: BootedGuest;
  readonly replies: HostReplies;
  private readonly options: ClientOptions;
  private readonly list = new ChannelList();
  private readonly drivers: VmbusDriver[] = [];
  private readonly rescinds: OrderedWork;
  private pages: ContactPages | undefined;
  private messageConnection: number | undefined;
  private agreed: number | undefined;
  private lastGpadl = FIRST_GPADL - 1;
  private allOffers = new Completion();
  private takesOffers = false;
  /** Channels whose probe waits until the guest is awake again; undefined while it is. */
  private unprobed: Set<GuestChannel> | undefined;

  constructor(machine: BootedGuest, options: ClientOptions = {}) {
    this.machine = machine;
    this.options = options;
    this.replies = new HostReplies(machine.queue);
    this.rescinds = new OrderedWork(machine.queue);
  }

  /** Agreed version, major << 16 | minor; undefined while there is no connection. */
  get version(): number | undefined {
    return this.messageConnection === undefined ? undefined : this.agreed;
  }

  get channels(): readonly GuestChannel[] {
    return this.list.all;
  }

  /**
   * Turns the SynICs on, agrees on a version, asks for the offers and waits until the host has named them all. EBUSY for a
   * second time before `unload`. EPROTO when the host takes no version and ENOMEM leave nothing behind; ETIMEDOUT, for offers
   * without end, leaves the connection.
   */
  *connect(): Routine<Outcome> {
    if (this.pages !== undefined) return failure('EBUSY');
    const frames = this.machine.frames.take(3);
    if (frames === undefined) return failure('ENOMEM');
    const [interruptPfn, first, second] = frames as [number, number, number];
    this.pages = { interruptPfn, monitorPfns: [first, second] };
    this.listen();
    const met = yield* this.meet(this.options.versions ?? LINUX_VERSIONS);
    if (met.ok) return yield* this.askForOffers();
    this.mute();
    this.givePages();
    return met;
  }

  /** Takes a driver; devices that are there already are probed. */
  register(driver: VmbusDriver): void {
    this.drivers.push(driver);
    for (const channel of this.list.all) this.probe(channel);
  }

  /** Waits until every device is probed or removed, as far as that has been asked for. */
  *settle(): Routine {
    yield* this.rescinds.flush();
    for (const channel of this.list.all) yield* channel.work.flush();
  }

  /** Removes every device and driver, leaves the host, and turns the SynICs off. */
  *unload(): Routine<Outcome> {
    this.drivers.length = 0;
    this.unprobed = undefined;
    for (const channel of this.list.all) this.unbind(channel);
    yield* this.quieten();
    this.list.clear();
    const left = yield* this.leave();
    this.mute();
    this.givePages();
    return left;
  }

  /**
   * Puts all devices away and leaves the host, for hibernation. The first refusal ends it: the devices that were put away
   * before are brought back. What the host offers meanwhile is probed when the guest is awake again. ENODEV without connection.
   */
  *suspend(): Routine<Outcome> {
    if (this.version === undefined) return failure('ENODEV');
    // From here on (device_block_probing, drivers/base/dd.c): a probe would still talk when the connection ends.
    this.unprobed = new Set();
    yield* this.settle();
    const done: GuestChannel[] = [];
    for (const channel of this.list.offered) {
      const put = yield* this.inTurn(channel, (driver) => driver.suspend?.(channel));
      done.unshift(channel);
      if (put.ok) continue;
      for (const one of done.slice(1)) yield* this.inTurn(one, (driver) => driver.resume?.(one));
      this.probeRest();
      return put;
    }
    return yield* this.depart();
  }

  /**
   * Comes back to the same or another host: the version as before, devices found again by their GUIDs, whatever their relids
   * are now. What is not offered any more is removed. EINVAL when there is nothing to come back from; where there is no
   * connection, all stays put away.
   */
  *resume(): Routine<Outcome> {
    if (this.agreed === undefined || this.pages === undefined || this.version !== undefined) return failure('EINVAL');
    this.listen();
    const met = yield* this.meet([this.agreed]);
    const offered = met.ok ? yield* this.askForOffers() : met;
    if (!offered.ok) {
      yield* this.depart();
      return offered;
    }
    for (const channel of this.list.missing) this.rescind(channel);
    let first: Outcome = DONE;
    for (const channel of this.list.offered) {
      const back = yield* this.inTurn(channel, (driver) => driver.resume?.(channel));
      if (!back.ok && first.ok) first = back;
    }
    this.probeRest();
    yield* this.settle();
    return first;
  }

  nextGpadl(): number {
    return ++this.lastGpadl;
  }

  *post(body: Uint8Array): Routine<Outcome> {
    if (this.messageConnection === undefined) return failure('ENODEV');
    return yield* postMessage(this.machine, this.messageConnection, body);
  }

  private listen(): void {
    this.takesOffers = true;
    this.machine.handle(this.machine.vmbusVector, (cpu) => this.interrupted(cpu));
    for (const { cpu, present } of this.machine.cpus) if (present) this.machine.online(cpu);
  }

  private mute(): void {
    for (const { cpu } of this.machine.cpus) this.machine.offline(cpu);
    this.machine.handle(this.machine.vmbusVector, undefined);
  }

  private givePages(): void {
    if (this.pages === undefined) return;
    const { interruptPfn, monitorPfns } = this.pages;
    this.machine.frames.give([interruptPfn, ...monitorPfns].sort((a, b) => a - b));
    this.pages = undefined;
  }

  private *meet(versions: readonly number[]): Routine<Outcome> {
    const met = yield* negotiate(this.machine, this.replies, this.pages!, versions);
    if (!met.ok) return met;
    this.agreed = met.value.version;
    this.messageConnection = met.value.messageConnection;
    return DONE;
  }

  private *askForOffers(): Routine<Outcome> {
    this.allOffers = new Completion();
    const posted = yield* this.post(encode(vmbus_channel_message_header, { msgtype: TYPE.CHANNELMSG_REQUESTOFFERS }));
    if (!posted.ok) return posted;
    return (yield* this.allOffers.wait(this.machine.queue, WAIT_US)) ? DONE : failure('ETIMEDOUT');
  }

  /** Takes no more offers, and waits until all that has begun is at its end (vmbus_bus_suspend, drivers/hv/vmbus_drv.c). */
  private *quieten(): Routine {
    this.takesOffers = false;
    do yield* this.settle();
    while (!this.rescinds.isIdle || this.list.all.some(({ work }) => !work.isIdle));
  }

  /** Ends the connection; its channels stay known. */
  private *depart(): Routine<Outcome> {
    yield* this.quieten();
    this.list.putAway();
    const left = yield* this.leave();
    this.mute();
    return left;
  }

  private *leave(): Routine<Outcome> {
    this.replies.expect('unload');
    const posted = yield* this.post(encode(vmbus_channel_message_header, { msgtype: TYPE.CHANNELMSG_UNLOAD }));
    const answered = posted.ok && (yield* this.replies.wait('unload', WAIT_US)) !== undefined;
    this.replies.forget('unload');
    this.messageConnection = undefined;
    this.replies.abandonAll();
    if (!posted.ok) return posted;
    return answered ? DONE : failure('ETIMEDOUT');
  }

  private interrupted(cpu: number): void {
    const pages = this.machine.synicPages(cpu);
    if (pages === undefined) return;
    for (const flag of takeEventFlags(this.machine.memory, pages.eventPfn)) this.list.at(flag)?.attend();
    const registers = this.machine.registers(cpu);
    const message = takeMessage(this.machine.memory, pages.messagePfn, () => registers.write('HV_MSR_EOM', 0n));
    if (message !== undefined) this.take(message.payload);
  }

  private take(body: Uint8Array): void {
    const view = viewOf(body);
    const parsed = parseVmbusMessage(view, 0, body.length, { direction: 'host->guest', source: 'linux' });
    if (!parsed.ok) {
      const fields = { error: parsed.error, type: body.length < 4 ? undefined : view.getUint32(0, true) };
      return this.machine.log({ level: 'warn', code: 'vmbus-message-dropped', fields });
    }
    if (!this.act(parsed.message.code, body, view))
      this.machine.log({ level: 'warn', code: 'vmbus-message-unexpected', fields: { name: parsed.message.name } });
  }

  /** False for what nobody waits for. */
  private act(code: number, body: Uint8Array, view: DataView): boolean {
    const LOOSE = { trailing: 'ignore' } as const;
    switch (code) {
      case TYPE.CHANNELMSG_VERSION_RESPONSE:
        return this.replies.deliver('version', body);
      case TYPE.CHANNELMSG_UNLOAD_RESPONSE:
        return this.replies.deliver('unload', body);
      case TYPE.CHANNELMSG_ALLOFFERS_DELIVERED:
        this.allOffers.complete();
        return true;
      case TYPE.CHANNELMSG_OFFERCHANNEL:
        return this.offered(readOffer(view));
      case TYPE.CHANNELMSG_RESCIND_CHANNELOFFER: {
        const channel = this.list.at(decode(vmbus_channel_rescind_offer, body, LOOSE).child_relid);
        if (channel === undefined) return false;
        this.rescind(channel);
        return true;
      }
      case TYPE.CHANNELMSG_OPENCHANNEL_RESULT:
        return this.replies.deliver(`open ${decode(vmbus_channel_open_result, body, LOOSE).child_relid}`, body);
      case TYPE.CHANNELMSG_MODIFYCHANNEL_RESPONSE:
        return this.replies.deliver(
          `modify ${decode(vmbus_channel_modifychannel_response, body, LOOSE).child_relid}`,
          body,
        );
      case TYPE.CHANNELMSG_GPADL_CREATED:
        return this.replies.deliver(`gpadl ${decode(vmbus_channel_gpadl_created, body, LOOSE).gpadl}`, body);
      case TYPE.CHANNELMSG_GPADL_TORNDOWN:
        return this.replies.deliver(`torndown ${decode(vmbus_channel_gpadl_torndown, body, LOOSE).gpadl}`, body);
      default:
        return false;
    }
  }

  /** A new device, or one that hibernation put away and that has come back, perhaps under another relid. */
  private offered(offer: ChannelOffer): boolean {
    // Who comes back asks for all offers again.
    if (!this.takesOffers) return true;
    if (this.options.isIsolated === true && !ISOLATED_CLASSES.has(offer.interfaceId)) return false;
    if (!this.list.isFree(offer.relid)) return false;
    if (this.list.bringBack(offer)) return true;
    const channel = new GuestChannel(this, offer);
    this.list.add(channel);
    this.probe(channel);
    return true;
  }

  private probe(channel: GuestChannel): void {
    if (channel.driver !== undefined || channel.rescinded) return;
    const driver = this.drivers.find(({ interfaceIds }) => interfaceIds.includes(channel.offer.interfaceId));
    if (driver === undefined) return;
    if (this.unprobed !== undefined) {
      this.unprobed.add(channel);
      return;
    }
    channel.driver = driver;
    channel.work.add(
      function* (this: VmbusClient): Routine {
        const probed = yield* driver.probe(channel);
        if (probed.ok) return;
        channel.driver = undefined;
        const { errno, status } = probed;
        const fields = { relid: channel.offer.relid, errno, status };
        this.machine.log({ level: 'error', code: 'vmbus-probe-failed', fields });
      }.bind(this),
    );
  }

  /** The guest is awake: what has come while it was not is probed. */
  private probeRest(): void {
    const { unprobed = [] } = this;
    this.unprobed = undefined;
    for (const channel of unprobed) this.probe(channel);
  }

  /**
   * Has a channel's driver do something between its probes and removals, none of which stand besides it. A channel that the
   * host takes back meanwhile needs nothing more: its removal is queued.
   */
  private *inTurn(channel: GuestChannel, act: (driver: VmbusDriver) => Routine<Outcome> | undefined): Routine<Outcome> {
    let outcome: Outcome = DONE;
    const ended = new Completion();
    channel.work.add(function* (): Routine {
      const { driver, rescinded } = channel;
      const routine = driver === undefined || rescinded ? undefined : act(driver);
      if (routine !== undefined) outcome = yield* routine;
      ended.complete();
    });
    yield* ended.wait(this.machine.queue);
    return channel.rescinded ? DONE : outcome;
  }

  private unbind(channel: GuestChannel): void {
    channel.work.add(function* (): Routine {
      const { driver } = channel;
      channel.driver = undefined;
      if (driver !== undefined) yield* driver.remove(channel);
    });
  }

  /** Takes a channel away; twice is once (VPCI-80). */
  private rescind(channel: GuestChannel): void {
    if (channel.rescinded) return;
    channel.takeBack();
    this.rescinds.add(
      function* (this: VmbusClient): Routine {
        // A probe that goes on sees the flag; the removal stands behind it.
        this.unbind(channel);
        yield* channel.work.flush();
        yield* sleep(this.machine.queue, PROBE_POLL_US);
        if (channel.isOpen) yield* channel.close();
        const { relid } = channel.offer;
        this.list.delete(channel);
        if (relid === INVALID_RELID) return;
        yield* this.post(
          encode(vmbus_channel_relid_released, {
            header: { msgtype: TYPE.CHANNELMSG_RELID_RELEASED },
            child_relid: relid,
          }),
        );
      }.bind(this),
    );
  }
}
