import type { Outcome } from '../../ports/outcome.js';
import type { MessageIrq } from './message-irq.js';

/** What differs by architecture: vectors, where they go, and who is told (ARM-13). */
export interface IrqArch {
  /** Delivery mode in create messages; fixed on both (ARM-11). */
  readonly deliveryMode: number;
  /** True where an interrupt gets a vector of its own, and with it a new message, each time it is requested. */
  readonly reactivates: boolean;
  /** Takes what a block needs before its messages are composed: ENOSPC when there is none left. */
  allocate(block: readonly MessageIrq[]): Outcome;
  /** Gives back what `allocate` took. */
  free(block: readonly MessageIrq[]): void;
  /** Vector for a create message. For several messages at once it is the first one's (VPCI-51, ARM-07, ARM-15). */
  vectorOf(irq: MessageIrq): number;
  /** The interrupt is requested: it gets its vector, and the handler is called for it from now on. */
  activate(irq: MessageIrq): Outcome;
  deactivate(irq: MessageIrq): void;
  /** Moves an interrupt to one of `cpus`; the host hears of it at the next unmask, if at all. */
  setAffinity(irq: MessageIrq, cpus: readonly number[]): Outcome;
  mask(irq: MessageIrq): void;
  /** Lets the interrupt through, after the host was told where it goes where it has to be told. */
  unmask(irq: MessageIrq, cpu: number): void;
  endOfInterrupt(irq: MessageIrq, cpu: number): void;
}
