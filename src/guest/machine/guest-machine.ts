import type { CpuGate } from '../../ports/cpu-gate.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { InputPages } from '../../ports/input-pages.js';
import type { LogSink } from '../../ports/log-sink.js';
import type { PageFrames } from '../../ports/page-frames.js';
import type { RunQueue } from '../../ports/run-queue.js';

/** One CPU of the guest. CPU numbers are the guest's; the VP index is the hypervisor's and may differ (VPCI-54). */
export interface GuestCpu {
  readonly cpu: number;
  readonly gate: CpuGate;
  present: boolean;
  online: boolean;
}

/** Device space that drivers take windows from. */
export interface DeviceSpace {
  /** The lowest free window of `length` bytes aligned to `align`, below 4 GiB or from there up; undefined when none is left. */
  take(length: number, align: number, where: 'low' | 'high' | 'any'): number | undefined;
  /** Gives a window back. Throws RangeError for one that is not taken. */
  give(gpa: number): void;
  /** Windows that are taken. */
  readonly taken: number;
}

/** What guest code stands on. A handler of a vector runs as the interrupt comes in and must not wait. */
export interface GuestMachine {
  readonly arch: 'x64' | 'arm64';
  readonly memory: GuestMemory;
  readonly frames: PageFrames;
  readonly pages: InputPages;
  readonly queue: RunQueue;
  readonly log: LogSink;
  readonly cpus: readonly GuestCpu[];
  readonly space: DeviceSpace;
  /** Runs `handler` for a vector (INTID on arm64) on any CPU; undefined takes it away. */
  handle(vector: number, handler: ((cpu: number) => void) | undefined): void;
  /** An unused vector (x64) for a device, from 0x22 up as Linux hands them out; undefined when all are used. */
  takeVector(cpu: number): number | undefined;
  giveVector(cpu: number, vector: number): void;
}
