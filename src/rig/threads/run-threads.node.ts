import { Worker } from 'node:worker_threads';
import type { Arch } from '../../layout/types.js';
import { PageFrameAllocator } from '../../memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../memory/shared-memory.js';
import type { LogLine } from '../../ports/log-sink.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import { BlockingQueue } from '../../sched/blocking-queue.js';
import { start } from '../../sched/routine.js';
import { seededWords } from '../../sched/virtual-queue.js';
import { vpIndices } from '../serve/scenarios.js';
import { Flags } from '../simulate/flags.js';
import type { IommuChoice } from '../simulate/iommu-choice.js';
import { FIRST_PFN, MEMORY_BYTES, PAGE_BYTES } from '../simulate/one-thread.js';
import { partitionOf } from '../simulate/side-options.js';
import { type CheckListener, Findings } from '../simulate/simulation.js';
import { SIMULATIONS } from '../simulate/simulations.js';
import { HostSide } from '../system/host-side.js';
import { Mailbox } from '../vp/mailbox.js';
import { serveMailbox } from '../vp/vp-service.js';
import { exitBoxes, FAILED, RUNNING, type SharedState } from './shared-state.js';
import type { GuestReport, VpTask } from './vp-thread.node.js';

export interface ThreadOptions {
  readonly arch: Arch;
  readonly trace: (queue: BlockingQueue) => TraceSink;
  /** CPUs instead of the scenario's. */
  readonly cpus?: number;
  readonly vpciMax?: number;
  /** Instead of the scenario's. */
  readonly iommu?: IommuChoice;
  readonly note?: (text: string) => void;
  /** Hears of the host's checks as they are made, and of the guest's at its end. */
  readonly checked?: CheckListener;
  readonly log?: (line: LogLine) => void;
  /** Real time that the guest has, 60 s when absent. A guest that is not at its end then is a failed check. */
  readonly limitMs?: number;
  /** Another file for the Workers; `workerData` is its VpTask. */
  readonly thread?: URL;
}

export interface ThreadResult {
  readonly checks: number;
  readonly failures: readonly string[];
  readonly us: number;
}

const THREAD = new URL('./vp-thread.node.js', import.meta.url);
/** A guest whose time is over says itself how far it came; this much later nobody waits for it any more. */
const GRACE_MS = 5000;

/**
 * Runs a scenario with a Worker for each VP over one shared memory, the hypervisor and the host in this thread, which it blocks
 * until the guest's end or the limit. Rejects with what a Worker throws. No Worker is left in any case.
 */
export async function simulateInThreads(name: keyof typeof SIMULATIONS, options: ThreadOptions): Promise<ThreadResult> {
  const { arch, note = () => undefined, log = () => undefined, limitMs = 60_000, thread = THREAD } = options;
  const simulation = SIMULATIONS[name];
  const { iommu = simulation.iommu } = options;
  const vps = vpIndices(simulation.plan, options.cpus ?? simulation.cpus);
  const memory = SharedGuestMemory.create(MEMORY_BYTES);
  const frames = PageFrameAllocator.create(FIRST_PFN, MEMORY_BYTES / PAGE_BYTES - FIRST_PFN);
  const flags = new Flags();
  const shared: SharedState = {
    memory: memory.handle,
    frames: frames.words,
    vps,
    exits: new SharedArrayBuffer(Mailbox.sizeFor(vps.length)),
    calls: new SharedArrayBuffer(Mailbox.sizeFor(vps.length)),
    flags: flags.words,
    states: new Int32Array(new SharedArrayBuffer(vps.length * 4)),
  };
  const boxes = exitBoxes(shared);
  const boxOf = new Map(vps.map((vp, cpu) => [vp, boxes[cpu]!]));
  // The gates exist when the partition does; the queue polls only once it runs.
  let serve = (): boolean => false;
  const queue = new BlockingQueue(boxes[0]!.hostBell, () => serve());
  const trace = options.trace(queue);
  const host = new HostSide({
    arch,
    memory,
    queue,
    trace,
    vps,
    plan: { ...simulation.plan, vpciMax: options.vpciMax ?? simulation.plan.vpciMax },
    sink: { interrupt: (vp, vector) => boxOf.get(vp)?.interrupt(vector) },
    log,
    note,
    partition: partitionOf(simulation, arch, iommu),
    ...(simulation.knobs === undefined ? {} : { knobs: simulation.knobs }),
  });
  const gates = vps.map((vp) => host.partition.gate(vp));
  serve = () => boxes.map((box, cpu) => serveMailbox(box, gates[cpu]!)).some(Boolean);
  trace.event({ k: 'setup', scenario: name, arch, cpus: vps.length, vps, ram: MEMORY_BYTES });

  const findings = new Findings(note, options.checked);
  const workers = vps.map(
    (_, cpu) =>
      new Worker(thread, { workerData: { shared, cpu, arch, simulation: name, iommu, limitMs } satisfies VpTask }),
  );
  let report: GuestReport | undefined;
  workers[0]!.once('message', (said: GuestReport) => {
    report = said;
  });
  const gone = Promise.all(workers.map(endOf));
  // Looked at below; where this thread itself fails before, its own error is the one to tell.
  gone.catch(() => undefined);
  const stop = (): Promise<unknown> => Promise.all(workers.map((worker) => worker.terminate()));
  try {
    const run =
      simulation.host &&
      start(queue, simulation.host({ host, queue, flags, report: findings, random: seededWords(0) }));
    const anyIs = (state: number): boolean =>
      shared.states.some((_, cpu) => Atomics.load(shared.states, cpu) === state);
    const ended = queue.run(
      () => anyIs(FAILED) || (!anyIs(RUNNING) && run?.done !== false),
      limitMs + Math.min(limitMs, GRACE_MS),
    );
    // Who still runs waits for something that does not come.
    if (!ended) await stop();
    await gone;
    for (const text of report?.said ?? []) note(text);
    for (const [text, ok] of report?.checked ?? []) options.checked?.(text, ok);
    for (const line of report?.log ?? []) log(line);
    if (report === undefined) findings.check('the guest comes to its end', false);
    findings.check('the host comes to its end', run?.done !== false);
    host.recordEnd();
    return {
      checks: findings.checks + (report?.checked.length ?? 0),
      failures: [...(report?.failures ?? []), ...findings.failures],
      us: queue.now(),
    };
  } finally {
    await stop();
  }
}

/** The end of a Worker; rejects with what it threw. */
function endOf(worker: Worker): Promise<void> {
  return new Promise((done, fail) => {
    worker.once('error', fail);
    worker.once('exit', () => done());
  });
}
