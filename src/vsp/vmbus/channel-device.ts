import type { OutgoingPacket } from '../../ring/outgoing.js';
import type { ReceivedPacket } from '../../ring/ring-packet.js';
import type { ReadOutcome } from '../../ring/ring-reader.js';
import type { WriteOutcome } from '../../ring/ring-writer.js';

/** The host's end of an open channel. */
export interface HostChannel {
  readonly relid: number;
  /**
   * Copies the next packet from the guest; `empty` and `too-large` as the ring reader says. Signals a guest that waits for
   * space. A ring that the guest broke reads as empty from then on, and the channel says so once by `channel-broken` in the
   * log.
   */
  receive(into: ReceivedPacket): ReadOutcome;
  /** Writes one packet to the guest and signals it where the rules say so. */
  send(packet: OutgoingPacket): WriteOutcome;
  /** `tell` runs once when `bytes` (trailer included) fit again after `full`. */
  whenSpace(bytes: number, tell: () => void): void;
  /** Leaves what the guest has sent in the ring until `resume`; for devices that hold back their answers. */
  pause(): void;
  resume(): void;
}

/** What a device offers and how its channel talks to it. Every method is called by the server, from its queue. */
export interface ChannelDevice {
  /** Lower-case text of the GUIDs. */
  readonly interfaceId: string;
  readonly instanceId: string;
  /** Megabytes of device space that the offer asks for. */
  readonly mmioMegabytes: number;
  /** vmbus_channel_offer.chn_flags. */
  readonly channelFlags: number;
  /** The 120 bytes of user-defined data of the offer; zeros when absent. */
  readonly userDefined?: Uint8Array;
  /** Sub-channels count from 1 and share the GUIDs of their primary channel, which is 0 (the default). */
  readonly subchannelIndex?: number;
  /** The guest has opened the channel; 0 accepts it, else the NTSTATUS of the refusal. `userData` are its 120 bytes. */
  opened(channel: HostChannel, userData: Uint8Array): number;
  /** There may be packets. */
  signaled(): void;
  /** The channel is closed, by the guest, by its unload, or because it is gone. The HostChannel must not be used again. */
  closed(): void;
}
