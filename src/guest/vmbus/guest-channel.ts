import {
  vmbus_channel_message_type as TYPE,
  vmbus_channel_close_channel,
  vmbus_channel_modifychannel,
  vmbus_channel_modifychannel_response,
  vmbus_channel_open_channel,
  vmbus_channel_open_result,
} from '../../abi/vmbus/channel.js';
import { vmbus_channel_gpadl_created, vmbus_channel_gpadl_teardown } from '../../abi/vmbus/gpadl.js';
import { vmbus_version as VERSION } from '../../abi/vmbus/version.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { decode, encode } from '../../layout/codec.js';
import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import { ringInGuest } from '../../ring/guest-ring.js';
import { RingError } from '../../ring/ring-error.js';
import type { ReceivedPacket } from '../../ring/ring-packet.js';
import { type ReadOutcome, RingReader } from '../../ring/ring-reader.js';
import { RingWriter } from '../../ring/ring-writer.js';
import type { Routine } from '../../sched/routine.js';
import { OrderedWork } from '../../sched/sync.js';
import type { Connection } from './connection.js';
import { gpadlMessages } from './gpadl.js';
import type { ReplyKey } from './host-replies.js';
import { signalHost } from './message-post.js';
import { RequestIds } from './requestor.js';
import type {
  ChannelOffer,
  CompletionHandler,
  OpenOptions,
  Requests,
  VmbusChannel,
  VmbusDriver,
} from './vmbus-channel.js';

/** Bytes of user data in an open request. */
const USER_DATA_BYTES = 120;
/** Requests of a driver that names no number. */
const DEFAULT_REQUESTS = 64;

interface Rings {
  readonly gpadl: number;
  readonly frames: readonly number[];
  readonly writer: RingWriter;
  readonly reader: RingReader;
}

/** The guest's end of one channel, and the device behind it. */
export class GuestChannel implements VmbusChannel {
  offer: ChannelOffer;
  rescinded = false;
  requests: Requests = new RequestIds(0);
  hasCallback = false;
  /** Probe, suspend, resume and remove of its device, one after the other. */
  readonly work: OrderedWork;
  driver: VmbusDriver | undefined;
  private readonly connection: Connection;
  private rings: Rings | undefined;
  private onPackets: (() => void) | undefined;
  private cpu = 0;
  private disabled = 0;
  private missed = false;
  private attending = false;
  private isBroken = false;

  constructor(connection: Connection, offer: ChannelOffer) {
    this.connection = connection;
    this.offer = offer;
    this.work = new OrderedWork(connection.machine.queue);
  }

  get isOpen(): boolean {
    return this.rings !== undefined;
  }

  /** CPU that the host interrupts. */
  get targetCpu(): number {
    return this.cpu;
  }

  *open(options: OpenOptions): Routine<Outcome> {
    if (this.rings !== undefined) return failure('EBUSY');
    if (this.rescinded) return failure('ENODEV');
    const pages = (bytes: number): number => 1 + Math.ceil(bytes / HV_HYP_PAGE_SIZE);
    const sendPages = pages(options.sendBytes);
    const { machine } = this.connection;
    const frames = machine.frames.take(sendPages + pages(options.receiveBytes), true);
    if (frames === undefined) return failure('ENOMEM');
    machine.memory.clear(frames[0]! * HV_HYP_PAGE_SIZE, frames.length * HV_HYP_PAGE_SIZE);
    const gpadl = this.connection.nextGpadl();
    const created = yield* this.createGpadl(gpadl, frames);
    if (!created.ok) {
      machine.frames.give(frames);
      return created;
    }
    this.cpu = options.cpu ?? 0;
    const writer = new RingWriter(ringInGuest(machine.memory, frames.slice(0, sendPages)));
    const reader = new RingReader(ringInGuest(machine.memory, frames.slice(sendPages)), {
      interrupts: 'leave',
      needsFeatureBit: true,
    });
    this.isBroken = false;
    this.requests = new RequestIds(options.requestIds ?? DEFAULT_REQUESTS);
    // From here on there may be interrupts: the host sends as soon as it has opened.
    this.rings = { gpadl, frames, writer, reader };
    this.onPackets = options.onPackets;
    this.hasCallback = true;
    const opened = yield* this.askToOpen(gpadl, sendPages, options.userData);
    if (opened.ok) return DONE;
    yield* this.dropRings();
    return opened;
  }

  *close(): Routine<Outcome> {
    if (this.rings === undefined) return failure('EINVAL');
    this.hasCallback = false;
    this.onPackets = undefined;
    const posted = yield* this.connection.post(
      encode(vmbus_channel_close_channel, {
        header: { msgtype: TYPE.CHANNELMSG_CLOSECHANNEL },
        child_relid: this.offer.relid,
      }),
    );
    yield* this.dropRings();
    return posted;
  }

  send(payload: Uint8Array, onCompletion?: CompletionHandler): Outcome<bigint> {
    const { rings } = this;
    if (rings === undefined || this.rescinded || this.isBroken) return failure('ENODEV');
    const id = onCompletion === undefined ? 0n : this.requests.add(onCompletion);
    if (id === undefined) return failure('EAGAIN');
    const giveUp = (errno: 'EAGAIN' | 'EIO'): Outcome<bigint> => {
      if (onCompletion !== undefined) this.requests.remove(id, onCompletion);
      return failure(errno);
    };
    try {
      const completion = onCompletion !== undefined;
      const outcome = rings.writer.append({ kind: 'in-band', payload, transactionId: id, completion });
      if (outcome !== 'ok') return giveUp('EAGAIN');
      if (rings.writer.publish()) this.signal();
    } catch (error) {
      this.breakOff(error);
      return giveUp('EIO');
    }
    return success(id);
  }

  receive(into: ReceivedPacket): ReadOutcome {
    const { rings } = this;
    if (rings === undefined || this.isBroken) return 'empty';
    try {
      const outcome = rings.reader.readInto(into);
      if (outcome !== 'too-large' && rings.reader.release()) this.signal();
      return outcome;
    } catch (error) {
      this.breakOff(error);
      return 'empty';
    }
  }

  disableCallback(): void {
    this.disabled++;
  }

  enableCallback(): void {
    if (this.disabled === 0) throw new RangeError('the callback is not disabled');
    this.disabled--;
    if (this.disabled > 0 || !this.missed) return;
    this.missed = false;
    this.attend();
  }

  *moveTo(cpu: number): Routine<Outcome> {
    const target = this.connection.machine.cpus[cpu];
    if (target === undefined || !target.online) return failure('EINVAL');
    if (this.rings === undefined) return failure('ENODEV');
    const { version = 0 } = this.connection;
    // Older hosts do not know the message, and those before 5.3 do not answer it (vmbus_send_modifychannel).
    if (version < VERSION.VERSION_WIN10_V4_1) return failure('EIO');
    const message = encode(vmbus_channel_modifychannel, {
      header: { msgtype: TYPE.CHANNELMSG_MODIFYCHANNEL },
      child_relid: this.offer.relid,
      target_vp: target.gate.vp,
    });
    if (version < VERSION.VERSION_WIN10_V5_3) {
      const posted = yield* this.connection.post(message);
      if (!posted.ok) return posted;
    } else {
      const reply = yield* this.ask(`modify ${this.offer.relid}`, [message]);
      if (!reply.ok) return reply;
      const { status } = decode(vmbus_channel_modifychannel_response, reply.value, { trailing: 'ignore' });
      if (status !== 0) return failure('EAGAIN', status);
    }
    this.cpu = cpu;
    return DONE;
  }

  /** The host has signalled: the callback runs as a task, once for all that has come, never while it is disabled. */
  attend(): void {
    if (this.attending || this.rings === undefined || !this.hasCallback) return;
    if (this.disabled > 0) {
      this.missed = true;
      return;
    }
    this.attending = true;
    this.connection.machine.queue.post(() => {
      this.attending = false;
      if (this.disabled > 0) this.missed = true;
      else this.run();
    });
  }

  /** The host has taken the channel back: the callback goes first, then everybody may see the flag (VPCI-80). */
  takeBack(): void {
    this.hasCallback = false;
    this.onPackets = undefined;
    this.rescinded = true;
    this.connection.replies.abandon(this.offer.relid);
  }

  private run(): void {
    const { rings } = this;
    if (rings === undefined || !this.hasCallback) return;
    try {
      rings.reader.maskInterrupts();
      this.onPackets?.();
      // Packets that came after the last look bring no interrupt.
      if (this.rings === rings && !this.isBroken && rings.reader.unmaskInterrupts()) this.attend();
    } catch (error) {
      this.breakOff(error);
    }
  }

  private signal(): void {
    signalHost(this.connection.machine, this.cpu, this.offer.connectionId);
  }

  /**
   * Asks the host something and waits for its answer. ENODEV when the channel is taken back or the connection ends before
   * that, also where the answer has just come; EAGAIN and EINVAL as the post does.
   */
  private *ask(key: ReplyKey, messages: readonly Uint8Array[]): Routine<Outcome<Uint8Array>> {
    const { connection } = this;
    const { replies } = connection;
    // In one step with the registration: a rescind that came before has nobody to wake (vmbus_open, vmbus_establish_gpadl).
    if (this.rescinded) return failure('ENODEV');
    replies.expect(key, this.offer.relid);
    for (const message of messages) {
      const posted = yield* connection.post(message);
      if (posted.ok) continue;
      replies.forget(key);
      return posted;
    }
    const reply = yield* replies.wait(key);
    return reply === undefined || this.rescinded ? failure('ENODEV') : success(reply);
  }

  private *createGpadl(gpadl: number, frames: readonly number[]): Routine<Outcome> {
    const reply = yield* this.ask(`gpadl ${gpadl}`, gpadlMessages(this.offer.relid, gpadl, frames));
    if (!reply.ok) return reply;
    const { creation_status } = decode(vmbus_channel_gpadl_created, reply.value, { trailing: 'ignore' });
    return creation_status === 0 ? DONE : failure('EIO', creation_status);
  }

  private *askToOpen(gpadl: number, sendPages: number, userData: Uint8Array | undefined): Routine<Outcome> {
    const { relid } = this.offer;
    const userdata = new Uint8Array(USER_DATA_BYTES);
    if (userData !== undefined) userdata.set(userData.subarray(0, USER_DATA_BYTES));
    const message = encode(vmbus_channel_open_channel, {
      header: { msgtype: TYPE.CHANNELMSG_OPENCHANNEL },
      child_relid: relid,
      openid: relid,
      ringbuffer_gpadlhandle: gpadl,
      target_vp: this.connection.machine.cpus[this.cpu]!.gate.vp,
      downstream_ringbuffer_pageoffset: sendPages,
      userdata,
    });
    const reply = yield* this.ask(`open ${relid}`, [message]);
    if (!reply.ok) return reply;
    const { status } = decode(vmbus_channel_open_result, reply.value, { trailing: 'ignore' });
    return status === 0 ? DONE : failure('EAGAIN', status);
  }

  /** Takes the rings apart; the host is told about its pages where it still has the channel. */
  private *dropRings(): Routine {
    const { rings } = this;
    if (rings === undefined) return;
    this.hasCallback = false;
    this.onPackets = undefined;
    this.rings = undefined;
    yield* this.tearDown(rings.gpadl);
    this.connection.machine.frames.give(rings.frames);
  }

  private *tearDown(gpadl: number): Routine {
    const message = encode(vmbus_channel_gpadl_teardown, {
      header: { msgtype: TYPE.CHANNELMSG_GPADL_TEARDOWN },
      child_relid: this.offer.relid,
      gpadl,
    });
    yield* this.ask(`torndown ${gpadl}`, [message]);
  }

  /** The host wrote what no ring has. Anything else is a mistake of ours and goes on. */
  private breakOff(error: unknown): void {
    if (!(error instanceof RingError)) throw error;
    if (this.isBroken) return;
    this.isBroken = true;
    const { relid } = this.offer;
    this.connection.machine.log({ level: 'error', code: 'channel-broken', fields: { relid, error: error.code } });
  }
}
