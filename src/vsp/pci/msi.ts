import { joinU64 } from '../../bytes/word.js';
import {
  PCI_CAP_ID_MSI,
  PCI_MSI_ADDRESS_HI,
  PCI_MSI_ADDRESS_LO,
  PCI_MSI_DATA_64,
  PCI_MSI_FLAGS,
  PCI_MSI_FLAGS_64BIT,
  PCI_MSI_FLAGS_ENABLE,
  PCI_MSI_FLAGS_QSIZE,
} from '../../hardware/pci-config.js';
import type { InterruptMessage, InterruptRouter } from '../../ports/host-port.js';
import type { Capability } from './capability.js';

/** A device's way to interrupt. */
export interface InterruptSource {
  /** Raises a vector, or keeps it until it is unmasked; false when it cannot be raised at all. */
  raise(vector: number): boolean;
  /** True where the guest has turned it on. */
  readonly enabled: boolean;
  /** Forgets what was kept. */
  reset(): void;
}

/** Up to 32 messages from one address and data word, 64-bit, without masks: PCI Local Bus 3.0, 6.8.1. */
export class MsiCapability implements Capability, InterruptSource {
  readonly id = PCI_CAP_ID_MSI;
  readonly length = 14;
  readonly #router: Pick<InterruptRouter, 'raise'>;
  readonly #exponent: number;
  enabled = false;
  #vectors = 1;
  #message: InterruptMessage = { address: 0n, data: 0 };

  /** Room for `vectors`, rounded up to a power of two. Throws RangeError above 32. */
  constructor(router: Pick<InterruptRouter, 'raise'>, vectors: number) {
    this.#router = router;
    this.#exponent = Math.ceil(Math.log2(vectors));
    if (!(this.#exponent >= 0 && this.#exponent <= 5)) throw new RangeError(`MSI of ${vectors} vectors`);
  }

  lay(view: DataView, writable: DataView): void {
    view.setUint16(PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT | (this.#exponent << 1), true);
    writable.setUint16(PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE, true);
    writable.setUint32(PCI_MSI_ADDRESS_LO, 0xffff_fffc, true);
    writable.setUint32(PCI_MSI_ADDRESS_HI, 0xffff_ffff, true);
    writable.setUint16(PCI_MSI_DATA_64, 0xffff, true);
  }

  written(view: DataView): void {
    const control = view.getUint16(PCI_MSI_FLAGS, true);
    this.enabled = (control & PCI_MSI_FLAGS_ENABLE) !== 0;
    this.#vectors = 1 << Math.min((control >> 4) & 7, this.#exponent);
    this.#message = {
      address: joinU64(view.getUint32(PCI_MSI_ADDRESS_LO, true), view.getUint32(PCI_MSI_ADDRESS_HI, true)),
      data: view.getUint16(PCI_MSI_DATA_64, true),
    };
  }

  /** Vectors beyond those that the guest enabled share the ones there are. */
  raise(vector: number): boolean {
    if (!this.enabled) return false;
    const { address, data } = this.#message;
    return this.#router.raise({ address, data: data + (vector % this.#vectors) });
  }

  reset(): void {
    this.enabled = false;
  }
}
