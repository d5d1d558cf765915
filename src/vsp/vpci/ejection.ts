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
  /** Slots that the guest on the channel has not been asked for. */
  readonly #unsaid = new Set<number>();

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
    this.#say(slot);
    if (this.#timers.has(slot)) return;
    const timer = this.#core.port.queue.after(this.#budgetUs, () => {
      this.cancel(slot);
      this.#core.log.add({ what: 'eject-timeout' });
      this.#gone(true);
    });
    this.#timers.set(slot, timer);
  }

  /**
   * The channel is closed. What was asked for is still wanted, and its time goes on (VPCI-73): a guest that was putting the
   * bus away when it came has not taken it in (VPCI-70).
   */
  unsay(): void {
    for (const slot of this.#timers.keys()) this.#unsaid.add(slot);
  }

  /** Asks the next guest, or the same one again, as soon as it knows the functions and has the bus on. */
  sayAgain(): void {
    const { inD0, told } = this.#core;
    if (inD0 && told) for (const slot of this.#unsaid) this.#say(slot);
  }

  #say(slot: number): void {
    this.#unsaid.delete(slot);
    this.#core.log.add({ what: 'eject', slot });
    const payload = encode(pci_child_message, {
      message_type: { type: pci_message_type.PCI_EJECT },
      wslot: slotWord(slot),
    });
    this.#core.outbox.send({ kind: 'in-band', payload });
  }

  /** Eight bytes in OpenVMM, twelve with a status in Linux. */
  readonly complete: Handler = (core, request) => {
    const body = readBody(pci_child_message, request);
    const made = body === undefined ? undefined : core.functions.get(slotNumber(body.wslot));
    if (made === undefined || !this.#timers.has(made.slot)) return refuse(core, request, 'is not being ejected');
    const long = request.payload.length >= pci_eject_response.size;
    const status = long ? viewOf(request.payload).getUint32(8, true) : STATUS_SUCCESS;
    this.cancel(made.slot);
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
      this.#unsaid.delete(at);
    }
  }
}
