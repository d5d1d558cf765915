import type { InterruptBus } from '../vpci-interrupts/interrupt-bus.js';
import type { BusWindow } from './bars.js';
import type { ConfigAccess } from './function-config.js';

/** What a host bridge hands to the PCI core. */
export interface RootBusOptions {
  readonly domain: number;
  readonly config: ConfigAccess;
  /** Addresses for BARs: below 4 GiB, above, or both. */
  readonly windows: readonly BusWindow[];
  readonly interrupts: InterruptBus;
  /** Of the VMBus node that the bus is on; true when absent. */
  readonly isDmaCoherent?: boolean;
}
