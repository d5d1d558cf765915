import type { RunQueue, Timer } from '../ports/run-queue.js';

interface Task {
  readonly dueUs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Chooses one of `count` tasks that are due: 0 keeps the order in which they were posted. */
export type Choose = (count: number) => number;

/** 32-bit words that a seed repeats (xorshift). */
export function seededWords(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Choices that a seed repeats: one seed is one interleaving (COM-06). */
export function seededChoice(seed: number): Choose {
  const next = seededWords(seed);
  return (count) => next() % count;
}

/**
 * Time and tasks of one thread, in an order that only the posts and the choices decide. Time is virtual: it stands still while
 * tasks are due and jumps to the next timer when none is.
 */
export class VirtualQueue implements RunQueue {
  private readonly tasks: Task[] = [];
  private readonly choose: Choose;
  private timeUs = 0;
  private posted = 0;

  constructor(choose: Choose = () => 0) {
    this.choose = choose;
  }

  now(): number {
    return this.timeUs;
  }

  post(task: () => void): void {
    this.after(0, task);
  }

  /** Throws RangeError for a delay that is negative or no number. */
  after(delayUs: number, task: () => void): Timer {
    if (!(delayUs >= 0)) throw new RangeError(`a task cannot run ${delayUs} us from now`);
    const entry: Task = { dueUs: this.timeUs + delayUs, order: this.posted++, run: task };
    this.tasks.push(entry);
    return {
      cancel: () => {
        const at = this.tasks.indexOf(entry);
        if (at >= 0) this.tasks.splice(at, 1);
      },
    };
  }

  pump(): boolean {
    const due = this.tasks.filter((task) => task.dueUs <= this.timeUs);
    if (due.length === 0) return false;
    due.sort((a, b) => a.dueUs - b.dueUs || a.order - b.order);
    const next = due[this.choose(due.length)]!;
    this.tasks.splice(this.tasks.indexOf(next), 1);
    next.run();
    return true;
  }

  busyWait(us: number): void {
    this.advance(us);
  }

  /** Lets `us` pass, running what becomes due on the way at its own time. Throws RangeError for a time that is negative or no number. */
  advance(us: number): void {
    if (!(us >= 0)) throw new RangeError(`${us} us cannot pass`);
    const end = this.timeUs + us;
    for (;;) {
      while (this.pump());
      const next = this.nextUs();
      if (next === undefined || next > end) break;
      this.timeUs = next;
    }
    this.timeUs = end;
  }

  /** Runs until nothing is left, or `limitUs` have passed: false then. */
  drain(limitUs = Number.POSITIVE_INFINITY): boolean {
    const end = this.timeUs + limitUs;
    for (;;) {
      while (this.pump());
      const next = this.nextUs();
      if (next === undefined) return true;
      if (next > end) return false;
      this.timeUs = next;
    }
  }

  private nextUs(): number | undefined {
    let next: number | undefined;
    for (const { dueUs } of this.tasks) if (next === undefined || dueUs < next) next = dueUs;
    return next;
  }
}
