import { hiOf, loOf } from '../bytes/word.js';
import { PacketBuffer } from './packet-buffer.js';
import {
  COMPLETION,
  COMPLETION_REQUESTED,
  DESCRIPTOR_BYTES,
  GPA_DIRECT,
  IN_BAND,
  LIST_AT,
  MAX_PACKET_BYTES,
  TRANSFER_PAGES,
} from './packet-kind.js';
import { type GpaRange, gpaListBytes, type TransferPageRange, writeGpaList, writeTransferList } from './ranges.js';

/** A packet to send. The payload is padded with zeros to a multiple of 8, and its exact length does not travel. */
export type OutgoingPacket =
  | {
      readonly kind: 'in-band';
      readonly payload: Uint8Array;
      readonly transactionId?: bigint;
      /** Asks for a completion. */
      readonly completion?: boolean;
    }
  | { readonly kind: 'completion'; readonly payload: Uint8Array; readonly transactionId: bigint }
  | {
      readonly kind: 'gpa-direct';
      readonly ranges: readonly GpaRange[];
      readonly payload: Uint8Array;
      readonly transactionId: bigint;
    }
  | {
      readonly kind: 'transfer-pages';
      readonly setId: number;
      readonly senderOwnsSet?: boolean;
      readonly ranges: readonly TransferPageRange[];
      readonly payload: Uint8Array;
      readonly transactionId: bigint;
    };

/**
 * Bytes of a packet without its trailer: descriptor, list, padded payload. Above MAX_PACKET_BYTES no descriptor can say so.
 * Throws RingError E_RING_RANGE for a GPA list that no reader takes.
 */
export function packetBytes(packet: OutgoingPacket): number {
  return payloadOffset(packet) + Math.ceil(packet.payload.length / 8) * 8;
}

function payloadOffset(packet: OutgoingPacket): number {
  if (packet.kind === 'gpa-direct') return DESCRIPTOR_BYTES + gpaListBytes(packet.ranges);
  if (packet.kind === 'transfer-pages') return LIST_AT + packet.ranges.length * 8;
  return DESCRIPTOR_BYTES;
}

/** A whole packet without its trailer, in private memory, made again for every packet. */
export class PacketForm {
  buffer = new PacketBuffer(256);

  /** Lays the packet out from offset 0 of `buffer`; `lengthBytes` as packetBytes gave it, at most MAX_PACKET_BYTES. */
  fill(packet: OutgoingPacket, lengthBytes: number): void {
    if (lengthBytes > this.buffer.capacity)
      this.buffer = new PacketBuffer(Math.min(MAX_PACKET_BYTES, Math.max(lengthBytes, this.buffer.capacity * 2)));
    const { view, bytes, words } = this.buffer;
    const payloadAt = payloadOffset(packet);
    const id = packet.transactionId ?? 0n;
    words[0] = typeOf(packet) | ((payloadAt >> 3) << 16);
    words[1] = (lengthBytes >> 3) | (flagsOf(packet) << 16);
    words[2] = loOf(id);
    words[3] = hiOf(id);
    if (packet.kind === 'gpa-direct') writeGpaList(view, DESCRIPTOR_BYTES, packet.ranges);
    else if (packet.kind === 'transfer-pages')
      writeTransferList(view, DESCRIPTOR_BYTES, packet.setId, packet.senderOwnsSet ?? false, packet.ranges);
    bytes.set(packet.payload, payloadAt);
    // The last packet's bytes must not leave in this one's padding.
    bytes.fill(0, payloadAt + packet.payload.length, lengthBytes);
  }
}

function typeOf({ kind }: OutgoingPacket): number {
  if (kind === 'in-band') return IN_BAND;
  if (kind === 'completion') return COMPLETION;
  return kind === 'gpa-direct' ? GPA_DIRECT : TRANSFER_PAGES;
}

/** Packets that refer to memory always ask for a completion: it is when the sender has the memory back. */
function flagsOf(packet: OutgoingPacket): number {
  if (packet.kind === 'completion') return 0;
  if (packet.kind === 'in-band') return packet.completion === true ? COMPLETION_REQUESTED : 0;
  return COMPLETION_REQUESTED;
}
