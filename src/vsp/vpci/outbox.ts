import { type OutgoingPacket, packetBytes } from '../../ring/outgoing.js';
import { TRAILER_BYTES } from '../../ring/packet-kind.js';
import type { HostChannel } from '../vmbus/channel-device.js';

/**
 * Packets to the guest, in order. While one waits for space nothing of the guest is read: answers cannot pile up faster than
 * the guest takes them.
 */
export class Outbox {
  readonly #drained: () => void;
  #channel: HostChannel | undefined;
  #waiting: OutgoingPacket[] = [];
  #asked = false;

  /** `drained` runs when everything that waited has gone. */
  constructor(drained: () => void) {
    this.#drained = drained;
  }

  get blocked(): boolean {
    return this.#waiting.length > 0;
  }

  open(channel: HostChannel): void {
    this.#channel = channel;
    this.#waiting = [];
    this.#asked = false;
  }

  close(): void {
    this.#channel = undefined;
    this.#waiting = [];
  }

  send(packet: OutgoingPacket): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    if (this.#waiting.length === 0) {
      if (channel.send(packet) !== 'full') return;
      channel.pause();
    }
    this.#waiting.push(packet);
    this.#askForSpace(channel);
  }

  #askForSpace(channel: HostChannel): void {
    const first = this.#waiting[0];
    if (this.#asked || first === undefined) return;
    this.#asked = true;
    channel.whenSpace(packetBytes(first) + TRAILER_BYTES, () => {
      // The channel may have been closed and opened again since.
      if (this.#channel !== channel) return;
      this.#asked = false;
      this.#flush(channel);
    });
  }

  #flush(channel: HostChannel): void {
    while (this.#waiting.length > 0) {
      if (channel.send(this.#waiting[0]!) === 'full') {
        this.#askForSpace(channel);
        return;
      }
      this.#waiting.shift();
    }
    channel.resume();
    this.#drained();
  }
}
