import {
  PCI_CAP_ID_MSIX,
  PCI_MSIX_ENTRY_CTRL_MASKBIT,
  PCI_MSIX_ENTRY_DATA,
  PCI_MSIX_ENTRY_SIZE,
  PCI_MSIX_ENTRY_VECTOR_CTRL,
  PCI_MSIX_FLAGS,
  PCI_MSIX_FLAGS_ENABLE,
  PCI_MSIX_FLAGS_MASKALL,
  PCI_MSIX_PBA,
  PCI_MSIX_TABLE,
} from '../../hardware/pci-config.js';
import type { InterruptRouter, MmioDevice } from '../../ports/host-port.js';
import type { Capability } from './capability.js';
import type { InterruptSource } from './msi.js';

export interface MsixPlace {
  readonly vectors: number;
  readonly bar: number;
  /** 8-byte aligned offsets in the BAR. */
  readonly tableOffset: number;
  readonly pendingOffset: number;
}

/** A message for each vector, in a table in a BAR, each with a mask and a pending bit: PCI Local Bus 3.0, 6.8.2. */
export class MsixCapability implements Capability, InterruptSource {
  readonly id = PCI_CAP_ID_MSIX;
  readonly length = 12;
  readonly place: MsixPlace;
  readonly #router: Pick<InterruptRouter, 'raise'>;
  readonly #table: DataView;
  readonly #pending: Set<number> = new Set();
  enabled = false;
  #masked = false;

  /** Throws RangeError for a number of vectors that the capability cannot say. */
  constructor(router: Pick<InterruptRouter, 'raise'>, place: MsixPlace) {
    if (!(place.vectors >= 1 && place.vectors <= 2048)) throw new RangeError(`MSI-X of ${place.vectors} vectors`);
    this.place = place;
    this.#router = router;
    this.#table = new DataView(new ArrayBuffer(place.vectors * PCI_MSIX_ENTRY_SIZE));
    this.reset();
  }

  lay(view: DataView, writable: DataView): void {
    view.setUint16(PCI_MSIX_FLAGS, this.place.vectors - 1, true);
    writable.setUint16(PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, true);
    view.setUint32(PCI_MSIX_TABLE, this.place.tableOffset | this.place.bar, true);
    view.setUint32(PCI_MSIX_PBA, this.place.pendingOffset | this.place.bar, true);
  }

  written(view: DataView): void {
    const control = view.getUint16(PCI_MSIX_FLAGS, true);
    this.enabled = (control & PCI_MSIX_FLAGS_ENABLE) !== 0;
    this.#masked = (control & PCI_MSIX_FLAGS_MASKALL) !== 0;
    this.#release();
  }

  raise(vector: number): boolean {
    if (!this.enabled || vector < 0 || vector >= this.place.vectors) return false;
    if (this.#isMasked(vector)) {
      this.#pending.add(vector);
      return true;
    }
    return this.#send(vector);
  }

  reset(): void {
    this.#pending.clear();
    new Uint8Array(this.#table.buffer).fill(0);
    for (let vector = 0; vector < this.place.vectors; vector++)
      this.#table.setUint32(
        vector * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL,
        PCI_MSIX_ENTRY_CTRL_MASKBIT,
        true,
      );
  }

  /** True for offsets of the BAR that are table or pending bits. */
  covers(offset: number): boolean {
    const { tableOffset, pendingOffset } = this.place;
    const inTable = offset >= tableOffset && offset < tableOffset + this.#table.byteLength;
    return inTable || (offset >= pendingOffset && offset < pendingOffset + this.#pendingBytes);
  }

  /** Reads of 4 or 8 bytes, aligned; others read 0. */
  read(offset: number, size: number): bigint {
    if ((size !== 4 && size !== 8) || offset % size !== 0) return 0n;
    const low = BigInt(this.#word(offset));
    return size === 4 ? low : low | (BigInt(this.#word(offset + 4)) << 32n);
  }

  write(offset: number, size: number, value: bigint): void {
    if ((size !== 4 && size !== 8) || offset % size !== 0) return;
    const at = offset - this.place.tableOffset;
    // The pending bits are read-only.
    if (at < 0 || at + size > this.#table.byteLength) return;
    this.#table.setUint32(at, Number(value & 0xffff_ffffn), true);
    if (size === 8) this.#table.setUint32(at + 4, Number((value >> 32n) & 0xffff_ffffn), true);
    const vector = Math.floor(at / PCI_MSIX_ENTRY_SIZE);
    const control = vector * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL;
    this.#table.setUint32(control, this.#table.getUint32(control, true) & PCI_MSIX_ENTRY_CTRL_MASKBIT, true);
    if (this.enabled && this.#pending.has(vector) && !this.#isMasked(vector)) this.#send(vector);
  }

  /** A BAR that is nothing but the table and its pending bits, over the registers of `rest`. */
  over(rest: MmioDevice): MmioDevice {
    return {
      read: (offset, size, vp) => (this.covers(offset) ? this.read(offset, size) : rest.read(offset, size, vp)),
      write: (offset, size, value, vp) => {
        if (this.covers(offset)) this.write(offset, size, value);
        else rest.write(offset, size, value, vp);
      },
    };
  }

  get #pendingBytes(): number {
    return Math.ceil(this.place.vectors / 64) * 8;
  }

  #isMasked(vector: number): boolean {
    return (
      this.#masked ||
      (this.#table.getUint32(vector * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL, true) &
        PCI_MSIX_ENTRY_CTRL_MASKBIT) !==
        0
    );
  }

  #send(vector: number): boolean {
    this.#pending.delete(vector);
    const at = vector * PCI_MSIX_ENTRY_SIZE;
    const address = this.#table.getBigUint64(at, true);
    return this.#router.raise({ address, data: this.#table.getUint32(at + PCI_MSIX_ENTRY_DATA, true) });
  }

  #release(): void {
    if (!this.enabled) return;
    for (const vector of [...this.#pending].sort((a, b) => a - b)) if (!this.#isMasked(vector)) this.#send(vector);
  }

  #word(offset: number): number {
    const at = offset - this.place.tableOffset;
    if (at >= 0 && at + 4 <= this.#table.byteLength) return this.#table.getUint32(at, true);
    const first = (offset - this.place.pendingOffset) * 8;
    let word = 0;
    for (let bit = 0; bit < 32; bit++) if (this.#pending.has(first + bit)) word |= 1 << bit;
    return word >>> 0;
  }
}
