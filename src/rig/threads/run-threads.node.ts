import { once } from 'node:events';
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
import { Findings } from '../simulate/simulation.js';
import { SIMULATIONS } from '../simulate/simulations.js';
import { HostSide } from '../system/host-side.js';
import { Mailbox } from '../vp/mailbox.js';
import { serveMailbox } from '../vp/vp-service.js';
import { exitBoxes, RUNNING, type SharedState } from './shared-state.js';
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
  readonly log?: (line: LogLine) => void;
  /** 60 s when absent. */
  readonly limitMs?: number;
}

export interface ThreadResult {
  readonly checks: number;
  readonly failures: readonly string[];
  readonly us: number;
}

const THREAD = new URL('./vp-thread.node.js', import.meta.url);

/**
 * Runs a scenario with a Worker for each VP over one shared memory, the hypervisor and the host in this thread, which it blocks
 * until the guest's end. Throws what a Worker throws.
 */
export async function simulateInThreads(name: keyof typeof SIMULATIONS, options: ThreadOptions): Promise<ThreadResult> {
  const { arch, note = () => undefined, log = () => undefined, limitMs = 60_000 } = options;
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

  const findings = new Findings(note);
  const workers = vps.map(
    (_, cpu) =>
      new Worker(THREAD, { workerData: { shared, cpu, arch, simulation: name, iommu, limitMs } satisfies VpTask }),
  );
  const spoken = once(workers[0]!, 'message') as Promise<[GuestReport]>;
  const gone = Promise.all(workers.map((worker) => once(worker, 'exit')));
  try {
    const run =
      simulation.host &&
      start(queue, simulation.host({ host, queue, flags, report: findings, random: seededWords(0) }));
    const all = (): boolean => shared.states.every((_, cpu) => Atomics.load(shared.states, cpu) !== RUNNING);
    queue.run(() => all() && run?.done !== false, limitMs + 5000);
    const [report] = await spoken;
    await gone;
    for (const text of report.said) note(text);
    for (const line of report.log) log(line);
    findings.check('the host comes to its end', run?.done !== false);
    host.server.recordRings('final');
    return {
      checks: findings.checks + report.checks,
      failures: [...report.failures, ...findings.failures],
      us: queue.now(),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
