import { BAR_64, BAR_PREFETCH } from './bars.js';
import type { Capability } from './capability.js';
import type { PciIdentity } from './pci-device.js';

// Type 0 configuration header: PCI Local Bus 3.0, 6.1.

const BYTES = 256;
const COMMAND = 0x04;
const STATUS = 0x06;
const BARS = 0x10;
const BARS_END = 0x28;
const CAPABILITIES = 0x34;
const INTERRUPT_LINE = 0x3c;
const FIRST_CAPABILITY = 0x40;

/** Memory decoding, bus mastering, parity, SERR, INTx off; there is no I/O space. */
const COMMAND_WRITABLE = 0x0546;
const COMMAND_MEMORY = 0x2;
const STATUS_CAPABILITIES = 0x10;

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
    return (this.#view.getUint16(COMMAND, true) & COMMAND_MEMORY) !== 0;
  }

  /** The six BAR words as the guest set them. */
  get barWords(): number[] {
    return Array.from({ length: 6 }, (_, index) => this.#view.getUint32(BARS + index * 4, true));
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
    if (offset < STATUS || (offset < BARS_END && offset + size > BARS)) this.#changed();
    for (const { capability, view, at } of this.#placed)
      if (offset + size > at && offset < at + capability.length) capability.written?.(view);
  }

  /** Puts an address into a BAR, the type bits staying. */
  setBar(index: number, address: bigint): void {
    if (index < 0 || index > 5) return;
    this.write(BARS + index * 4, 4, Number(address & 0xffff_ffffn));
    if ((this.#bytes[BARS + index * 4]! & BAR_64) !== 0) this.write(BARS + index * 4 + 4, 4, Number(address >> 32n));
  }

  /** As after power-on. */
  reset(): void {
    this.#bytes.set(this.#fresh);
    for (const { capability, view } of this.#placed) capability.written?.(view);
    this.#changed();
  }

  #header(identity: PciIdentity): void {
    const view = this.#view;
    view.setUint16(0x00, identity.vendorId, true);
    view.setUint16(0x02, identity.deviceId, true);
    view.setUint8(0x08, identity.revision);
    view.setUint8(0x09, identity.progIf);
    view.setUint8(0x0a, identity.subclass);
    view.setUint8(0x0b, identity.baseClass);
    view.setUint32(0x2c, identity.subsystemId, true);
    this.#writable[COMMAND] = COMMAND_WRITABLE & 0xff;
    this.#writable[COMMAND + 1] = COMMAND_WRITABLE >> 8;
    // Cache line size and interrupt line are the guest's own notes.
    this.#writable[0x0c] = 0xff;
    this.#writable[INTERRUPT_LINE] = 0xff;
  }

  #bars(masks: readonly number[]): void {
    const writable = new DataView(this.#writable.buffer);
    let upper = false;
    for (const [index, mask] of masks.entries()) {
      // The low word of a BAR has its kind in the low bits, the high word is all address.
      const flags = upper ? 0 : mask & (BAR_64 | BAR_PREFETCH);
      this.#view.setUint32(BARS + index * 4, flags, true);
      writable.setUint32(BARS + index * 4, upper ? mask : (mask & ~0xf) >>> 0, true);
      upper = !upper && (mask & BAR_64) !== 0;
    }
  }

  #place(capabilities: readonly Capability[]): void {
    let link = CAPABILITIES;
    let at = FIRST_CAPABILITY;
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
    if (capabilities.length > 0) this.#view.setUint16(STATUS, STATUS_CAPABILITIES, true);
  }
}
