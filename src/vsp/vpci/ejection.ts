import { pci_eject_response } from '../../abi/vpci/bus.js';
import { pci_child_message, pci_message_type } from '../../abi/vpci/message.js';
import { viewOf } from '../../bytes/span.js';
import { encode } from '../../layout/codec.js';
import type { Timer } from '../../ports/run-queue.js';
import { type BusCore, type Handler, refuse, statusAnswer } from './bus-core.js';
import { type BusFunction, slotNumber, slotWord } from './bus-function.js';
import { readBody } from './request.js';
import { STATUS_SUCCESS } from './statuses.js';

/** How long the guest has from PCI_EJECT to PCI_EJECTION_COMPLETE (Documentation/virt/hyperv/vpci.rst). */
export const EJECT_BUDGET_US = 60_000_000;

/** The functions that the host wants back. */
export class Ejections {
  readonly #core: BusCore;
  readonly #budgetUs: number;
  readonly #gone: (forced: boolean) => void;
  readonly #timers = new Map<number, Timer>();

  /** `gone` runs when the offer has nothing left to stand for: the last function was ejected, or its time is over. */
  constructor(core: BusCore, budgetUs: number, gone: (forced: boolean) => void) {
    this.#core = core;
    this.#budgetUs = budgetUs;
    this.#gone = gone;
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Asks for a function; again for one that was asked for sends the message again and leaves its time as it is. */
  ask(made: BusFunction): void {
    const { slot } = made;
    made.ejecting = true;
    this.#core.log.add({ what: 'eject', slot });
    const payload = encode(pci_child_message, {
      message_type: { type: pci_message_type.PCI_EJECT },
      wslot: slotWord(slot),
    });
    this.#core.outbox.send({ kind: 'in-band', payload });
    if (this.#timers.has(slot)) return;
    const timer = this.#core.port.queue.after(this.#budgetUs, () => {
      this.#timers.delete(slot);
      this.#core.log.add({ what: 'eject-timeout' });
      this.#gone(true);
    });
    this.#timers.set(slot, timer);
  }

  /** Eight bytes in OpenVMM, twelve with a status in Linux. */
  readonly complete: Handler = (core, request) => {
    const body = readBody(pci_child_message, request);
    const made = body === undefined ? undefined : core.functions.get(slotNumber(body.wslot));
    if (made === undefined || !made.ejecting) return refuse(core, request, 'is not being ejected');
    const long = request.payload.length >= pci_eject_response.size;
    const status = long ? viewOf(request.payload).getUint32(8, true) : STATUS_SUCCESS;
    this.#timers.get(made.slot)?.cancel();
    this.#timers.delete(made.slot);
    core.functions.delete(made.slot);
    core.ids.hold(core.functions.keys());
    core.undeleted += core.interrupts.removeAll(made.slot);
    made.release();
    core.log.add({ what: 'ejected', slot: made.slot, status });
    if (core.functions.size === 0) this.#gone(false);
    return statusAnswer(STATUS_SUCCESS);
  };

  /** Forgets the function of a slot, or all: nothing is waited for. */
  cancel(slot?: number): void {
    for (const [at, timer] of this.#timers) {
      if (slot !== undefined && slot !== at) continue;
      timer.cancel();
      this.#timers.delete(at);
    }
  }
}
