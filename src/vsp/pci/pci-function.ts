import { type BarSpec, BarWindows, barMasks } from './bars.js';
import { type Capability, ExpressCapability, PowerCapability } from './capability.js';
import { ConfigSpace } from './config-space.js';
import type { InterruptSource } from './msi.js';
import type { ConfigBlocks, DevicePort, PciDevice, PciIdentity } from './pci-device.js';

export interface PciFunctionParts {
  readonly port: DevicePort;
  readonly identity: PciIdentity;
  readonly bars: readonly BarSpec[];
  /** First the one to use where the guest has turned both on. */
  readonly interrupts?: readonly (InterruptSource & Capability)[];
  readonly blocks?: ConfigBlocks;
  /** The device's own reset. */
  readonly reset?: () => void;
}

/** A function with a type 0 header, BARs, a way to interrupt, PCI Express and power management. */
export class PciFunction implements PciDevice {
  readonly identity: PciIdentity;
  readonly barMasks: readonly number[];
  readonly blocks?: ConfigBlocks;
  readonly #config: ConfigSpace;
  readonly #windows: BarWindows;
  readonly #interrupts: readonly (InterruptSource & Capability)[];
  readonly #reset: (() => void) | undefined;
  /** By the bus and by the function's own power register; memory is decoded where both are on. */
  #busPower = true;
  #ownPower = true;
  slot = 0;

  /** Throws RangeError for BARs or capabilities that cannot be. */
  constructor({ port, identity, bars, interrupts = [], blocks, reset }: PciFunctionParts) {
    this.identity = identity;
    this.barMasks = barMasks(bars);
    if (blocks !== undefined) this.blocks = blocks;
    this.#interrupts = interrupts;
    this.#reset = reset;
    this.#windows = new BarWindows(port, bars, () => `slot ${this.slot}`);
    const power = new PowerCapability((on) => {
      this.#ownPower = on;
      this.#update();
    });
    const capabilities = [...interrupts, new ExpressCapability(), power];
    this.#config = new ConfigSpace(identity, this.barMasks, capabilities, () => this.#update());
  }

  get windows(): number {
    return this.#windows.mapped;
  }

  attached(slot: number): void {
    this.slot = slot;
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    return this.#config.read(offset, size);
  }

  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    this.#config.write(offset, size, value);
  }

  setBar(index: number, address: bigint): void {
    this.#config.setBar(index, address);
  }

  setPower(on: boolean): void {
    this.#busPower = on;
    this.#update();
  }

  reset(): void {
    this.#busPower = true;
    this.#config.reset();
    for (const source of this.#interrupts) source.reset();
    this.#reset?.();
  }

  /** Interrupts by the first way that the guest has turned on; false when none is. */
  raise(vector: number): boolean {
    return this.#interrupts.find(({ enabled }) => enabled)?.raise(vector) ?? false;
  }

  #update(): void {
    this.#windows.update(this.#config.barWords, this.#config.decodesMemory && this.#busPower && this.#ownPower);
  }
}
