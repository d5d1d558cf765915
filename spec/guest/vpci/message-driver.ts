import type { BoundFunction, PciDriver } from '../../../src/guest/pci/pci-driver.js';
import type { PciFunction } from '../../../src/guest/pci/pci-function.js';
import { type Outcome, success } from '../../../src/ports/outcome.js';
import type { RunQueue } from '../../../src/ports/run-queue.js';
import { pause, type Routine, sleep } from '../../../src/sched/routine.js';

/** Binds to every function and takes up to `count` messages of it. */
export class MessageDriver implements PciDriver {
  readonly name = 'messages';
  /** Functions it has, in the order in which it got them. */
  readonly bound: PciFunction[] = [];
  /** Interrupts that came in: devfn and index. */
  readonly interrupts: string[] = [];
  removed = 0;
  /** Time that a removal takes. */
  removeUs = 0;
  private readonly queue: RunQueue;
  private readonly count: number;

  constructor(queue: RunQueue, count = 1) {
    this.queue = queue;
    this.count = count;
  }

  matches(): boolean {
    return true;
  }

  *probe(fn: PciFunction): Routine<Outcome<BoundFunction>> {
    yield* pause(this.queue);
    fn.enable();
    fn.setMaster();
    this.bound.push(fn);
    const allocated = fn.allocateInterrupts(this.count);
    if (allocated.ok)
      for (let i = 0; i < allocated.value; i++)
        fn.interrupts.request(i, () => this.interrupts.push(`${fn.devfn} ${i}`));
    const driver = this;
    return success({
      *remove(): Routine {
        if (driver.removeUs > 0) yield* sleep(driver.queue, driver.removeUs);
        fn.interrupts.free();
        fn.clearMaster();
        driver.bound.splice(driver.bound.indexOf(fn), 1);
        driver.removed++;
      },
    });
  }
}
