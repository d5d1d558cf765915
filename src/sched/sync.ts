import type { RunQueue } from '../ports/run-queue.js';
import { type Routine, start, subscribeTo, type Waitable, wakeAll } from './routine.js';

/** Something that happens once: waiting for it after it happened does not wait. */
export class Completion implements Waitable {
  private readonly wakers = new Set<() => void>();
  private happened = false;

  get done(): boolean {
    return this.happened;
  }

  complete(): void {
    this.happened = true;
    wakeAll(this.wakers);
  }

  subscribe(wake: () => void): () => void {
    return subscribeTo(this.wakers, this.happened, wake);
  }

  /** Waits until it happened; false when `timeoutUs` passed before. */
  *wait(queue: RunQueue, timeoutUs = Number.POSITIVE_INFINITY): Routine<boolean> {
    if (this.happened) return true;
    if (timeoutUs === Number.POSITIVE_INFINITY) {
      yield this;
      return true;
    }
    yield {
      subscribe: (wake) => {
        const cancel = [(): void => undefined, (): void => undefined];
        const once = (): void => {
          for (const one of cancel) one();
          wake();
        };
        const timer = queue.after(timeoutUs, once);
        cancel[0] = () => timer.cancel();
        cancel[1] = this.subscribe(once);
        return () => {
          for (const one of cancel) one();
        };
      },
    };
    return this.happened;
  }
}

/** One holder at a time, in the order in which they came. */
export class Mutex {
  private readonly waiting: Completion[] = [];
  private taken = false;

  get held(): boolean {
    return this.taken;
  }

  *lock(): Routine {
    if (!this.taken) {
      this.taken = true;
      return;
    }
    const turn = new Completion();
    this.waiting.push(turn);
    // The holder hands the lock over, so nobody can come between.
    yield turn;
  }

  /** Throws Error when nobody holds it. */
  unlock(): void {
    if (!this.taken) throw new Error('the lock is not held');
    const next = this.waiting.shift();
    if (next) next.complete();
    else this.taken = false;
  }
}

/** Runs work strictly in the order in which it was queued, one after the other, as an ordered workqueue does. */
export class OrderedWork {
  private readonly queue: RunQueue;
  private readonly pending: (() => Routine)[] = [];
  private idle = new Completion();
  private running = false;
  private closed = false;

  constructor(queue: RunQueue) {
    this.queue = queue;
    this.idle.complete();
  }

  /** Nothing is queued, and nothing runs. */
  get isIdle(): boolean {
    return !this.running;
  }

  /** False when the queue is destroyed: the work will not run. */
  add(work: () => Routine): boolean {
    if (this.closed) return false;
    this.pending.push(work);
    if (!this.running) {
      this.running = true;
      this.idle = new Completion();
      start(this.queue, this.runAll());
    }
    return true;
  }

  /** Waits until what is queued now, and what that queued, has run. */
  *flush(): Routine {
    while (!this.idle.done) yield this.idle;
  }

  /** Takes no more work and waits for the rest. */
  *destroy(): Routine {
    this.closed = true;
    yield* this.flush();
  }

  private *runAll(): Routine {
    for (let work = this.pending.shift(); work; work = this.pending.shift()) yield* work();
    this.running = false;
    this.idle.complete();
  }
}
