import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import { MemoryError } from './memory-error.js';
import { type Region, RegionTable } from './regions.js';

const ZEROS = new Uint8Array(HV_HYP_PAGE_SIZE);

/**
 * Guest memory in a file that another process maps, such as QEMU's memory-backend-file. Each access is a pread or pwrite:
 * Node can neither map a file nor run atomics on one. An aligned word of up to 8 bytes is moved in one call, which Linux does
 * in one piece for files in memory; a change of bits is a read and a write, and what the other process does to the same byte
 * in between is lost.
 */
export class FileGuestMemory implements GuestMemory {
  readonly size: number;
  readonly #fd: number;
  readonly #regions: RegionTable;
  readonly #word = new DataView(new ArrayBuffer(8));
  readonly #wordBytes = [1, 2, 4, 8].map((length) => new Uint8Array(this.#word.buffer, 0, length));

  /**
   * Over an open descriptor, which stays the caller's unless `close` is called. Regions default to one from GPA 0 over all
   * whole pages of the file. Throws MemoryError E_ALIGN, E_GPA for regions that cannot be.
   */
  constructor(fd: number, regions?: readonly Region[]) {
    const bytes = fstatSync(fd).size;
    const length = bytes - (bytes % HV_HYP_PAGE_SIZE);
    this.#fd = fd;
    this.#regions = new RegionTable(regions ?? [{ gpa: 0, length, offset: 0 }], length);
    this.size = this.#regions.size;
  }

  /** Opens a file that exists, for reading and writing. Throws what the system says, and as the constructor. */
  static open(path: string, regions?: readonly Region[]): FileGuestMemory {
    const fd = openSync(path, 'r+');
    try {
      return new FileGuestMemory(fd, regions);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Closes the file; the memory is of no use afterwards. */
  close(): void {
    closeSync(this.#fd);
  }

  has(gpa: number, length: number): boolean {
    return this.#regions.has(gpa, length);
  }

  /** Always undefined: the bytes are not in this process. Throws MemoryError E_GPA. */
  window(gpa: number, length: number): undefined {
    this.#regions.place(gpa, length);
  }

  read(gpa: number, into: Uint8Array): void {
    this.#regions.forEach(gpa, into.length, (offset, done, bytes) => {
      for (let moved = 0; moved < bytes; ) {
        const now = readSync(this.#fd, into, done + moved, bytes - moved, offset + moved);
        if (now === 0) throw new MemoryError('E_GPA', 'the file has become shorter', gpa + done + moved);
        moved += now;
      }
    });
  }

  write(gpa: number, from: Uint8Array): void {
    this.#regions.forEach(gpa, from.length, (offset, done, bytes) => this.#put(offset, from, done, bytes));
  }

  #put(offset: number, from: Uint8Array, at: number, bytes: number): void {
    for (let moved = 0; moved < bytes; ) moved += writeSync(this.#fd, from, at + moved, bytes - moved, offset + moved);
  }

  clear(gpa: number, length: number): void {
    this.#regions.forEach(gpa, length, (offset, _done, bytes) => {
      for (let moved = 0; moved < bytes; moved += ZEROS.length)
        this.#put(offset + moved, ZEROS, 0, Math.min(ZEROS.length, bytes - moved));
    });
  }

  #load(gpa: number, log2: 0 | 1 | 2 | 3): DataView {
    this.read(gpa, this.#wordBytes[log2]!);
    return this.#word;
  }

  #store(gpa: number, log2: 0 | 1 | 2 | 3): void {
    this.write(gpa, this.#wordBytes[log2]!);
  }

  readU8(gpa: number): number {
    return this.#load(gpa, 0).getUint8(0);
  }

  readU16(gpa: number): number {
    return this.#load(gpa, 1).getUint16(0, true);
  }

  readU32(gpa: number): number {
    return this.#load(gpa, 2).getUint32(0, true);
  }

  readU64(gpa: number): bigint {
    return this.#load(gpa, 3).getBigUint64(0, true);
  }

  writeU8(gpa: number, value: number): void {
    this.#word.setUint8(0, value);
    this.#store(gpa, 0);
  }

  writeU16(gpa: number, value: number): void {
    this.#word.setUint16(0, value, true);
    this.#store(gpa, 1);
  }

  writeU32(gpa: number, value: number): void {
    this.#word.setUint32(0, value, true);
    this.#store(gpa, 2);
  }

  writeU64(gpa: number, value: bigint): void {
    this.#word.setBigUint64(0, value, true);
    this.#store(gpa, 3);
  }

  /** One pread of an aligned word. Throws MemoryError E_ALIGN, E_GPA, as the three below. */
  loadU32(gpa: number): number {
    requireWord(gpa);
    return this.readU32(gpa);
  }

  /** One pwrite of an aligned word. */
  storeU32(gpa: number, value: number): void {
    requireWord(gpa);
    this.writeU32(gpa, value);
  }

  /**
   * Not atomic. Only bytes that change are written, so that flags in different bytes of one word do not get in each other's
   * way; a host gives each channel an event flag in a byte of its own.
   */
  orU32(gpa: number, bits: number): number {
    requireWord(gpa);
    return this.#change(gpa, bits, bits);
  }

  /** Not atomic; see orU32. */
  clearU32(gpa: number, bits: number): number {
    requireWord(gpa);
    return this.#change(gpa, bits, 0);
  }

  #change(gpa: number, mask: number, value: number): number {
    const old = this.readU32(gpa);
    for (let byte = 0; byte < 4; byte++) {
      const select = (mask >>> (8 * byte)) & 0xff;
      if (select === 0) continue;
      const before = (old >>> (8 * byte)) & 0xff;
      const after = (before & ~select) | ((value >>> (8 * byte)) & select);
      if (after !== before) this.writeU8(gpa + byte, after);
    }
    return old;
  }
}

function requireWord(gpa: number): void {
  if (gpa % 4 !== 0) throw new MemoryError('E_ALIGN', 'an atomic word is 4-byte aligned', gpa);
}
