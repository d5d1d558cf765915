import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import { type FillList, fillByKernel, fillByWords } from './fill-kernel.js';
import { MemoryError } from './memory-error.js';
import { type Region, RegionTable } from './regions.js';
import { makeWasmMemory, type WasmMemory } from './wasm-host.js';

/** What another Worker needs for the same memory; a structured clone of it shares the bytes. */
export interface SharedMemoryHandle {
  readonly backing: ArrayBufferLike | WasmMemory;
  readonly regions: readonly Region[];
}

/**
 * Guest memory in this process: in a SharedArrayBuffer or in a shared WebAssembly.Memory, where page lists are written by a
 * SIMD kernel. Words are those of a little-endian machine.
 */
export class SharedGuestMemory implements GuestMemory {
  readonly size: number;
  /** True when lists are written by the WebAssembly kernel. */
  readonly hasKernel: boolean;
  readonly #handle: SharedMemoryHandle;
  readonly #regions: RegionTable;
  readonly #buffer: ArrayBufferLike;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #fill: FillList;
  /** Where values that cross from region to region are put together. */
  readonly #seam = new DataView(new ArrayBuffer(8));
  readonly #seamBytes = new Uint8Array(this.#seam.buffer);

  /**
   * Over memory that exists. Regions default to one from GPA 0 over all whole pages of the backing. Throws MemoryError E_ALIGN,
   * E_GPA for regions that cannot be.
   */
  constructor(backing: ArrayBufferLike | WasmMemory, regions?: readonly Region[]) {
    const buffer = 'buffer' in backing ? backing.buffer : backing;
    const length = buffer.byteLength - (buffer.byteLength % HV_HYP_PAGE_SIZE);
    this.#regions = new RegionTable(regions ?? [{ gpa: 0, length, offset: 0 }], length);
    this.#handle = { backing, regions: this.#regions.regions };
    this.size = this.#regions.size;
    this.#buffer = buffer;
    this.#view = new DataView(buffer);
    this.#bytes = new Uint8Array(buffer, 0, length);
    this.#words = new Int32Array(buffer, 0, length / 4);
    this.#doubles = new Float64Array(buffer, 0, length / 8);
    const kernel = 'buffer' in backing ? fillByKernel(backing) : undefined;
    this.hasKernel = kernel !== undefined;
    this.#fill = kernel ?? fillByWords(new Uint32Array(buffer, 0, length / 4));
  }

  /**
   * New zeroed memory: `at` is its size in bytes from GPA 0, rounded up to a page, or its regions. In a shared
   * WebAssembly.Memory unless the host has none or `kernel` is false, else in a SharedArrayBuffer.
   */
  static create(at: number | readonly Region[], options: { kernel?: boolean } = {}): SharedGuestMemory {
    const regions = typeof at === 'number' ? undefined : at;
    const bytes =
      typeof at === 'number'
        ? Math.ceil(at / HV_HYP_PAGE_SIZE) * HV_HYP_PAGE_SIZE
        : Math.max(0, ...at.map(({ offset, length }) => offset + length));
    const memory = options.kernel === false ? undefined : makeWasmMemory(bytes);
    return new SharedGuestMemory(
      memory ?? new SharedArrayBuffer(bytes),
      regions ?? [{ gpa: 0, length: bytes, offset: 0 }],
    );
  }

  /** The same memory from a handle that another Worker sent. */
  static attach(handle: SharedMemoryHandle): SharedGuestMemory {
    return new SharedGuestMemory(handle.backing, handle.regions);
  }

  /** To be posted to another Worker. */
  get handle(): SharedMemoryHandle {
    return this.#handle;
  }

  has(gpa: number, length: number): boolean {
    return this.#regions.has(gpa, length);
  }

  window(gpa: number, length: number): DataView | undefined {
    const at = this.#regions.place(gpa, length);
    return at < 0 ? undefined : new DataView(this.#buffer, at, length);
  }

  read(gpa: number, into: Uint8Array): void {
    this.#regions.forEach(gpa, into.length, (offset, done, bytes) => {
      into.set(this.#bytes.subarray(offset, offset + bytes), done);
    });
  }

  write(gpa: number, from: Uint8Array): void {
    this.#regions.forEach(gpa, from.length, (offset, done, bytes) => {
      this.#bytes.set(done === 0 && bytes === from.length ? from : from.subarray(done, done + bytes), offset);
    });
  }

  clear(gpa: number, length: number): void {
    this.#regions.forEach(gpa, length, (offset, _done, bytes) => {
      // V8 fills shared memory element by element: eight bytes at a time are six times as fast as one.
      const end = offset + bytes;
      const from = Math.min(end, Math.ceil(offset / 8) * 8);
      const to = Math.max(from, Math.floor(end / 8) * 8);
      if (from > offset) this.#bytes.fill(0, offset, from);
      if (to > from) this.#doubles.fill(0, from / 8, to / 8);
      if (end > to) this.#bytes.fill(0, to, end);
    });
  }

  readU8(gpa: number): number {
    return this.#view.getUint8(this.#regions.place(gpa, 1));
  }

  readU16(gpa: number): number {
    const at = this.#regions.place(gpa, 2);
    return at >= 0 ? this.#view.getUint16(at, true) : this.#gather(gpa, 2).getUint16(0, true);
  }

  readU32(gpa: number): number {
    const at = this.#regions.place(gpa, 4);
    return at >= 0 ? this.#view.getUint32(at, true) : this.#gather(gpa, 4).getUint32(0, true);
  }

  readU64(gpa: number): bigint {
    const at = this.#regions.place(gpa, 8);
    return at >= 0 ? this.#view.getBigUint64(at, true) : this.#gather(gpa, 8).getBigUint64(0, true);
  }

  writeU8(gpa: number, value: number): void {
    this.#view.setUint8(this.#regions.place(gpa, 1), value);
  }

  writeU16(gpa: number, value: number): void {
    const at = this.#regions.place(gpa, 2);
    if (at >= 0) this.#view.setUint16(at, value, true);
    else {
      this.#seam.setUint16(0, value, true);
      this.write(gpa, this.#seamBytes.subarray(0, 2));
    }
  }

  writeU32(gpa: number, value: number): void {
    const at = this.#regions.place(gpa, 4);
    if (at >= 0) this.#view.setUint32(at, value, true);
    else {
      this.#seam.setUint32(0, value, true);
      this.write(gpa, this.#seamBytes.subarray(0, 4));
    }
  }

  writeU64(gpa: number, value: bigint): void {
    const at = this.#regions.place(gpa, 8);
    if (at >= 0) this.#view.setBigUint64(at, value, true);
    else {
      this.#seam.setBigUint64(0, value, true);
      this.write(gpa, this.#seamBytes);
    }
  }

  #gather(gpa: number, length: number): DataView {
    this.read(gpa, this.#seamBytes.subarray(0, length));
    return this.#seam;
  }

  /** Sequentially consistent. Throws MemoryError E_ALIGN, E_GPA, as the three below. */
  loadU32(gpa: number): number {
    return Atomics.load(this.#words, this.#word(gpa)) >>> 0;
  }

  storeU32(gpa: number, value: number): void {
    Atomics.store(this.#words, this.#word(gpa), value | 0);
  }

  orU32(gpa: number, bits: number): number {
    return Atomics.or(this.#words, this.#word(gpa), bits | 0) >>> 0;
  }

  clearU32(gpa: number, bits: number): number {
    return Atomics.and(this.#words, this.#word(gpa), ~bits) >>> 0;
  }

  /** Index of an aligned word; regions are whole pages, so it never crosses from one into another. */
  #word(gpa: number): number {
    if (gpa % 4 !== 0) throw new MemoryError('E_ALIGN', 'an atomic word is 4-byte aligned', gpa);
    return this.#regions.place(gpa, 4) / 4;
  }

  /**
   * Writes `count` consecutive page frame numbers from `first` (below 2^53) as u64, in place: the list of a rep hypercall.
   * Throws MemoryError E_ALIGN for a list that is not 8-byte aligned, E_RANGE for numbers that are none, E_GPA outside of
   * memory.
   */
  fillPfns(gpa: number, first: number, count: number): void {
    if (gpa % 8 !== 0) throw new MemoryError('E_ALIGN', 'a list of u64 is 8-byte aligned', gpa);
    if (!(Number.isSafeInteger(first) && first >= 0 && count >>> 0 === count))
      throw new MemoryError('E_RANGE', `${count} from ${first} are no page frame numbers`, gpa);
    const at = this.#regions.place(gpa, 8 * count);
    // Halves as 32-bit integers: a fraction would be a heap number to the engine at every call.
    if (at >= 0) this.#fill(at, first | 0, (first / 0x1_0000_0000) | 0, count);
    else this.#fillPieces(gpa, first, count);
  }

  #fillPieces(gpa: number, first: number, count: number): void {
    this.#regions.forEach(gpa, 8 * count, (offset, done, bytes) => {
      const start = first + done / 8;
      this.#fill(offset, start | 0, (start / 0x1_0000_0000) | 0, bytes / 8);
    });
  }
}
