import { VirtualQueue } from '../../src/sched/virtual-queue.js';

/** A queue that does something between two of its tasks. */
export class SteppedQueue extends VirtualQueue {
  /** Tasks that have run. */
  steps = 0;
  private at = -1;
  private act: () => void = () => undefined;

  /** `act` runs in front of the `step`-th task from now on, also where a poll has the tasks run. */
  plan(step: number, act: () => void): void {
    this.at = this.steps + step;
    this.act = act;
  }

  /** What was planned does not come any more; false where it has come. */
  cancel(): boolean {
    const isPending = this.at >= 0;
    this.at = -1;
    return isPending;
  }

  override pump(): boolean {
    if (this.steps === this.at) {
      this.at = -1;
      this.act();
    }
    const ran = super.pump();
    if (ran) this.steps++;
    return ran;
  }
}
