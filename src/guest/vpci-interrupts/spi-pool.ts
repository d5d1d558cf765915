import { vpci_interrupt_arm64 } from '../../abi/vpci/interrupt.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';

/** First INTID of the pool, and how many there are: 64 to 1019 (ARM-01). */
export const SPI_START: number = vpci_interrupt_arm64.HV_PCI_MSI_SPI_START;
export const SPI_COUNT: number = vpci_interrupt_arm64.HV_PCI_MSI_SPI_NR;

/**
 * The shared peripheral interrupts that virtual PCI gives to messages. Messages of one block need consecutive numbers, so that
 * regions are powers of two, aligned to their size (bitmap_find_free_region, as hv_pci_vec_alloc_device_irq calls it).
 * One thread runs this, so a call is what the kernel's lock makes of it.
 */
export class SpiPool {
  private readonly used = new Uint8Array(SPI_COUNT);

  /** Interrupts in use, those of rounded-up regions included. */
  get taken(): number {
    return this.used.reduce((sum, one) => sum + one, 0);
  }

  /** The first INTID of a region for `count`; EINVAL for none, ENOSPC when no region is free. */
  take(count: number): Outcome<number> {
    if (!(count >= 1)) return failure('EINVAL');
    const size = regionSize(count);
    for (let index = 0; index + size <= SPI_COUNT; index += size) {
      if (this.used.subarray(index, index + size).includes(1)) continue;
      this.used.fill(1, index, index + size);
      return success(SPI_START + index);
    }
    return failure('ENOSPC');
  }

  /** Gives back what `take` gave for the same count. */
  give(base: number, count: number): void {
    const index = base - SPI_START;
    this.used.fill(0, index, index + regionSize(count));
  }
}

function regionSize(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
