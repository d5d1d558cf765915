import {
  PCI_BASE_ADDRESS_0,
  PCI_BASE_ADDRESS_MEM_64,
  PCI_BASE_ADDRESS_MEM_PREFETCH,
  PCI_CACHE_LINE_SIZE,
  PCI_CAPABILITY_LIST,
  PCI_CLASS_REVISION,
  PCI_COMMAND,
  PCI_COMMAND_MEMORY,
  PCI_DEVICE_ID,
  PCI_INTERRUPT_LINE,
  PCI_STATUS,
  PCI_STATUS_CAP_LIST,
  PCI_STD_HEADER_SIZEOF,
  PCI_SUBSYSTEM,
  PCI_VENDOR_ID,
} from '../../hardware/pci-config.js';
import type { Capability } from './capability.js';
import type { PciIdentity } from './pci-device.js';

// Type 0 configuration header: PCI Local Bus 3.0, 6.1.

const BYTES = 256;
/** One past the last of the six. */
const END_OF_BARS = PCI_BASE_ADDRESS_0 + 24;

/** Memory decoding, bus mastering, parity, SERR, INTx off; there is no I/O space. */
const COMMAND_WRITABLE = 0x0546;

/** The first 256 bytes of a function's configuration space; what lies behind them, up to 4096, reads as zeros. */
export class ConfigSpace {
  readonly #bytes = new Uint8Array(BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #fresh: Uint8Array;
  readonly #writable = new Uint8Array(BYTES);
  readonly #placed: { readonly capability: Capability; readonly view: DataView; readonly at: number }[] = [];
  readonly #changed: () => void;

  /** `changed` runs when the command register or a BAR was written. Throws RangeError for capabilities that do not fit. */
  constructor(
    identity: PciIdentity,
    masks: readonly number[],
    capabilities: readonly Capability[],
    changed: () => void,
  ) {
    this.#changed = changed;
    this.#header(identity);
    this.#bars(masks);
    this.#place(capabilities);
    this.#fresh = this.#bytes.slice();
  }

  get decodesMemory(): boolean {
    return (this.#view.getUint16(PCI_COMMAND, true) & PCI_COMMAND_MEMORY) !== 0;
  }

  /** The six BAR words as the guest set them. */
  get barWords(): number[] {
    return Array.from({ length: 6 }, (_, index) => this.#view.getUint32(PCI_BASE_ADDRESS_0 + index * 4, true));
  }

  read(offset: number, size: 1 | 2 | 4): number {
    if (offset < 0 || offset + size > BYTES) return 0;
    if (size === 1) return this.#bytes[offset]!;
    return size === 2 ? this.#view.getUint16(offset, true) : this.#view.getUint32(offset, true);
  }

  write(offset: number, size: 1 | 2 | 4, value: number): void {
    if (offset < 0 || offset + size > BYTES) return;
    for (let i = 0; i < size; i++) {
      const mask = this.#writable[offset + i]!;
      this.#bytes[offset + i] = (this.#bytes[offset + i]! & ~mask) | ((value >>> (i * 8)) & mask);
    }
    if (offset < PCI_STATUS || (offset < END_OF_BARS && offset + size > PCI_BASE_ADDRESS_0)) this.#changed();
    for (const { capability, view, at } of this.#placed)
      if (offset + size > at && offset < at + capability.length) capability.written?.(view);
  }

  /** Puts an address into a BAR, the type bits staying. */
  setBar(index: number, address: bigint): void {
    if (index < 0 || index > 5) return;
    this.write(PCI_BASE_ADDRESS_0 + index * 4, 4, Number(address & 0xffff_ffffn));
    if ((this.#bytes[PCI_BASE_ADDRESS_0 + index * 4]! & PCI_BASE_ADDRESS_MEM_64) !== 0)
      this.write(PCI_BASE_ADDRESS_0 + index * 4 + 4, 4, Number(address >> 32n));
  }

  /** As after power-on. */
  reset(): void {
    this.#bytes.set(this.#fresh);
    for (const { capability, view } of this.#placed) capability.written?.(view);
    this.#changed();
  }

  #header(identity: PciIdentity): void {
    const view = this.#view;
    view.setUint16(PCI_VENDOR_ID, identity.vendorId, true);
    view.setUint16(PCI_DEVICE_ID, identity.deviceId, true);
    view.setUint8(PCI_CLASS_REVISION, identity.revision);
    view.setUint8(PCI_CLASS_REVISION + 1, identity.progIf);
    view.setUint8(PCI_CLASS_REVISION + 2, identity.subclass);
    view.setUint8(PCI_CLASS_REVISION + 3, identity.baseClass);
    view.setUint32(PCI_SUBSYSTEM, identity.subsystemId, true);
    this.#writable[PCI_COMMAND] = COMMAND_WRITABLE & 0xff;
    this.#writable[PCI_COMMAND + 1] = COMMAND_WRITABLE >> 8;
    // Cache line size and interrupt line are the guest's own notes.
    this.#writable[PCI_CACHE_LINE_SIZE] = 0xff;
    this.#writable[PCI_INTERRUPT_LINE] = 0xff;
  }

  #bars(masks: readonly number[]): void {
    const writable = new DataView(this.#writable.buffer);
    let upper = false;
    for (const [index, mask] of masks.entries()) {
      // The low word of a BAR has its kind in the low bits, the high word is all address.
      const flags = upper ? 0 : mask & (PCI_BASE_ADDRESS_MEM_64 | PCI_BASE_ADDRESS_MEM_PREFETCH);
      this.#view.setUint32(PCI_BASE_ADDRESS_0 + index * 4, flags, true);
      writable.setUint32(PCI_BASE_ADDRESS_0 + index * 4, upper ? mask : (mask & ~0xf) >>> 0, true);
      upper = !upper && (mask & PCI_BASE_ADDRESS_MEM_64) !== 0;
    }
  }

  #place(capabilities: readonly Capability[]): void {
    let link = PCI_CAPABILITY_LIST;
    let at = PCI_STD_HEADER_SIZEOF;
    for (const capability of capabilities) {
      if (at + capability.length > BYTES) throw new RangeError(`no room for capability ${capability.id}`);
      this.#bytes[link] = at;
      this.#bytes[at] = capability.id;
      const view = new DataView(this.#bytes.buffer, at, capability.length);
      capability.lay(view, new DataView(this.#writable.buffer, at, capability.length));
      this.#placed.push({ capability, view, at });
      link = at + 1;
      at = (at + capability.length + 3) & ~3;
    }
    if (capabilities.length > 0) this.#view.setUint16(PCI_STATUS, PCI_STATUS_CAP_LIST, true);
  }
}
