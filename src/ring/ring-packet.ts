import { joinU64 } from '../bytes/word.js';
import { PacketBuffer } from './packet-buffer.js';
import { COMPLETION, COMPLETION_REQUESTED, GPA_DIRECT, LIST_AT, TRANSFER_PAGES } from './packet-kind.js';
import { type GpaRange, readGpaRanges, readTransferRanges, type TransferPageRange } from './ranges.js';
import { RingError } from './ring-error.js';
import type { RingMemory } from './ring-memory.js';

/** What a checked descriptor says. A reader fills the same object again for every packet. */
abstract class PacketFields {
  /** Of vmbus_packet_type; a reader lets only 6, 7, 9 and 11 through. */
  abstract readonly type: number;
  abstract readonly flags: number;
  /** Raw halves, as signed words; without meaning where neither the flag nor the type gives them one. */
  abstract readonly transactionLo: number;
  abstract readonly transactionHi: number;
  /** Descriptor, list and payload, without the trailer. */
  abstract readonly packetBytes: number;
  /** Offset of the payload from the descriptor. */
  abstract readonly payloadAt: number;
  /** Start of the packet in the ring. */
  ringOffset = 0;

  /** With the padding to a multiple of 8. */
  get payloadBytes(): number {
    return this.packetBytes - this.payloadAt;
  }

  get wantsCompletion(): boolean {
    return (this.flags & COMPLETION_REQUESTED) !== 0;
  }

  /** The id, where it means anything: a completion, or a packet that asks for one. */
  get transactionId(): bigint | undefined {
    if (!this.wantsCompletion && this.type !== COMPLETION) return undefined;
    return joinU64(this.transactionLo >>> 0, this.transactionHi >>> 0);
  }

  /** The first `payloadAt` bytes in private memory. */
  protected abstract head(): DataView;

  /** Ranges of a GPA-direct packet, copied. Throws RingError E_RING_RANGE, E_RING_PACKET for another type. */
  gpaRanges(): GpaRange[] {
    const view = this.headOf(GPA_DIRECT);
    return readGpaRanges(view, LIST_AT, this.payloadAt, view.getUint32(20, true));
  }

  /** Set id and ranges of a transfer-page packet, copied. Throws RingError E_RING_RANGE, E_RING_PACKET. */
  transferPages(): { setId: number; senderOwnsSet: boolean; ranges: TransferPageRange[] } {
    const view = this.headOf(TRANSFER_PAGES);
    return {
      setId: view.getUint16(16, true),
      senderOwnsSet: view.getUint8(18) !== 0,
      ranges: readTransferRanges(view, LIST_AT, this.payloadAt, view.getUint32(20, true)),
    };
  }

  private headOf(type: number): DataView {
    if (this.type !== type)
      throw new RingError('E_RING_PACKET', `has type ${this.type}, not ${type}`, { offset: this.ringOffset });
    return this.head();
  }
}

/** A packet in private memory: what a peer does to the ring can no longer change it. */
export class ReceivedPacket extends PacketFields {
  /** The packet from its descriptor on. */
  buffer: PacketBuffer;
  /** Bytes the packet needs that the last read refused as too large. */
  neededBytes = 0;

  constructor(capacityBytes: number) {
    super();
    this.buffer = new PacketBuffer(capacityBytes);
  }

  // The descriptor is in private memory, so that its words can be taken apart on demand.

  get type(): number {
    return this.buffer.words[0]! & 0xffff;
  }

  get flags(): number {
    return this.buffer.words[1]! >>> 16;
  }

  get transactionLo(): number {
    return this.buffer.words[2]!;
  }

  get transactionHi(): number {
    return this.buffer.words[3]!;
  }

  get packetBytes(): number {
    return (this.buffer.words[1]! & 0xffff) << 3;
  }

  get payloadAt(): number {
    return (this.buffer.words[0]! >>> 16) << 3;
  }

  /** Makes room; the packet that was there is gone. */
  grow(capacityBytes: number): void {
    if (capacityBytes > this.buffer.capacity) this.buffer = new PacketBuffer(capacityBytes);
  }

  /** The payload, valid until the next read into this object. */
  payload(): Uint8Array {
    return this.buffer.bytes.subarray(this.payloadAt, this.packetBytes);
  }

  protected head(): DataView {
    return this.buffer.view;
  }
}

/**
 * A packet where it lies in the ring, valid until the reader releases it. Its fields were read once and checked, so they
 * cannot lead outside the ring; the payload is the peer's to change, so this is for peers that are trusted.
 */
export class LentPacket extends PacketFields {
  readonly memory: RingMemory;
  type = 0;
  flags = 0;
  transactionLo = 0;
  transactionHi = 0;
  packetBytes = 0;
  payloadAt = 0;

  constructor(memory: RingMemory) {
    super();
    this.memory = memory;
  }

  /** The payload without a copy: one slice, or two where it wraps. */
  pieces(): Uint8Array[] {
    return piecesOf(this.memory.bytes, this.ringOffset + this.payloadAt, this.payloadBytes);
  }

  /** The payload in one slice: in the ring, or copied into `scratch` where it wraps. Throws RingError E_RING_SIZE. */
  payload(scratch: PacketBuffer): Uint8Array {
    const [first, second] = this.pieces();
    return second === undefined ? first! : joined(first!, second, scratch);
  }

  protected head(): DataView {
    const [first, second] = piecesOf(this.memory.bytes, this.ringOffset, this.payloadAt);
    const copy = new PacketBuffer(this.payloadAt);
    joined(first!, second ?? first!.subarray(0, 0), copy);
    return copy.view;
  }
}

function piecesOf(ring: Uint8Array, at: number, length: number): Uint8Array[] {
  const from = at >= ring.length ? at - ring.length : at;
  const first = Math.min(length, ring.length - from);
  const pieces = [ring.subarray(from, from + first)];
  if (first < length) pieces.push(ring.subarray(0, length - first));
  return pieces;
}

function joined(first: Uint8Array, second: Uint8Array, scratch: PacketBuffer): Uint8Array {
  const length = first.length + second.length;
  if (length > scratch.capacity)
    throw new RingError('E_RING_SIZE', `${length} bytes, the buffer has ${scratch.capacity}`);
  scratch.bytes.set(first);
  scratch.bytes.set(second, first.length);
  return scratch.bytes.subarray(0, length);
}
