import { Decoder, type Event } from '../../../src/capture/decoder.js';
import { jsonValue, stampTrace } from '../../../src/capture/recorder.js';
import { Tally } from '../../../src/capture/tally.js';
import type { Arch } from '../../../src/layout/types.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import type { IommuChoice } from '../../../src/rig/simulate/iommu-choice.js';
import { type SimulationResult, simulate } from '../../../src/rig/simulate/one-thread.js';
import type { Simulation } from '../../../src/rig/simulate/simulation.js';
import { SIMULATIONS } from '../../../src/rig/simulate/simulations.js';
import { seededChoice, VirtualQueue } from '../../../src/sched/virtual-queue.js';

export type SimulationKey = keyof typeof SIMULATIONS;

export interface RunOptions {
  readonly arch?: Arch;
  readonly seed?: number;
  readonly vpciMax?: number;
  readonly vmbusMax?: number;
  readonly cpus?: number;
  readonly iommu?: IommuChoice;
}

export interface RecordedRun extends SimulationResult {
  /** As a record file has them. */
  readonly events: readonly Event[];
  readonly notes: readonly string[];
  /** Warnings and errors of host and guest. */
  readonly log: readonly LogLine[];
}

/** Runs a scenario in this thread and keeps everything that crossed. */
export function recordedRun(name: SimulationKey | Simulation, options: RunOptions = {}): RecordedRun {
  const queue = new VirtualQueue(options.seed === undefined ? undefined : seededChoice(options.seed));
  const events: Event[] = [];
  const notes: string[] = [];
  const log: LogLine[] = [];
  const chosen = typeof name === 'string' ? SIMULATIONS[name] : name;
  const result = simulate(options.cpus === undefined ? chosen : { ...chosen, cpus: options.cpus }, {
    arch: options.arch ?? 'x64',
    queue,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    trace: stampTrace(queue, { event: (record) => void events.push(asRecorded(record)) }),
    note: (text) => void notes.push(text),
    log: (line) => {
      if (line.level !== 'info') log.push(line);
    },
    ...(options.iommu === undefined ? {} : { iommu: options.iommu }),
    ...(options.vpciMax === undefined ? {} : { vpciMax: options.vpciMax }),
    ...(options.vmbusMax === undefined ? {} : { vmbusMax: options.vmbusMax }),
  });
  return { ...result, events, notes, log };
}

/** An event as it comes out of a file. */
export function asRecorded(record: object): Event {
  return JSON.parse(JSON.stringify(record, jsonValue)) as Event;
}

/** What `hvabi decode --check` says of events. */
export function checked(events: readonly Event[]): Tally {
  const decoder = new Decoder();
  const tally = new Tally();
  for (const event of events) tally.add(decoder.push(event));
  return tally;
}
