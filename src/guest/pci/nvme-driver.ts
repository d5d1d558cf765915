import type { Outcome } from '../../ports/outcome.js';
import { DONE, success } from '../../ports/outcome.js';
import type { Routine } from '../../sched/routine.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import { NvmeController } from './nvme-controller.js';
import { startController } from './nvme-start.js';
import type { BoundFunction, PciDriver } from './pci-driver.js';
import type { PciFunction, PciIdentity } from './pci-function.js';

/** Mass storage, non-volatile memory, NVM Express. */
export const NVME_CLASS = 0x010802;

/** Binds to NVMe controllers and does with them what Linux's driver does, as far as interrupts and registers show it. */
export class NvmeDriver implements PciDriver {
  readonly name = 'nvme';
  /** Controllers that are in use. */
  readonly controllers: NvmeController[] = [];
  private readonly machine: GuestMachine;

  constructor(machine: GuestMachine) {
    this.machine = machine;
  }

  matches(identity: PciIdentity): boolean {
    return identity.classCode === NVME_CLASS;
  }

  *probe(fn: PciFunction): Routine<Outcome<BoundFunction>> {
    const controller = new NvmeController(this.machine, fn);
    const started = yield* startController(controller);
    if (!started.ok) {
      this.machine.log({ level: 'error', code: 'nvme-probe-failed', fields: { errno: started.errno } });
      yield* controller.stop();
      return started;
    }
    this.controllers.push(controller);
    return success({
      remove: () => this.remove(controller),
      // As nvme_suspend does for hibernation: shut down, interrupts and all, and started again (drivers/nvme/host/pci.c).
      *suspend() {
        yield* controller.stop();
        return DONE;
      },
      resume: () => startController(controller),
    });
  }

  private *remove(controller: NvmeController): Routine {
    const at = this.controllers.indexOf(controller);
    if (at >= 0) this.controllers.splice(at, 1);
    yield* controller.stop();
  }
}
