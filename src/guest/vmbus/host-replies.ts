import type { RunQueue } from '../../ports/run-queue.js';
import type { Routine } from '../../sched/routine.js';
import { Completion } from '../../sched/sync.js';

interface Waiter {
  readonly relid: number | undefined;
  readonly arrived: Completion;
  body: Uint8Array | undefined;
}

/** What kind of answer, of what: one may be waited for at a time. */
export type ReplyKey = string;

/** Those who wait for an answer of the host. Answers that nobody waits for are dropped. */
export class HostReplies {
  private readonly waiters = new Map<ReplyKey, Waiter>();
  private readonly queue: RunQueue;

  constructor(queue: RunQueue) {
    this.queue = queue;
  }

  /** Has to come before the question. `relid`: a rescind of that channel ends the wait. Who waited for the same goes without. */
  expect(key: ReplyKey, relid?: number): void {
    this.waiters.get(key)?.arrived.complete();
    this.waiters.set(key, { relid, arrived: new Completion(), body: undefined });
  }

  /** False when nobody waits. */
  deliver(key: ReplyKey, body: Uint8Array): boolean {
    const waiter = this.waiters.get(key);
    if (waiter === undefined || waiter.arrived.done) return false;
    waiter.body = body;
    waiter.arrived.complete();
    return true;
  }

  /** The channel is gone: its waits end without an answer. */
  abandon(relid: number): void {
    for (const waiter of this.waiters.values()) if (waiter.relid === relid) waiter.arrived.complete();
  }

  /** The connection is gone: nobody is answered any more. */
  abandonAll(): void {
    for (const waiter of this.waiters.values()) waiter.arrived.complete();
  }

  /** The answer; undefined when it was abandoned or did not come in time. */
  *wait(key: ReplyKey, timeoutUs?: number): Routine<Uint8Array | undefined> {
    const waiter = this.waiters.get(key);
    if (waiter === undefined) return undefined;
    yield* waiter.arrived.wait(this.queue, timeoutUs);
    if (this.waiters.get(key) === waiter) this.waiters.delete(key);
    return waiter.body;
  }

  /** Nobody waits any longer. */
  forget(key: ReplyKey): void {
    this.waiters.delete(key);
  }
}
