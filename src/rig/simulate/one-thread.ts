import type { Arch } from '../../layout/types.js';
import { PageFrameAllocator } from '../../memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../memory/shared-memory.js';
import type { LogLine } from '../../ports/log-sink.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import { start } from '../../sched/routine.js';
import { seededChoice, seededWords, VirtualQueue } from '../../sched/virtual-queue.js';
import { vpIndices } from '../serve/scenarios.js';
import { GuestSide } from '../system/guest-side.js';
import { HostSide } from '../system/host-side.js';
import { Flags } from './flags.js';
import type { IommuChoice } from './iommu-choice.js';
import { guestOptions, partitionOf } from './side-options.js';
import { type CheckListener, Findings, type Simulation } from './simulation.js';

export interface SimulateOptions {
  readonly arch: Arch;
  readonly trace: TraceSink;
  /** One seed is one order of everything that is due at the same time; absent: the order in which it was asked for. */
  readonly seed?: number;
  /** Newest vPCI protocol that the host speaks. */
  readonly vpciMax?: number;
  /** Newest VMBus version that the host accepts. */
  readonly vmbusMax?: number;
  /** Instead of the scenario's. */
  readonly iommu?: IommuChoice;
  readonly note?: (text: string) => void;
  readonly checked?: CheckListener;
  readonly log?: (line: LogLine) => void;
  /** The queue to run on, which then decides the order; a new one of the seed when absent. */
  readonly queue?: VirtualQueue;
}

export interface SimulationResult {
  readonly checks: number;
  readonly failures: readonly string[];
  /** Virtual time that passed. */
  readonly us: number;
  readonly guest: GuestSide;
  readonly host: HostSide;
}

/** Memory of simulated guests. */
export const MEMORY_BYTES = 64 << 20;
/** The first frame that the guest may take. */
export const FIRST_PFN = 0x100;
export const PAGE_BYTES = 4096;
const LIMIT_US = 2_000_000_000;

/** Runs hypervisor, host and guest in this thread, in virtual time, to the end. Throws what one of them throws. */
export function simulate(simulation: Simulation, options: SimulateOptions): SimulationResult {
  const { arch, trace, note = () => undefined, log = () => undefined } = options;
  const queue = options.queue ?? new VirtualQueue(options.seed === undefined ? undefined : seededChoice(options.seed));
  const memory = SharedGuestMemory.create(MEMORY_BYTES, { kernel: false });
  const frames = PageFrameAllocator.create(FIRST_PFN, MEMORY_BYTES / PAGE_BYTES - FIRST_PFN);
  const vps = vpIndices(simulation.plan, simulation.cpus);
  const { vmbusMax = simulation.plan.vmbusMax, vpciMax = simulation.plan.vpciMax } = options;
  const plan = { ...simulation.plan, vmbusMax, vpciMax };
  const { iommu = simulation.iommu } = options;
  const findings = new Findings(note, options.checked);
  let guest: GuestSide | undefined;
  const host = new HostSide({
    arch,
    memory,
    queue,
    trace,
    vps,
    plan,
    log,
    note,
    sink: { interrupt: (vp, vector) => guest?.machine.interrupt(vp, vector) },
    partition: partitionOf(simulation, arch, iommu),
    ...(simulation.knobs === undefined ? {} : { knobs: simulation.knobs }),
  });
  trace.event({ k: 'setup', scenario: simulation.name, arch, cpus: vps.length, vps, ram: MEMORY_BYTES });
  guest = new GuestSide({
    arch,
    memory,
    frames,
    queue,
    log,
    gates: vps.map((vp) => host.partition.gate(vp)),
    ...guestOptions(simulation, iommu),
  });
  const flags = new Flags();
  const guestRun = start(queue, simulation.guest({ guest, iommu, queue, flags, report: findings }));
  const hostRun =
    simulation.host &&
    start(queue, simulation.host({ host, queue, flags, report: findings, random: seededWords(options.seed ?? 0) }));
  const startUs = queue.now();
  queue.drain(LIMIT_US);
  findings.check('the guest comes to its end', guestRun.done);
  if (hostRun !== undefined) findings.check('the host comes to its end', hostRun.done);
  host.recordEnd();
  return { checks: findings.checks, failures: findings.failures, us: queue.now() - startUs, guest, host };
}
