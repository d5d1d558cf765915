import type { DmaPort } from '../ports/dma-port.js';
import type { GuestMemory } from '../ports/guest-memory.js';

/** Addresses have 52 bits. */
const ADDRESS_END = 1n << 52n;

/** The way to memory without an IOMMU: addresses are guest physical. Refused is what lies outside of memory. */
export class DirectDma implements DmaPort {
  private readonly memory: GuestMemory;

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  read(address: bigint, into: Uint8Array): boolean {
    if (!this.has(address, into.length)) return false;
    this.memory.read(Number(address), into);
    return true;
  }

  write(address: bigint, from: Uint8Array): boolean {
    if (!this.has(address, from.length)) return false;
    this.memory.write(Number(address), from);
    return true;
  }

  storeU32(address: bigint, value: number): boolean {
    if ((address & 3n) !== 0n || !this.has(address, 4)) return false;
    this.memory.storeU32(Number(address), value);
    return true;
  }

  private has(address: bigint, length: number): boolean {
    return address >= 0n && address < ADDRESS_END && this.memory.has(Number(address), length);
  }
}
