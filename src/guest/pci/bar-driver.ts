import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { BoundFunction, PciDriver } from './pci-driver.js';
import type { PciFunction, PciIdentity } from './pci-function.js';

/** A function that has registers and nothing else. */
export class BarFunction implements BoundFunction {
  readonly fn: PciFunction;

  constructor(fn: PciFunction) {
    this.fn = fn;
  }

  /** A 32-bit register; all ones when the function is gone. */
  read(offset: number, cpu = 0): number {
    return this.fn.readBar(this.fn.bars[0]!.index, offset, cpu);
  }

  write(offset: number, value: number, cpu = 0): void {
    this.fn.writeBar(this.fn.bars[0]!.index, offset, value, cpu);
  }

  // biome-ignore lint/correctness/useYield: nothing to wait for
  *remove(): Routine {
    this.fn.clearMaster();
  }
}

/** Binds to functions by their identity and lets them answer at their BARs. */
export class BarDriver implements PciDriver {
  readonly name = 'bar';
  readonly bound: BarFunction[] = [];
  private readonly wanted: (identity: PciIdentity) => boolean;

  constructor(wanted: (identity: PciIdentity) => boolean) {
    this.wanted = wanted;
  }

  matches(identity: PciIdentity): boolean {
    return this.wanted(identity);
  }

  // biome-ignore lint/correctness/useYield: nothing to wait for
  *probe(fn: PciFunction): Routine<Outcome<BoundFunction>> {
    if (fn.bars.length === 0) return failure('ENODEV');
    fn.enable();
    const made = new BarFunction(fn);
    this.bound.push(made);
    return success(made);
  }
}
