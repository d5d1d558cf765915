import type { HostPort, MmioDevice } from '../../ports/host-port.js';

/** What a device has of the machine: it maps its BARs and raises interrupts; memory is for devices that are given no other way. */
export type DevicePort = Pick<HostPort, 'memory' | 'queue' | 'interrupts' | 'mapWindow' | 'trace'>;

/** The fields of a function's header that also stand in its bus relations. */
export interface PciIdentity {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision: number;
  readonly progIf: number;
  readonly subclass: number;
  readonly baseClass: number;
  /** Subsystem vendor in the lower half, subsystem in the upper. */
  readonly subsystemId: number;
}

/** A window of device space that can name what is at an offset, for a timeline. */
export interface LabelledMmio extends MmioDevice {
  /** Such as `config+0x1004 slot 0` or `bar0+0x14 slot 0`. */
  label(offset: number): string;
}

/** Configuration blocks: the side channel of PCI_READ_BLOCK and PCI_WRITE_BLOCK. */
export interface ConfigBlocks {
  /** Up to `length` bytes of a block; undefined when there is none of this id. */
  readBlock(id: number, length: number): Uint8Array | undefined;
  /** False when the block cannot be written. */
  writeBlock(id: number, bytes: Uint8Array): boolean;
}

/** One function behind a virtual PCI bus. Nothing here throws for what a guest did. */
export interface PciDevice {
  readonly identity: PciIdentity;
  /** Six words as they read after all ones were written; 0 where there is no BAR. */
  readonly barMasks: readonly number[];
  /** The slot (dev | func << 5) under which a bus shows the function from now on. */
  attached(slot: number): void;
  /** Naturally aligned, inside the 4096 bytes of the function. */
  readConfig(offset: number, size: 1 | 2 | 4): number;
  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void;
  /** Sets a BAR, both words of a 64-bit one, as the bus's resources say. */
  setBar(index: number, address: bigint): void;
  /** False is D3: the BARs do not answer, nothing is lost. */
  setPower(on: boolean): void;
  /** Everything as after power-on: BARs empty and unmapped, interrupts off, requests forgotten. */
  reset(): void;
  /** Windows of device space that the function holds. */
  readonly windows: number;
  readonly blocks?: ConfigBlocks;
}
