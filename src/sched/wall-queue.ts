import type { RunQueue, Timer } from '../ports/run-queue.js';
import { TimedTasks } from './timed-tasks.js';

/** Tasks that run one after the other before the event loop gets its turn: sockets must not starve behind a busy host. */
const TURN = 64;
/** The event loop's timers count milliseconds. */
const US_PER_MS = 1000;
/** Longest delay a timer of the event loop takes; a longer one is armed again when it fires. */
const LONGEST_MS = 0x7fff_ffff;

/**
 * Tasks of one thread in real time, on the event loop that Node and browsers have: what is due runs as a microtask, so an answer
 * to a request is followed by its consequences before the next request is read. Time counts from the start.
 */
export class WallQueue implements RunQueue {
  private readonly tasks = new TimedTasks();
  private readonly failed: (error: unknown) => void;
  private readonly startMs = performance.now();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When `timer` fires; a task that is due before needs another one. */
  private armedUs = Number.POSITIVE_INFINITY;
  private turnPending = false;
  private closed = false;

  /** `failed` takes what a task throws, which is a fault of its code; without it the error goes to the event loop. */
  constructor(failed?: (error: unknown) => void) {
    this.failed =
      failed ??
      ((error) => {
        throw error;
      });
  }

  now(): number {
    return Math.floor((performance.now() - this.startMs) * US_PER_MS);
  }

  post(task: () => void): void {
    this.after(0, task);
  }

  /** Throws RangeError for a delay that is negative or no number. */
  after(delayUs: number, task: () => void): Timer {
    if (!(delayUs >= 0)) throw new RangeError(`a task cannot run ${delayUs} us from now`);
    if (this.closed) return { cancel: () => undefined };
    const timer = this.tasks.add(this.now() + delayUs, task);
    this.arm();
    return timer;
  }

  pump(): boolean {
    const next = this.tasks.take(this.now());
    if (next === undefined) return false;
    try {
      next.run();
    } catch (error) {
      this.failed(error);
    }
    return true;
  }

  busyWait(us: number): void {
    const end = this.now() + us;
    while (this.now() < end) this.pump();
    // What was due by then runs, also where the machine was busy with something else at the time; what that posts does not.
    for (let left = this.tasks.length; left > 0; left--) {
      const next = this.tasks.first;
      if (next === undefined || next.dueUs > end) return;
      this.pump();
    }
  }

  /** Drops what has not run, and takes no more: the event loop can end. */
  close(): void {
    this.closed = true;
    this.tasks.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Makes sure that the event loop comes back when the first task is due. */
  private arm(): void {
    const next = this.tasks.first;
    if (next === undefined || this.turnPending) return;
    if (next.dueUs <= this.now()) {
      this.turnPending = true;
      queueMicrotask(() => this.turn());
    } else if (next.dueUs < this.armedUs) this.armTimer(next.dueUs);
  }

  private armTimer(dueUs: number): void {
    clearTimeout(this.timer);
    this.armedUs = dueUs;
    const delayMs = Math.min(Math.max(Math.ceil((dueUs - this.now()) / US_PER_MS), 0), LONGEST_MS);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.armedUs = Number.POSITIVE_INFINITY;
      this.turn();
    }, delayMs);
  }

  private turn(): void {
    // Held while tasks run, so that each of their posts does not ask for a turn of its own.
    this.turnPending = true;
    let more = true;
    try {
      for (let ran = 0; more && ran < TURN; ran++) more = this.pump();
    } finally {
      this.turnPending = false;
      const next = this.tasks.first;
      if (next !== undefined && next.dueUs <= this.now()) this.armTimer(0);
      else this.arm();
    }
  }
}
