import type { HostPort } from '../../ports/host-port.js';
import type { LogSink } from '../../ports/log-sink.js';
import type { OutgoingPacket } from '../../ring/outgoing.js';
import { RingError } from '../../ring/ring-error.js';
import type { ReceivedPacket } from '../../ring/ring-packet.js';
import { type ReadOutcome, RingReader } from '../../ring/ring-reader.js';
import { RingWriter, type WriteOutcome } from '../../ring/ring-writer.js';
import type { HostChannel } from './channel-device.js';
import type { GuestDoorbell } from './guest-doorbell.js';
import type { RingPair } from './ring-area.js';
import { traceReceived, traceSent } from './ring-trace.js';

export interface RingChannelParts {
  readonly port: HostPort;
  readonly relid: number;
  readonly rings: RingPair;
  readonly doorbell: GuestDoorbell;
  readonly log: LogSink;
  /** Has the device look at the channel, in a task of its own. */
  readonly attend: () => void;
}

interface SpaceWaiter {
  readonly bytes: number;
  readonly tell: () => void;
}

/** The host's end of the two rings of an open channel. */
export class RingChannel implements HostChannel {
  readonly relid: number;
  private readonly parts: RingChannelParts;
  private readonly reader: RingReader;
  private readonly writer: RingWriter;
  private readonly waiters: SpaceWaiter[] = [];
  private paused = false;
  private broken = false;
  private closed = false;

  /** Takes the rings as their control pages say. Throws RingError E_RING_INDEX. */
  constructor(parts: RingChannelParts) {
    this.parts = parts;
    this.relid = parts.relid;
    this.reader = new RingReader(parts.rings.toHost.ring, { interrupts: 'leave' });
    this.writer = new RingWriter(parts.rings.toGuest.ring);
    // Never masked again: whoever fills an empty ring signals, and `receive` looks once more after it has given room back.
    this.reader.unmaskInterrupts();
  }

  /** True once the guest has broken a ring. */
  get isBroken(): boolean {
    return this.broken;
  }

  receive(into: ReceivedPacket): ReadOutcome {
    if (this.paused || this.isDead) return 'empty';
    return this.guarded('empty', () => {
      const outcome = this.reader.readInto(into);
      if (outcome !== 'ok') return outcome;
      const { port, rings, doorbell } = this.parts;
      traceReceived(port, this.relid, rings.toHost, into);
      if (this.reader.release()) doorbell.ring();
      return outcome;
    });
  }

  /** What is sent into a ring that the guest broke, or that is closed, is taken and lost. Throws RingError E_RING_RANGE. */
  send(packet: OutgoingPacket): WriteOutcome {
    if (this.isDead) return 'ok';
    return this.guarded('ok', () => {
      const start = this.writer.position;
      const outcome = this.writer.append(packet);
      if (outcome !== 'ok') return outcome;
      const { port, rings, doorbell } = this.parts;
      traceSent(port, this.relid, rings.toGuest, start, this.writer.position);
      if (this.writer.publish()) doorbell.ring();
      return outcome;
    });
  }

  /** Nobody is told of room that the ring never has: the guest chose its size. */
  whenSpace(bytes: number, tell: () => void): void {
    if (bytes > this.writer.memory.dataBytes - 8) return;
    this.waiters.push({ bytes, tell });
    if (this.waiters.length === 1) this.askForSpace();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.parts.attend();
  }

  /** Tells who waits for room that is there; true when the device is to look for packets. */
  attended(): boolean {
    this.askForSpace();
    return !this.paused && !this.isDead;
  }

  /** Leaves the rings alone from now on. */
  close(): void {
    this.closed = true;
    this.waiters.length = 0;
  }

  private get isDead(): boolean {
    return this.broken || this.closed;
  }

  private askForSpace(): void {
    const [first] = this.waiters;
    if (first === undefined || this.isDead) return;
    if (!this.guarded(false, () => this.writer.requestSpace(first.bytes))) return;
    this.parts.port.queue.post(() => {
      if (this.isDead || this.waiters[0] !== first) return;
      this.waiters.shift();
      first.tell();
      this.askForSpace();
    });
  }

  private guarded<T>(otherwise: T, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof RingError) || error.code === 'E_RING_RANGE') throw error;
      this.broken = true;
      const { code, path } = error;
      this.parts.log({ level: 'warn', code: 'channel-broken', fields: { relid: this.relid, error: code, path } });
      return otherwise;
    }
  }
}
