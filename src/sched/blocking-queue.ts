import type { RunQueue, Timer } from '../ports/run-queue.js';
import { TimedTasks } from './timed-tasks.js';

/**
 * Tasks of one thread in real time, for a thread of its own (a Worker): where nothing is due it sleeps on a word of shared
 * memory that whoever brings work changes and notifies, as a halted processor waits for an interrupt.
 */
export class BlockingQueue implements RunQueue {
  private readonly tasks = new TimedTasks();
  private readonly bell: Int32Array;
  private readonly poll: () => boolean;
  private readonly startMs = performance.now();

  /** `bell` has one word; `poll` takes in what others brought and says whether there was any. */
  constructor(bell: Int32Array, poll: () => boolean) {
    this.bell = bell;
    this.poll = poll;
  }

  now(): number {
    return Math.floor((performance.now() - this.startMs) * 1000);
  }

  post(task: () => void): void {
    this.after(0, task);
  }

  /** Throws RangeError for a delay that is negative or no number. */
  after(delayUs: number, task: () => void): Timer {
    if (!(delayUs >= 0)) throw new RangeError(`a task cannot run ${delayUs} us from now`);
    return this.tasks.add(this.now() + delayUs, task);
  }

  pump(): boolean {
    const polled = this.poll();
    const next = this.tasks.take(this.now());
    if (next === undefined) return polled;
    next.run();
    return true;
  }

  busyWait(us: number): void {
    const end = this.now() + us;
    while (this.now() < end) this.pump();
  }

  /** Runs until `ended` says so, at most `limitMs`: false then. */
  run(ended: () => boolean, limitMs = Number.POSITIVE_INFINITY): boolean {
    const endMs = performance.now() + limitMs;
    while (!ended()) {
      if (performance.now() > endMs) return false;
      // Taken before the look: who brings work afterwards changes it, and the sleep does not begin.
      const rung = Atomics.load(this.bell, 0);
      if (this.pump()) continue;
      const next = this.tasks.first;
      const sleepMs = Math.min(next === undefined ? 1000 : (next.dueUs - this.now()) / 1000, endMs - performance.now());
      if (sleepMs > 0) Atomics.wait(this.bell, 0, rung, sleepMs);
    }
    return true;
  }
}
