import type { RunQueue, Timer } from '../../ports/run-queue.js';
import type { VpciFault } from './fault.js';
import type { Outbox } from './outbox.js';

/** Sends answers, spoiled as their faults say. */
export class Answers {
  readonly #outbox: Outbox;
  readonly #queue: RunQueue;
  readonly #delayed = new Set<Timer>();

  constructor(outbox: Outbox, queue: RunQueue) {
    this.#outbox = outbox;
    this.#queue = queue;
  }

  send(transactionId: bigint, payload: Uint8Array, fault?: VpciFault): void {
    switch (fault?.kind) {
      case 'silent':
      case 'lose':
        return;
      case 'delay':
        this.#later(fault.us, transactionId, payload);
        return;
      case 'twice':
        this.#put(transactionId, payload);
        this.#put(transactionId, payload);
        return;
      case 'transaction':
        this.#put(fault.id, payload);
        return;
      case 'short':
        this.#put(transactionId, payload.subarray(0, fault.bytes));
        return;
      case 'junk':
        this.#put(transactionId, fault.payload);
        return;
      default:
        this.#put(transactionId, payload);
    }
  }

  /** Answers that have not gone never go. */
  cancel(): void {
    for (const timer of this.#delayed) timer.cancel();
    this.#delayed.clear();
  }

  #later(us: number, transactionId: bigint, payload: Uint8Array): void {
    const timer = this.#queue.after(us, () => {
      this.#delayed.delete(timer);
      this.#put(transactionId, payload);
    });
    this.#delayed.add(timer);
  }

  #put(transactionId: bigint, payload: Uint8Array): void {
    this.#outbox.send({ kind: 'completion', payload, transactionId });
  }
}
