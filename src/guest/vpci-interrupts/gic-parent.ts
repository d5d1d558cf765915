import { FIRST_SPI } from '../../hardware/gicd.js';
import type { Outcome } from '../../ports/outcome.js';

/** How the firmware describes an SPI: ACPI by its INTID, a device tree by its number from 32 up behind a cell that says SPI. */
export type GicSpec =
  | { readonly firmware: 'acpi'; readonly cells: readonly [intid: number, trigger: number] }
  | { readonly firmware: 'device-tree'; readonly cells: readonly [spi: 0, number: number, trigger: number] };

/** IRQ_TYPE_EDGE_RISING of include/linux/irq.h, the same number in ACPI tables and device trees. */
export const EDGE_RISING = 1;

/** The interrupt controller above the SPIs of virtual PCI: the one GICv3 of the guest. CPUs are the guest's numbers. */
export interface GicParent {
  /** What the guest was started with; `none` gives no SPI a description (ARM-04). */
  readonly firmware: 'acpi' | 'device-tree' | 'none';
  /** Takes an SPI into use. */
  allocate(spec: GicSpec): Outcome;
  /** Gives an SPI back. */
  release(intid: number): void;
  setTrigger(intid: number, trigger: number): Outcome;
  /** Routes an SPI to a CPU: a register write, with no message to the host. */
  setAffinity(intid: number, cpu: number): Outcome;
  mask(intid: number): void;
  unmask(intid: number): void;
  endOfInterrupt(intid: number, cpu: number): void;
}

/** The description of `intid` for a firmware; undefined where there is none. */
export function gicSpec(firmware: GicParent['firmware'], intid: number): GicSpec | undefined {
  switch (firmware) {
    case 'acpi':
      return { firmware, cells: [intid, EDGE_RISING] };
    case 'device-tree':
      return { firmware, cells: [0, intid - FIRST_SPI, EDGE_RISING] };
    case 'none':
      return undefined;
  }
}
