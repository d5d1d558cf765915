import { viewOf } from '../../src/bytes/span.js';
import type { OutgoingPacket } from '../../src/ring/outgoing.js';
import { PacketForm, packetBytes } from '../../src/ring/outgoing.js';
import type { ReceivedPacket } from '../../src/ring/ring-packet.js';
import type { ReadOutcome } from '../../src/ring/ring-reader.js';
import type { WriteOutcome } from '../../src/ring/ring-writer.js';
import type { HostChannel } from '../../src/vsp/vmbus/channel-device.js';

/** A packet as a device sent it. */
export interface SentPacket {
  readonly kind: OutgoingPacket['kind'];
  readonly transactionId: bigint | undefined;
  readonly payload: Uint8Array;
  /** Descriptor and padded payload, as it would lie in a ring. */
  readonly bytes: Uint8Array;
}

/** The host's end of a channel, over lists: what the guest sends is pushed, what the device sends is collected. */
export class FakeChannel implements HostChannel {
  readonly relid = 1;
  readonly sent: SentPacket[] = [];
  paused = false;
  /** Packets there is still room for. */
  room = Number.POSITIVE_INFINITY;
  readonly #incoming: Uint8Array[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #form = new PacketForm();

  /** A packet of the guest, descriptor and payload as given. */
  pushRaw(bytes: Uint8Array): void {
    const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
    padded.set(bytes);
    // The length in the descriptor is what a reader goes by.
    if (padded.length >= 8) viewOf(padded).setUint16(4, padded.length / 8, true);
    this.#incoming.push(padded);
  }

  push(packet: OutgoingPacket): void {
    this.pushRaw(this.#laidOut(packet));
  }

  /** An in-band packet; a completion is asked for when `transactionId` is given. */
  request(payload: Uint8Array, transactionId?: bigint): void {
    if (transactionId === undefined) this.push({ kind: 'in-band', payload });
    else this.push({ kind: 'in-band', payload, transactionId, completion: true });
  }

  receive(into: ReceivedPacket): ReadOutcome {
    const next = this.#incoming[0];
    if (next === undefined) return 'empty';
    if (next.length > into.buffer.capacity) {
      into.neededBytes = next.length;
      return 'too-large';
    }
    this.#incoming.shift();
    into.buffer.bytes.set(next);
    return 'ok';
  }

  send(packet: OutgoingPacket): WriteOutcome {
    if (this.room <= 0) return 'full';
    this.room--;
    const payload = packet.payload.slice();
    this.sent.push({ kind: packet.kind, transactionId: packet.transactionId, payload, bytes: this.#laidOut(packet) });
    return 'ok';
  }

  whenSpace(_bytes: number, tell: () => void): void {
    this.#waiting.push(tell);
  }

  /** Makes room and tells who waited for it. */
  free(packets: number): void {
    this.room = packets;
    for (const tell of this.#waiting.splice(0)) tell();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** Forgets what the guest has sent and the device not yet read: a ring that is opened again is empty. */
  discard(): void {
    this.#incoming.length = 0;
  }

  /** What was sent since the last call. */
  take(): SentPacket[] {
    return this.sent.splice(0);
  }

  #laidOut(packet: OutgoingPacket): Uint8Array {
    const length = packetBytes(packet);
    this.#form.fill(packet, length);
    return this.#form.buffer.bytes.slice(0, length);
  }
}
