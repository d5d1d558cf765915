import type { RunQueue } from '../../ports/run-queue.js';
import { type Routine, sleep } from '../../sched/routine.js';

/** What one side of a simulation lets the other know outside of the ABI, as the person at the two consoles would. */
export const FLAGS = ['guest-ready', 'eject', 'returned', 'rescind', 'reoffered', 'guest-done'] as const;
export type Flag = (typeof FLAGS)[number];

const POLL_US = 1000;

/** Flags in shared memory, so that host and guest may be in different threads. A flag that is raised stays raised. */
export class Flags {
  readonly words: Int32Array;

  constructor(words: Int32Array = new Int32Array(new SharedArrayBuffer(FLAGS.length * 4))) {
    this.words = words;
  }

  raise(flag: Flag): void {
    Atomics.store(this.words, FLAGS.indexOf(flag), 1);
  }

  isRaised(flag: Flag): boolean {
    return Atomics.load(this.words, FLAGS.indexOf(flag)) !== 0;
  }

  /** Waits for a flag; false when it is not there in time. */
  *wait(queue: RunQueue, flag: Flag, timeoutUs = 30_000_000): Routine<boolean> {
    return yield* waitUntil(queue, () => this.isRaised(flag), timeoutUs);
  }
}

/** Waits until `done` holds, looking once a millisecond; false when it does not in time. */
export function* waitUntil(queue: RunQueue, done: () => boolean, timeoutUs = 30_000_000): Routine<boolean> {
  const end = queue.now() + timeoutUs;
  while (!done()) {
    if (queue.now() >= end) return false;
    yield* sleep(queue, POLL_US);
  }
  return true;
}
