import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import { CONTROL_BYTES, CONTROL_WORDS, type ControlWord } from './control-page.js';
import { RingError } from './ring-error.js';

/**
 * A ring whose memory is not in this process, such as a file that another process maps. A RingMemory made from one keeps
 * a private mirror of the data area and moves bytes only where an index is fetched or published, so the packet code is the
 * same for both and pays nothing for the choice.
 */
export interface RingBacking {
  loadControl(word: ControlWord): number;
  storeControl(word: ControlWord, value: number): void;
  /** Data area bytes from `offset`; never wraps. */
  read(offset: number, into: Uint8Array): void;
  write(offset: number, from: Uint8Array): void;
}

/** More than any guest asks for, and keeps every sum of offsets within 31 bits. */
const MAX_DATA_BYTES = 0x2000_0000;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The two areas of a ring: a control page and the data behind it. Holds no state of its own. */
export class RingMemory {
  readonly dataBytes: number;
  readonly words: Int32Array;
  readonly quads: BigInt64Array;
  readonly bytes: Uint8Array;
  private readonly control: Int32Array;
  private readonly backing: RingBacking | undefined;

  private constructor(control: Int32Array, buffer: ArrayBufferLike, offset: number, bytes: number, on?: RingBacking) {
    this.dataBytes = bytes;
    this.control = control;
    this.words = new Int32Array(buffer, offset, bytes >> 2);
    this.quads = new BigInt64Array(buffer, offset, bytes >> 3);
    this.bytes = new Uint8Array(buffer, offset, bytes);
    this.backing = on;
  }

  /**
   * A ring in a SharedArrayBuffer, or in an ArrayBuffer that nobody shares (an image of a ring). Offsets in bytes, multiples
   * of 8; `dataBytes` a multiple of 4096, at least one page. Throws RingError E_RING_AREA.
   */
  static over(
    buffer: ArrayBufferLike,
    controlOffset = 0,
    dataOffset = controlOffset + CONTROL_BYTES,
    dataBytes = buffer.byteLength - dataOffset,
  ): RingMemory {
    checkSize(dataBytes);
    checkArea(buffer, controlOffset, CONTROL_BYTES, 'the control page');
    checkArea(buffer, dataOffset, dataBytes, 'the data');
    if (controlOffset < dataOffset + dataBytes && dataOffset < controlOffset + CONTROL_BYTES)
      throw new RingError('E_RING_AREA', `the data at ${dataOffset} overlaps the control page at ${controlOffset}`);
    return new RingMemory(new Int32Array(buffer, controlOffset, CONTROL_WORDS), buffer, dataOffset, dataBytes);
  }

  /** A ring in memory outside of this process. Throws RingError E_RING_AREA. */
  static mirroring(backing: RingBacking, dataBytes: number): RingMemory {
    checkSize(dataBytes);
    return new RingMemory(new Int32Array(0), new ArrayBuffer(dataBytes), 0, dataBytes, backing);
  }

  /** A word of the control page, unsigned. Sequentially consistent: what a caller reads afterwards is read afterwards. */
  load(word: ControlWord): number {
    return this.backing === undefined ? Atomics.load(this.control, word) >>> 0 : this.backing.loadControl(word) >>> 0;
  }

  /** Sequentially consistent: everything written before is seen before it, and nothing loaded after it is older. */
  store(word: ControlWord, value: number): void {
    if (this.backing === undefined) Atomics.store(this.control, word, value | 0);
    else this.backing.storeControl(word, value);
  }

  /** Brings the bytes from `from` up to `to`, wrapping, into reach; call after the load of the index that covers them. */
  fetch(from: number, to: number): void {
    if (this.backing === undefined || from === to) return;
    if (to > from) this.backing.read(from, this.bytes.subarray(from, to));
    else {
      this.backing.read(from, this.bytes.subarray(from));
      if (to > 0) this.backing.read(0, this.bytes.subarray(0, to));
    }
  }

  /** Hands out the bytes from `from` up to `to`, wrapping; call before the store of the index that covers them. */
  flush(from: number, to: number): void {
    if (this.backing === undefined || from === to) return;
    if (to > from) this.backing.write(from, this.bytes.subarray(from, to));
    else {
      this.backing.write(from, this.bytes.subarray(from));
      if (to > 0) this.backing.write(0, this.bytes.subarray(0, to));
    }
  }

  /** A word of the control page as an index. Throws RingError E_RING_INDEX when it is outside the ring or unaligned. */
  loadIndex(word: ControlWord): number {
    const index = this.load(word);
    if (index >= this.dataBytes || (index & 7) !== 0)
      throw new RingError('E_RING_INDEX', `${index} is no offset in a ring of ${this.dataBytes} bytes`, {
        struct: 'hv_ring_buffer',
        path: word === 0 ? 'write_index' : 'read_index',
      });
    return index;
  }
}

function checkSize(dataBytes: number): void {
  if (!LITTLE_ENDIAN) throw new RingError('E_RING_AREA', 'rings are little-endian and this machine is not');
  if (!(dataBytes > 0 && dataBytes <= MAX_DATA_BYTES && dataBytes % HV_HYP_PAGE_SIZE === 0))
    throw new RingError('E_RING_AREA', `${dataBytes} bytes of data, needs whole pages of ${HV_HYP_PAGE_SIZE}`);
}

function checkArea(buffer: ArrayBufferLike, offset: number, length: number, what: string): void {
  if (!(Number.isInteger(offset) && offset >= 0 && offset % 8 === 0 && offset + length <= buffer.byteLength))
    throw new RingError(
      'E_RING_AREA',
      `${what}, ${length} bytes at ${offset}, is unaligned or outside of ${buffer.byteLength}`,
    );
}
