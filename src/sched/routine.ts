import type { RunQueue } from '../ports/run-queue.js';

/** Something a routine can wait for. `wake` runs at most once, at once where it has come; the result takes it back. */
export interface Waitable {
  subscribe(wake: () => void): () => void;
}

/**
 * Code that may wait: a generator that yields what it waits for and goes on when that has come. It runs on a RunQueue, where
 * each continuation is a task of its own, so that everything else that is due may come between (COM-06).
 */
export type Routine<T = void> = Generator<Waitable, T, void>;

/** A started routine; waiting for it is waiting for its end. */
export class Running<T> implements Waitable {
  private readonly wakers = new Set<() => void>();
  private ended: { readonly value: T } | undefined;
  private thrown: { readonly error: unknown } | undefined;

  constructor(queue: RunQueue, routine: Routine<T>) {
    const step = (): void => {
      let next: IteratorResult<Waitable, T>;
      try {
        next = routine.next();
      } catch (error) {
        this.thrown = { error };
        this.wake();
        // Nobody may wait for it, and an error that nobody sees is worse than one that ends the queue's run.
        throw error;
      }
      if (next.done) {
        this.ended = { value: next.value };
        this.wake();
      } else next.value.subscribe(() => queue.post(step));
    };
    queue.post(step);
  }

  get done(): boolean {
    return this.ended !== undefined || this.thrown !== undefined;
  }

  /** What the routine returned. Throws what it threw, and Error while it runs. */
  get value(): T {
    if (this.thrown) throw this.thrown.error;
    if (!this.ended) throw new Error('the routine still runs');
    return this.ended.value;
  }

  subscribe(wake: () => void): () => void {
    return subscribeTo(this.wakers, this.done, wake);
  }

  /** Waits for the end and gives the result. */
  *join(): Routine<T> {
    while (!this.done) yield this;
    return this.value;
  }

  private wake(): void {
    wakeAll(this.wakers);
  }
}

export function start<T>(queue: RunQueue, routine: Routine<T>): Running<T> {
  return new Running(queue, routine);
}

/** Lets `us` pass. */
export function* sleep(queue: RunQueue, us: number): Routine {
  yield {
    subscribe(wake) {
      const timer = queue.after(us, wake);
      return () => timer.cancel();
    },
  };
}

/** Lets everything else that is due run first, or some of it: the choice is the queue's. */
export function* pause(queue: RunQueue): Routine {
  yield* sleep(queue, 0);
}

/** Wakes at once where `now`; else keeps `wake` until `wakeAll`. */
export function subscribeTo(wakers: Set<() => void>, now: boolean, wake: () => void): () => void {
  const one = (): void => wake();
  if (now) {
    one();
    return () => undefined;
  }
  wakers.add(one);
  return () => void wakers.delete(one);
}

export function wakeAll(wakers: Set<() => void>): void {
  const all = [...wakers];
  wakers.clear();
  for (const wake of all) wake();
}
