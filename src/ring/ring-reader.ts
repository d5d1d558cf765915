import {
  FEATURE_BITS,
  FEATURE_PENDING_SEND_SIZE,
  INTERRUPT_MASK,
  PENDING_SEND_SIZE,
  READ_INDEX,
  WRITE_INDEX,
} from './control-page.js';
import { copyQuads, SHORT_BYTES } from './packet-buffer.js';
import {
  COMPLETION,
  DESCRIPTOR_BYTES,
  GPA_DIRECT,
  IN_BAND,
  LIST_AT,
  TRAILER_BYTES,
  TRANSFER_PAGES,
} from './packet-kind.js';
import { RingError } from './ring-error.js';
import type { RingMemory } from './ring-memory.js';
import { LentPacket, type ReceivedPacket } from './ring-packet.js';
import { signalsAfterRead } from './signal-rule.js';

/** `strict` refuses more than OpenVMM's reader does; docs/ring.md lists each difference. */
export type RingRules = 'strict' | 'openvmm';

export interface ReaderOptions {
  readonly rules?: RingRules;
  /** `mask` (the default) starts by asking the writer for silence; `leave` writes nothing, for images and monitors. */
  readonly interrupts?: 'mask' | 'leave';
  /** Signal a waiting writer only if it announced that it may wait, as Linux does; OpenVMM never asks. */
  readonly needsFeatureBit?: boolean;
}

export type ReadOutcome = 'ok' | 'empty' | 'too-large';

/**
 * The receiving end of a ring. Its own position is private: only the peer's write index and the packets are read from shared
 * memory, each once, and checked before use. Nothing is given back to the writer before `release`. After a RingError the
 * reader stands where it stood.
 */
export class RingReader {
  readonly memory: RingMemory;
  private readonly words: Int32Array;
  private readonly quads: BigInt64Array;
  private readonly strict: boolean;
  private readonly needsFeatureBit: boolean;
  /** Bytes behind a packet that have to be there: strict readers count the trailer. */
  private readonly trailer: number;
  private readonly lent: LentPacket;
  private readonly size: number;
  /** Start of the next packet. */
  private cursor: number;
  /** What the writer was last told. */
  private released: number;
  /** The write index last taken, and the bytes between the cursor and it. */
  private seen: number;
  private left = 0;
  /** Descriptor words of the packet at the cursor, as checked. */
  private kind = 0;
  private sizes = 0;

  /** Starts where the control page says the reader is. Throws RingError E_RING_INDEX. */
  constructor(memory: RingMemory, options: ReaderOptions = {}) {
    this.memory = memory;
    this.words = memory.words;
    this.quads = memory.quads;
    this.size = memory.dataBytes;
    this.strict = options.rules !== 'openvmm';
    this.needsFeatureBit = options.needsFeatureBit ?? false;
    this.trailer = this.strict ? TRAILER_BYTES : 0;
    this.lent = new LentPacket(memory);
    this.cursor = this.released = this.seen = memory.loadIndex(READ_INDEX);
    if (options.interrupts !== 'leave') this.maskInterrupts();
  }

  /** Asks the writer not to signal. */
  maskInterrupts(): void {
    this.memory.store(INTERRUPT_MASK, 1);
  }

  /**
   * Asks the writer to signal again; true when packets are there already, for which no signal will come: read on instead
   * of sleeping. Throws RingError E_RING_INDEX.
   */
  unmaskInterrupts(): boolean {
    // Seq-cst: were the write index loaded before the mask is seen, a packet published in between would wake nobody.
    this.memory.store(INTERRUPT_MASK, 0);
    return this.refresh() > 0;
  }

  /** False where somebody else has set the mask, which OpenVMM takes for corruption while it sleeps. */
  interruptsUnmasked(): boolean {
    return this.memory.load(INTERRUPT_MASK) === 0;
  }

  /** Offset of the next packet in the data area. */
  get position(): number {
    return this.cursor;
  }

  /**
   * The next packet in place, undefined when there is none; the object is used again by the next call. Loads the write
   * index only when all it has seen is read. Throws RingError E_RING_INDEX, E_RING_PACKET.
   */
  next(): LentPacket | undefined {
    if (!this.check()) return undefined;
    const { lent, words, cursor, kind, sizes } = this;
    const id = this.wrap(cursor + 8) >> 2;
    lent.transactionLo = words[id]!;
    lent.transactionHi = words[id + 1]!;
    const type = kind & 0xffff;
    if (type === GPA_DIRECT || type === TRANSFER_PAGES)
      this.checkList(type, words[(this.wrap(cursor + DESCRIPTOR_BYTES) >> 2) + 1]! >>> 0);
    lent.type = type;
    lent.flags = sizes >>> 16;
    lent.packetBytes = (sizes & 0xffff) << 3;
    lent.payloadAt = (kind >>> 16) << 3;
    lent.ringOffset = cursor;
    this.advance(lent.packetBytes);
    return lent;
  }

  /**
   * The packets that are there now, in place: one load of the write index, so a writer that never stops cannot keep the
   * loop going. Throws as `next`.
   */
  *batch(): Generator<LentPacket, void, undefined> {
    if (this.left <= 0) this.refresh();
    while (this.left > 0) {
      const packet = this.next();
      if (packet === undefined) return;
      yield packet;
    }
  }

  /**
   * Copies the next packet out, then checks the copy, so that nothing the peer does afterwards matters. `too-large` leaves the
   * packet in the ring and its size in `into.neededBytes`. Throws RingError E_RING_INDEX, E_RING_PACKET.
   */
  readInto(into: ReceivedPacket): ReadOutcome {
    if (!this.check()) return 'empty';
    const { kind, sizes, cursor } = this;
    const length = (sizes & 0xffff) << 3;
    const { words, quads, capacity } = into.buffer;
    if (length > capacity) {
      into.neededBytes = length;
      return 'too-large';
    }
    // The words that were checked, not the ring's, which may differ by now.
    words[0] = kind;
    words[1] = sizes;
    const count = length >> 3;
    const next = cursor + length + TRAILER_BYTES;
    if (next <= this.size && length <= SHORT_BYTES) {
      const from = this.quads;
      const first = cursor >> 3;
      for (let i = 1; i < count; i++) quads[i] = from[first + i]!;
    } else this.copyOut(this.wrap(cursor + 8), quads, 1, count - 1);
    const type = kind & 0xffff;
    if (type === GPA_DIRECT || type === TRANSFER_PAGES) this.checkList(type, words[5]! >>> 0);
    into.ringOffset = cursor;
    this.cursor = next >= this.size ? next - this.size : next;
    this.left -= length + TRAILER_BYTES;
    return 'ok';
  }

  /**
   * Gives the room of all packets read so far back to the writer; true when the writer waits for it and has to be
   * signalled. Slices lent before are no longer valid.
   */
  release(): boolean {
    const { memory, cursor, released } = this;
    if (cursor === released) return false;
    this.released = cursor;
    // Seq-cst: the packets are read before it, or the writer would overwrite them; the pending size is loaded after it, or
    // a writer that looks once more and then sleeps would be missed.
    memory.store(READ_INDEX, cursor);
    const pending = memory.load(PENDING_SEND_SIZE);
    if (pending === 0) return false;
    if (this.needsFeatureBit && (memory.load(FEATURE_BITS) & FEATURE_PENDING_SEND_SIZE) === 0) return false;
    const writeIndex = memory.load(WRITE_INDEX);
    // A wild index is no reason to signal; the next read reports it.
    if (writeIndex >= this.size || (writeIndex & 7) !== 0) return false;
    const freeAfter = this.size - 8 - this.distance(cursor, writeIndex);
    return signalsAfterRead(pending, freeAfter - this.distance(released, cursor), freeAfter);
  }

  /** Goes back to the first packet that was not released. */
  revert(): void {
    this.left += this.distance(this.released, this.cursor);
    this.cursor = this.released;
  }

  /** Takes the write index; returns the bytes to read. */
  private refresh(): number {
    // Acquire: the packets up to it are visible once it is.
    const index = this.memory.loadIndex(WRITE_INDEX);
    if (index === this.seen) return this.left;
    if (this.strict) {
      const held = this.distance(this.released, this.cursor);
      const left = this.left + this.distance(this.seen, index);
      if (left + held > this.size - 8)
        throw new RingError('E_RING_INDEX', `write index went back from ${this.seen} to ${index}`, {
          struct: 'hv_ring_buffer',
          path: 'write_index',
        });
      this.left = left;
    } else this.left = this.distance(this.cursor, index);
    this.memory.fetch(this.seen, index);
    this.seen = index;
    return this.left;
  }

  /** Reads the descriptor at the cursor, once, into `kind` and `sizes`, and checks it; false when there is no packet. */
  private check(): boolean {
    const left = this.left > 0 ? this.left : this.refresh();
    if (left <= 0) return false;
    const word = this.cursor >> 2;
    // A read of shared memory is one event with one value (ECMA-262, memory model): it is never made again behind our back.
    const kind = this.words[word]!;
    const sizes = this.words[word + 1]!;
    const length = (sizes & 0xffff) << 3;
    const payloadAt = (kind >>> 16) << 3;
    if (
      left < DESCRIPTOR_BYTES + this.trailer ||
      payloadAt < DESCRIPTOR_BYTES ||
      length < payloadAt ||
      length + this.trailer > left ||
      sizes >>> 17 !== 0
    )
      throw this.refusal(kind, sizes, left);
    const type = kind & 0xffff;
    if (type !== IN_BAND && type !== COMPLETION) {
      if (type !== GPA_DIRECT && type !== TRANSFER_PAGES) throw this.corrupt('type', `${type} crosses no ring`);
      if (payloadAt < LIST_AT) throw this.corrupt('offset8', `${payloadAt} bytes leave no room for a count of ranges`);
    }
    this.kind = kind;
    this.sizes = sizes;
    return true;
  }

  private refusal(kind: number, sizes: number, left: number): RingError {
    const payloadAt = (kind >>> 16) << 3;
    const length = (sizes & 0xffff) << 3;
    if (left < DESCRIPTOR_BYTES + this.trailer) return this.corrupt('', `${left} bytes hold no packet`);
    if (payloadAt < DESCRIPTOR_BYTES) return this.corrupt('offset8', `${payloadAt} bytes are within the descriptor`);
    if (length < payloadAt) return this.corrupt('len8', `${length} bytes end before the payload at ${payloadAt}`);
    if (length + this.trailer > left) return this.corrupt('len8', `${length} bytes and a trailer, ${left} written`);
    return this.corrupt('flags', `0x${(sizes >>> 16).toString(16)} has unknown bits`);
  }

  /** `count` was read once, from the copy where there is one. */
  private checkList(type: number, count: number): void {
    if (type === GPA_DIRECT && count === 0) throw this.corrupt('range_cnt', 'no ranges in a GPA-direct packet');
    const room = ((this.kind >>> 16) << 3) - LIST_AT;
    const least = type === GPA_DIRECT ? 16 : 8;
    if (this.strict && count > room / least) throw this.corrupt('range_cnt', `${count} ranges in ${room} bytes`);
  }

  private corrupt(path: string, what: string): RingError {
    return new RingError('E_RING_PACKET', what, { struct: 'vmpacket_descriptor', path, offset: this.cursor });
  }

  private advance(packetBytes: number): void {
    const step = packetBytes + TRAILER_BYTES;
    this.cursor = this.wrap(this.cursor + step);
    this.left -= step;
  }

  private copyOut(at: number, to: BigInt64Array, into: number, count: number): void {
    const { quads } = this;
    const first = (this.size - at) >> 3;
    if (count <= first) copyQuads(quads, at >> 3, to, into, count);
    else {
      copyQuads(quads, at >> 3, to, into, first);
      copyQuads(quads, 0, to, into + first, count - first);
    }
  }

  private wrap(offset: number): number {
    return offset >= this.size ? offset - this.size : offset;
  }

  private distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.size;
  }
}
