import type { Outcome } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { PciFunction, PciIdentity } from './pci-function.js';

/** What a driver makes of a function that it has taken. */
export interface BoundFunction {
  /** The function goes, or is gone already: gives back what the driver holds of it. */
  remove(): Routine;
  /** The machine goes to sleep: the device will lose its state, and what the driver holds for it may go. */
  suspend?(): Routine<Outcome>;
  /** The machine is back, the device as after a reset. */
  resume?(): Routine<Outcome>;
}

export interface PciDriver {
  readonly name: string;
  matches(identity: PciIdentity): boolean;
  probe(fn: PciFunction): Routine<Outcome<BoundFunction>>;
}
