import {
  FEATURE_BITS,
  FEATURE_PENDING_SEND_SIZE,
  INTERRUPT_MASK,
  PENDING_SEND_SIZE,
  READ_INDEX,
  WRITE_INDEX,
} from './control-page.js';
import { type OutgoingPacket, PacketForm, packetBytes } from './outgoing.js';
import { copyQuads, type PacketBuffer } from './packet-buffer.js';
import { DESCRIPTOR_BYTES, IN_BAND, MAX_PACKET_BYTES, TRAILER_BYTES } from './packet-kind.js';
import { RingError } from './ring-error.js';
import type { RingMemory } from './ring-memory.js';
import type { RingRules } from './ring-reader.js';
import { signalsAfterWrite } from './signal-rule.js';

export interface WriterOptions {
  /** `openvmm` keeps its limit for one packet, size − 16, and believes every read index within the ring. */
  readonly rules?: RingRules;
}

/** `full`: try again when the reader has released some; `too-large`: it never fits this ring. */
export type WriteOutcome = 'ok' | 'full' | 'too-large';

export interface BatchOutcome {
  /** Packets written, from the first on. */
  readonly written: number;
  /** Of the first packet that was not written, else `ok`. */
  readonly outcome: WriteOutcome;
  /** The reader has to be signalled. */
  readonly signal: boolean;
}

// Type and payload offset of an in-band packet, the first word of its descriptor.
const IN_BAND_WORD = IN_BAND | ((DESCRIPTOR_BYTES >> 3) << 16);

/** A payload up to this size was probably stored a moment ago; beyond it wide copies win. */
const FRESH_BYTES = 256;

/**
 * The sending end of a ring. Packets are laid into free space one behind the other and become visible together at `publish`.
 * Its own position is private; of the shared memory it reads the peer's read index and interrupt mask alone.
 */
export class RingWriter {
  readonly memory: RingMemory;
  private readonly words: Int32Array;
  private readonly quads: BigInt64Array;
  /** Bytes of the largest packet this ring can hold, trailer included. */
  readonly largestBytes: number;
  private readonly strict: boolean;
  private readonly size: number;
  private readonly form = new PacketForm();
  /** Start of the next packet, and what the reader was last told. */
  private cursor: number;
  private published: number;
  /** The read index last taken, and the bytes that may be written before it is looked at again. */
  private seen: number;
  private free: number;

  /**
   * Starts where the control page says the writer is; announces that it may wait for space, and that it does not yet.
   * Throws RingError E_RING_INDEX.
   */
  constructor(memory: RingMemory, options: WriterOptions = {}) {
    this.memory = memory;
    this.words = memory.words;
    this.quads = memory.quads;
    this.size = memory.dataBytes;
    this.strict = options.rules !== 'openvmm';
    this.largestBytes = Math.min(this.size - (this.strict ? 8 : 16), MAX_PACKET_BYTES + TRAILER_BYTES);
    this.cursor = this.published = memory.loadIndex(WRITE_INDEX);
    this.seen = memory.loadIndex(READ_INDEX);
    this.free = this.size - 8 - this.distance(this.seen, this.cursor);
    memory.store(FEATURE_BITS, FEATURE_PENDING_SEND_SIZE);
    memory.store(PENDING_SEND_SIZE, 0);
  }

  /** Offset of the next packet in the data area. */
  get position(): number {
    return this.cursor;
  }

  /** Bytes that the reader has left free, as of now; 8 always stay unused. Throws RingError E_RING_INDEX. */
  freeBytes(): number {
    this.refresh();
    return this.free;
  }

  /** Lays a packet into the open batch. Throws RingError E_RING_INDEX, and E_RING_RANGE for a range list no reader takes. */
  append(packet: OutgoingPacket): WriteOutcome {
    const length = packetBytes(packet);
    const outcome = this.claim(length + TRAILER_BYTES);
    if (outcome !== 'ok') return outcome;
    this.form.fill(packet, length);
    const start = this.cursor;
    this.copyIn(this.form.buffer.quads, 0, start, length >> 3);
    this.finish(start, length);
    return 'ok';
  }

  /**
   * Lays an in-band packet into the open batch: the fast way, which makes no object. `at` bytes (a multiple of 8) into
   * `payload`, `length` bytes; the id as unsigned or signed halves. Throws RingError E_RING_INDEX, E_RING_SIZE when
   * the payload is not all in its buffer.
   */
  appendInBand(
    payload: PacketBuffer,
    at: number,
    length: number,
    transactionLo = 0,
    transactionHi = 0,
    flags: 0 | 1 = 0,
  ): WriteOutcome {
    const total = length + (DESCRIPTOR_BYTES + TRAILER_BYTES);
    const start = this.cursor;
    const next = start + total;
    // Written so that a NaN fails it too.
    if (
      !(total <= this.free && next <= this.size && length <= FRESH_BYTES && at + length <= payload.capacity) ||
      ((at | length) & 7) !== 0 ||
      (length | 0) !== length ||
      at < 0 ||
      length < 0
    )
      return this.appendAny(payload, at, length, transactionLo, transactionHi, flags);
    // Nothing wraps and nothing is padded, as nearly always: straight stores.
    const { words } = this;
    const word = start >> 2;
    words[word] = IN_BAND_WORD;
    words[word + 1] = ((DESCRIPTOR_BYTES + length) >> 3) | (flags << 16);
    words[word + 2] = transactionLo;
    words[word + 3] = transactionHi;
    const from = payload.words;
    const source = at >> 2;
    const to = word + (DESCRIPTOR_BYTES >> 2);
    // Words and not quads: the caller has just stored the payload, as words mostly, and a wider load waits until the stores
    // below it have left the store buffer (measured: 48 bytes, a sixth of the whole way from one Worker to the other).
    const count = length >> 2;
    for (let i = 0; i < count; i += 2) {
      words[to + i] = from[source + i]!;
      words[to + i + 1] = from[source + i + 1]!;
    }
    const trailer = (next >> 2) - 2;
    words[trailer] = 0;
    words[trailer + 1] = start;
    this.cursor = next === this.size ? 0 : next;
    this.free -= total;
    return 'ok';
  }

  /**
   * Makes the batch visible with one store; true when the reader has to be signalled. False, and nothing stored, for an
   * empty batch.
   */
  publish(): boolean {
    const { memory, cursor, published } = this;
    if (cursor === published) return false;
    memory.flush(published, cursor);
    this.published = cursor;
    // Seq-cst: the packets are written before it; the mask is loaded after it, or a reader that unmasks, finds nothing and
    // sleeps would be missed.
    memory.store(WRITE_INDEX, cursor);
    const mask = memory.load(INTERRUPT_MASK);
    if (mask !== 0) return false;
    // Loaded last: where it is still the start of this batch, the reader had nothing else to read.
    return signalsAfterWrite(mask, memory.load(READ_INDEX), published);
  }

  /** Forgets the packets appended since the last publish. */
  discard(): void {
    this.free += this.distance(this.published, this.cursor);
    this.cursor = this.published;
  }

  /** Appends packets until one does not fit, and publishes. Throws as `append`, with nothing published. */
  writeBatch(packets: Iterable<OutgoingPacket>): BatchOutcome {
    let written = 0;
    let outcome: WriteOutcome = 'ok';
    for (const packet of packets) {
      outcome = this.append(packet);
      if (outcome !== 'ok') break;
      written++;
    }
    return { written, outcome, signal: this.publish() };
  }

  /**
   * Asks the reader to signal when `bytes` (rounded up to 8, trailer included) are free; true when they are already, and then
   * the request is withdrawn. Throws RingError E_RING_SIZE for more than the ring can ever have free, E_RING_INDEX.
   */
  requestSpace(bytes: number): boolean {
    const needed = Math.ceil(bytes / 8) * 8;
    if (!(needed > 0 && needed <= this.size - 8))
      throw new RingError('E_RING_SIZE', `${bytes} bytes can never be free in a ring of ${this.size}`);
    // Seq-cst: a reader that releases after this sees it; one that released before is seen by the load that follows.
    this.memory.store(PENDING_SEND_SIZE, needed);
    this.refresh();
    if (this.free < needed) return false;
    this.cancelSpaceRequest();
    return true;
  }

  /** Asks for no signal any longer. */
  cancelSpaceRequest(): void {
    this.memory.store(PENDING_SEND_SIZE, 0);
  }

  private claim(total: number): WriteOutcome {
    if (total > this.free) {
      if (total > this.largestBytes) return 'too-large';
      this.refresh();
      if (total > this.free) return 'full';
    }
    // Below the free space of an empty ring the largest packet of OpenVMM may still be smaller.
    return total > this.largestBytes ? 'too-large' : 'ok';
  }

  /** As `appendInBand`, for every payload and place. Apart from it so that compilers put that one into its callers. */
  private appendAny(
    payload: PacketBuffer,
    at: number,
    length: number,
    transactionLo: number,
    transactionHi: number,
    flags: number,
  ): WriteOutcome {
    const count = Math.ceil(length / 8);
    if (at % 8 !== 0 || at < 0 || !(length >= 0) || length % 1 !== 0 || at + count * 8 > payload.capacity)
      throw new RingError('E_RING_SIZE', `${length} bytes at ${at} of a buffer of ${payload.capacity}`);
    const packet = DESCRIPTOR_BYTES + count * 8;
    const outcome = this.claim(packet + TRAILER_BYTES);
    if (outcome !== 'ok') return outcome;
    const start = this.cursor;
    const { words } = this;
    words[start >> 2] = IN_BAND_WORD;
    words[(start >> 2) + 1] = (packet >> 3) | (flags << 16);
    const id = this.wrap(start + 8) >> 2;
    words[id] = transactionLo;
    words[id + 1] = transactionHi;
    const to = this.wrap(start + DESCRIPTOR_BYTES);
    const whole = length >> 3;
    this.copyIn(payload.quads, at >> 3, to, whole);
    if (whole !== count) this.writeTail(payload, (at >> 2) + whole * 2, this.wrap(to + whole * 8), length & 7);
    this.finish(start, packet);
    return 'ok';
  }

  /** Takes the read index. */
  private refresh(): void {
    // Acquire: what the reader still reads was read before it moved the index over it.
    const index = this.memory.loadIndex(READ_INDEX);
    if (index === this.seen) return;
    if (this.strict) {
      const released = this.distance(this.seen, index);
      if (released > this.distance(this.seen, this.published))
        throw new RingError('E_RING_INDEX', `read index went from ${this.seen} to ${index}, past ${this.published}`, {
          struct: 'hv_ring_buffer',
          path: 'read_index',
        });
      this.free += released;
    } else this.free = this.size - 8 - this.distance(index, this.cursor);
    this.seen = index;
  }

  /** Writes the trailer and moves on. */
  private finish(start: number, packet: number): void {
    const { words } = this;
    const trailer = this.wrap(start + packet);
    words[trailer >> 2] = 0;
    words[(trailer >> 2) + 1] = start;
    this.cursor = this.wrap(trailer + TRAILER_BYTES);
    this.free -= packet + TRAILER_BYTES;
  }

  /** The last 1 to 7 bytes of a payload and zeros. */
  private writeTail(payload: PacketBuffer, from: number, to: number, bytes: number): void {
    const { words } = this;
    const low = payload.words[from]!;
    const high = payload.words[from + 1]!;
    words[to >> 2] = bytes >= 4 ? low : low & ((1 << (bytes * 8)) - 1);
    words[(to >> 2) + 1] = bytes > 4 ? high & ((1 << ((bytes - 4) * 8)) - 1) : 0;
  }

  private copyIn(from: BigInt64Array, at: number, to: number, count: number): void {
    const { quads } = this;
    const first = (this.size - to) >> 3;
    if (count <= first) copyQuads(from, at, quads, to >> 3, count);
    else {
      copyQuads(from, at, quads, to >> 3, first);
      copyQuads(from, at + first, quads, 0, count - first);
    }
  }

  private wrap(offset: number): number {
    return offset >= this.size ? offset - this.size : offset;
  }

  private distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.size;
  }
}
