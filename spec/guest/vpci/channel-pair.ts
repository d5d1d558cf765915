import { guidToBytes } from '../../../src/bytes/guid.js';
import { RequestIds } from '../../../src/guest/vmbus/requestor.js';
import type {
  ChannelOffer,
  CompletionHandler,
  OpenOptions,
  Requests,
  VmbusChannel,
} from '../../../src/guest/vmbus/vmbus-channel.js';
import { DONE, failure, type Outcome, success } from '../../../src/ports/outcome.js';
import type { PageFrames } from '../../../src/ports/page-frames.js';
import type { RunQueue } from '../../../src/ports/run-queue.js';
import type { OutgoingPacket } from '../../../src/ring/outgoing.js';
import type { ReceivedPacket } from '../../../src/ring/ring-packet.js';
import type { ReadOutcome } from '../../../src/ring/ring-reader.js';
import type { WriteOutcome } from '../../../src/ring/ring-writer.js';
import { pause, type Routine } from '../../../src/sched/routine.js';
import type { ChannelDevice, HostChannel } from '../../../src/vsp/vmbus/channel-device.js';
import { FakeChannel } from '../../support/fake-channel.js';

/** Pages of both rings of a channel of 16 KiB each way. */
const RING_PAGES = 10;

/** A channel between a guest driver and a host device, over lists; each signal is a task of its own. */
export class ChannelPair implements VmbusChannel {
  readonly offer: ChannelOffer;
  readonly device: ChannelDevice;
  rescinded = false;
  hasCallback = false;
  requests: Requests = new RequestIds(0);
  /** What the guest has sent, in order. */
  readonly sent: { payload: Uint8Array; id: bigint }[] = [];
  /** Packets that the guest can still send. */
  room = Number.POSITIVE_INFINITY;
  /** Runs before each packet that the guest sends. */
  onSend: ((payload: Uint8Array) => void) | undefined;
  opens = 0;
  closes = 0;
  private readonly queue: RunQueue;
  private readonly frames: PageFrames;
  private rings: readonly number[] | undefined;
  private toHost = new FakeChannel();
  private toGuest = new FakeChannel();
  private onPackets: (() => void) | undefined;
  private disabled = 0;
  private missed = false;
  private attending = false;
  private signaling = false;

  constructor(queue: RunQueue, frames: PageFrames, device: ChannelDevice, relid = 1) {
    this.queue = queue;
    this.frames = frames;
    this.device = device;
    this.offer = {
      interfaceId: device.interfaceId,
      instanceId: device.instanceId,
      instanceBytes: guidToBytes(device.instanceId),
      relid,
      connectionId: 0x10000 + relid,
      isDedicatedInterrupt: true,
      monitorId: undefined,
      mmioMegabytes: device.mmioMegabytes,
      channelFlags: device.channelFlags,
    };
  }

  get isOpen(): boolean {
    return this.rings !== undefined;
  }

  *open(options: OpenOptions): Routine<Outcome> {
    if (this.rings !== undefined) return failure('EBUSY');
    yield* pause(this.queue);
    if (this.rescinded) return failure('ENODEV');
    const frames = this.frames.take(RING_PAGES);
    if (frames === undefined) return failure('ENOMEM');
    this.opens++;
    this.rings = frames;
    this.requests = new RequestIds(options.requestIds ?? 64);
    this.toHost = new FakeChannel();
    this.toGuest = new FakeChannel();
    this.onPackets = options.onPackets;
    this.hasCallback = true;
    const status = this.device.opened(this.hostEnd(), new Uint8Array(120));
    if (status === 0) return DONE;
    this.drop();
    return failure('EAGAIN', status);
  }

  *close(): Routine<Outcome> {
    if (this.rings === undefined) return failure('EINVAL');
    this.closes++;
    this.hasCallback = false;
    this.onPackets = undefined;
    yield* pause(this.queue);
    this.device.closed();
    this.drop();
    return DONE;
  }

  send(payload: Uint8Array, onCompletion?: CompletionHandler): Outcome<bigint> {
    if (this.rings === undefined || this.rescinded) return failure('ENODEV');
    if (this.room <= 0) return failure('EAGAIN');
    const id = onCompletion === undefined ? 0n : this.requests.add(onCompletion);
    if (id === undefined) return failure('EAGAIN');
    this.room--;
    const copy = payload.slice();
    this.sent.push({ payload: copy, id });
    this.onSend?.(copy);
    this.toHost.request(copy, id === 0n ? undefined : id);
    this.signalHost();
    return success(id);
  }

  receive(into: ReceivedPacket): ReadOutcome {
    return this.rings === undefined ? 'empty' : this.toGuest.receive(into);
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

  // biome-ignore lint/correctness/useYield: there is nothing to wait for
  *moveTo(): Routine<Outcome> {
    return DONE;
  }

  /** The host's rescind message has come in. */
  takeBack(): void {
    this.hasCallback = false;
    this.onPackets = undefined;
    this.rescinded = true;
  }

  /** A packet of any host, as it lies in a ring. */
  inject(packet: OutgoingPacket): void {
    this.toGuest.push(packet);
    this.attend();
  }

  private hostEnd(): HostChannel {
    const { rings } = this;
    const isOurs = (): boolean => this.rings === rings;
    return {
      relid: this.offer.relid,
      receive: (into) => (isOurs() ? this.toHost.receive(into) : 'empty'),
      send: (packet): WriteOutcome => {
        if (isOurs()) this.inject(packet);
        return 'ok';
      },
      whenSpace: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
    };
  }

  private signalHost(): void {
    if (this.signaling) return;
    this.signaling = true;
    this.queue.post(() => {
      this.signaling = false;
      if (this.rings !== undefined) this.device.signaled();
    });
  }

  private attend(): void {
    if (this.attending || this.rings === undefined || !this.hasCallback) return;
    if (this.disabled > 0) {
      this.missed = true;
      return;
    }
    this.attending = true;
    this.queue.post(() => {
      this.attending = false;
      if (this.disabled > 0) this.missed = true;
      else if (this.rings !== undefined && this.hasCallback) this.onPackets?.();
    });
  }

  private drop(): void {
    if (this.rings !== undefined) this.frames.give(this.rings);
    this.rings = undefined;
    this.hasCallback = false;
    this.onPackets = undefined;
  }
}
