import type { RunQueue, Timer } from '../ports/run-queue.js';

interface Task {
  readonly dueUs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Tasks of one thread in real time, for a thread of its own (a Worker): where nothing is due it sleeps on a word of shared
 * memory that whoever brings work changes and notifies, as a halted processor waits for an interrupt.
 */
export class BlockingQueue implements RunQueue {
  private readonly tasks: Task[] = [];
  private readonly bell: Int32Array;
  private readonly poll: () => boolean;
  private readonly startMs = performance.now();
  private posted = 0;

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
    const entry: Task = { dueUs: delayUs === 0 ? 0 : this.now() + delayUs, order: this.posted++, run: task };
    const at = this.tasks.findIndex((other) => other.dueUs > entry.dueUs);
    this.tasks.splice(at < 0 ? this.tasks.length : at, 0, entry);
    return {
      cancel: () => {
        const place = this.tasks.indexOf(entry);
        if (place >= 0) this.tasks.splice(place, 1);
      },
    };
  }

  pump(): boolean {
    const polled = this.poll();
    const next = this.tasks[0];
    if (next === undefined || next.dueUs > this.now()) return polled;
    this.tasks.shift();
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
      const next = this.tasks[0];
      const sleepMs = Math.min(next === undefined ? 1000 : (next.dueUs - this.now()) / 1000, endMs - performance.now());
      if (sleepMs > 0) Atomics.wait(this.bell, 0, rung, sleepMs);
    }
    return true;
  }
}
