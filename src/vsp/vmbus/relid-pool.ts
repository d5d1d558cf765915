import { vmbusLimits } from '../../abi/vmbus/protocol.js';

/** Channel ids: counted up, so that a stale message does not meet a new channel; used again when there are no others left. */
export class RelidPool {
  private readonly step: number;
  private next: number;
  private readonly taken = new Set<number>();

  /** Throws RangeError for numbers that are no ids. */
  constructor({ first, step }: { readonly first: number; readonly step: number }) {
    if (!(Number.isInteger(first) && first > 0 && first <= vmbusLimits.channels && Number.isInteger(step) && step > 0))
      throw new RangeError(`relids cannot start at ${first} in steps of ${step}`);
    this.next = first;
    this.step = step;
  }

  /** Throws RangeError when all are in use. */
  take(): number {
    const relid = this.next <= vmbusLimits.channels ? this.next : this.lowestFree();
    if (relid === this.next) this.next += this.step;
    this.taken.add(relid);
    return relid;
  }

  give(relid: number): void {
    this.taken.delete(relid);
  }

  private lowestFree(): number {
    for (let relid = 1; relid <= vmbusLimits.channels; relid++) if (!this.taken.has(relid)) return relid;
    throw new RangeError(`all ${vmbusLimits.channels} relids are in use`);
  }
}
