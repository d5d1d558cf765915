import type { RunQueue } from '../../ports/run-queue.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import type { Overlays } from './overlay-page.js';

/** What the SynIC of a VP needs of its partition. */
export interface SynicPorts {
  readonly overlays: Overlays;
  readonly queue: RunQueue;
  readonly trace: TraceSink | undefined;
  /** Messages of all VPs that wait for a slot. */
  readonly backlog: { count: number };
  interrupt(vp: number, vector: number): void;
}
