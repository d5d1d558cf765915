/** Time, in microseconds from an arbitrary start. */
export interface Clock {
  now(): number;
}

/** A cancelled task never runs. */
export interface Timer {
  cancel(): void;
}

/** Runs tasks in an order that it alone decides: the seam that makes every race a repeatable spec (COM-06). */
export interface RunQueue extends Clock {
  /** Runs `task` after everything that is due. */
  post(task: () => void): void;
  /** Runs `task` once, `delayUs` from now. */
  after(delayUs: number, task: () => void): Timer;
  /** Lets one due task run; false when none is. For code that has to wait without returning, as a polling driver does. */
  pump(): boolean;
  /**
   * Lets `us` pass without returning, running what becomes due: what a processor does that polls with a delay while the others
   * go on (udelay). Code that calls it must not hold anything that those tasks wait for.
   */
  busyWait(us: number): void;
}
