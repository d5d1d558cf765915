import type { InterruptBus } from '../vpci-interrupts/interrupt-bus.js';
import type { BusWindow } from './bars.js';
import type { ConfigAccess } from './function-config.js';
import type { PciFunction } from './pci-function.js';
import type { RootBusOptions } from './root-bus-options.js';

/** A root bus and the functions found on it, by devfn. */
export class PciBus implements RootBusOptions {
  readonly domain: number;
  readonly config: ConfigAccess;
  readonly windows: readonly BusWindow[];
  readonly interrupts: InterruptBus;
  readonly isDmaCoherent: boolean;
  readonly functions = new Map<number, PciFunction>();
  /** Names of slots by number (VPCI-24). */
  readonly slots = new Map<number, string>();

  constructor(options: RootBusOptions) {
    this.domain = options.domain;
    this.config = options.config;
    this.windows = options.windows;
    this.interrupts = options.interrupts;
    this.isDmaCoherent = options.isDmaCoherent ?? true;
  }
}
