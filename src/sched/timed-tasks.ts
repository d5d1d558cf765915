import type { Timer } from '../ports/run-queue.js';

export interface TimedTask {
  readonly dueUs: number;
  readonly run: () => void;
}

/**
 * Tasks in the order in which they fall due, and of one moment in the order in which they were asked for: a timer whose time has
 * come is before everything posted later, so no stream of posts keeps it from running.
 */
export class TimedTasks {
  private readonly tasks: TimedTask[] = [];

  get length(): number {
    return this.tasks.length;
  }

  /** The one that is due first. */
  get first(): TimedTask | undefined {
    return this.tasks[0];
  }

  add(dueUs: number, run: () => void): Timer {
    const entry: TimedTask = { dueUs, run };
    // From the back: most are due after what waits already.
    const before = this.tasks.findLastIndex((other) => other.dueUs <= dueUs);
    this.tasks.splice(before + 1, 0, entry);
    return {
      cancel: () => {
        const at = this.tasks.indexOf(entry);
        if (at >= 0) this.tasks.splice(at, 1);
      },
    };
  }

  /** Takes the first one out if it is due by `nowUs`. */
  take(nowUs: number): TimedTask | undefined {
    const next = this.tasks[0];
    return next === undefined || next.dueUs > nowUs ? undefined : this.tasks.shift();
  }

  clear(): void {
    this.tasks.length = 0;
  }
}
