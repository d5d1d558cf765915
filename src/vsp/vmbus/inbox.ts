import { hv_status } from '../../abi/hv/status.js';
import type { PostedMessage } from '../../ports/host-port.js';
import type { RunQueue } from '../../ports/run-queue.js';

/** A message and the connection that it was posted to. */
export interface Arrival {
  readonly connectionId: number;
  readonly message: PostedMessage;
}

/** Messages that a guest may have waiting before it is told to try again. */
const MOST = 64;

/** Messages from the guest, taken one by one in their order, each in a task of its own. */
export class Inbox {
  private readonly queue: RunQueue;
  private readonly take: (arrival: Arrival) => void;
  private waiting: Arrival[] = [];
  private scheduled = false;

  constructor(queue: RunQueue, take: (arrival: Arrival) => void) {
    this.queue = queue;
    this.take = take;
  }

  /** The HV_STATUS for the call that posts it. */
  put(arrival: Arrival): number {
    if (this.waiting.length >= MOST) return hv_status.HV_STATUS_INSUFFICIENT_BUFFERS;
    this.waiting.push(arrival);
    this.schedule();
    return hv_status.HV_STATUS_SUCCESS;
  }

  clear(): void {
    this.waiting = [];
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.queue.post(() => {
      this.scheduled = false;
      const next = this.waiting.shift();
      if (this.waiting.length > 0) this.schedule();
      if (next !== undefined) this.take(next);
    });
  }
}
