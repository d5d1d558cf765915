import type { GuestMemory } from '../../ports/guest-memory.js';
import type { RunQueue } from '../../ports/run-queue.js';
import type { TraceSink } from '../../ports/trace-sink.js';

/** What the SynIC of a VP needs of its partition. */
export interface SynicPorts {
  readonly memory: GuestMemory;
  readonly queue: RunQueue;
  readonly trace: TraceSink | undefined;
  /** Messages of all VPs that wait for a slot. */
  readonly backlog: { count: number };
  interrupt(vp: number, vector: number): void;
}
