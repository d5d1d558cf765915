import type { RecordFile } from '../../capture/record-file.node.js';
import { jsonValue, NO_TRACE, Recorder, stampTrace, teeTrace } from '../../capture/recorder.js';
import type { DmaMode } from '../../guest/pv-iommu/dma-mapping.js';
import type { Arch } from '../../layout/types.js';
import type { LogLine } from '../../ports/log-sink.js';
import type { Clock } from '../../ports/run-queue.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import type { IommuChoice } from '../../rig/simulate/iommu-choice.js';
import type { IommuKind, SimulationName } from '../../rig/simulate/names.js';
import { type SimulateOptions, simulate } from '../../rig/simulate/one-thread.js';
import type { Simulation } from '../../rig/simulate/simulation.js';
import { PROTOCOLS, SIMULATIONS } from '../../rig/simulate/simulations.js';
import { seededChoice, VirtualQueue } from '../../sched/virtual-queue.js';
import { CommandError, EXIT } from '../exit.js';
import { openRecord } from '../output-file.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { Timeline } from '../timeline/timeline.js';
import { VERSION } from '../version.js';
import { Writer } from '../writer.js';

export interface SimulateCommandOptions {
  readonly arch: Arch;
  readonly seed?: number;
  readonly seeds?: number;
  readonly workers?: boolean;
  readonly proto?: number;
  readonly iommu?: IommuKind;
  readonly dma?: DmaMode;
  readonly record?: string;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
}

/** `hvabi simulate`: hypervisor, host and guest in this process. Returns the exit code. */
export async function runSimulate(name: SimulationName, options: SimulateCommandOptions): Promise<number> {
  check(name, options);
  checkIommu(name, options);
  const record = openRecord(options.record);
  // With a record the run is worth its end also when nobody watches it any more.
  const writer = new Writer({ eager: true, gone: record && (() => undefined) });
  const stage: Stage = { options, writer, record };
  let failed = 0;
  try {
    for (const run of runs(name, options.proto))
      failed += options.seeds === undefined ? await showOne(run, stage) : manyOrders(run, options.seeds, stage);
  } finally {
    record?.close();
    writer.flush();
  }
  return failed === 0 ? EXIT.fine : EXIT.differs;
}

function check(name: SimulationName, { proto, seed, seeds, workers, record }: SimulateCommandOptions): void {
  if (proto !== undefined && !PROTOCOLS.includes(proto))
    throw new CommandError(
      `--proto ${versionText(proto)}: no such version`,
      `takes ${PROTOCOLS.map(versionText).join(', ')}`,
    );
  if (workers === true && (seed !== undefined || seeds !== undefined))
    throw new CommandError(
      '--workers runs in real time, where no seed decides the order',
      'leave --seed and --seeds out',
    );
  if (seeds !== undefined && record !== undefined)
    throw new CommandError('--record keeps one run, and --seeds makes many', 'name the one with --seed');
  if (record !== undefined && name === 'protocols' && proto === undefined)
    throw new CommandError('--record keeps one run, and protocols makes four', 'name the one with --proto');
  if (seeds === 0) throw new CommandError('--seeds 0: no order to run', 'takes a count from 1 on');
}

/** Scenarios whose IOMMU is not the one in front of a guest's disks. */
const OWN_IOMMU: ReadonlySet<SimulationName> = new Set(['root-passthrough', 'root-low-memory', 'iommufd-events']);

function checkIommu(name: SimulationName, { arch, iommu, dma }: SimulateCommandOptions): void {
  if (arch === 'arm64' && (dma !== undefined || (iommu !== undefined && iommu !== 'off')))
    throw new CommandError('--iommu: guests have this IOMMU on x64 only', 'leave --arch out, or --iommu and --dma');
  if ((iommu !== undefined || dma !== undefined) && OWN_IOMMU.has(name))
    throw new CommandError(`--iommu: ${name} has an IOMMU of its own`, 'leave --iommu and --dma out');
  if (iommu === 'blocked' && name !== 'pviommu')
    throw new CommandError(`--iommu blocked: ${name} needs its disks`, 'pviommu shows a disk that is blocked');
}

/** The scenario's own where nothing is said. */
function iommuOf({ iommu }: Simulation, { iommu: domain, dma }: SimulateCommandOptions): IommuChoice | undefined {
  if (domain === undefined && dma === undefined) return iommu;
  return { domain: domain ?? 'paging', mode: dma ?? iommu?.mode ?? 'lazy' };
}

/** Where output and record go. */
interface Stage {
  readonly options: SimulateCommandOptions;
  readonly writer: Writer;
  readonly record: RecordFile | undefined;
}

interface Run {
  readonly name: keyof typeof SIMULATIONS;
  readonly simulation: Simulation;
  readonly proto: number | undefined;
}

function runs(name: SimulationName, proto: number | undefined): Run[] {
  if (name !== 'protocols') return [{ name, simulation: SIMULATIONS[name], proto }];
  const chosen = proto === undefined ? PROTOCOLS : [proto];
  return chosen.map((one) => ({ name: 'multi', simulation: SIMULATIONS.multi, proto: one }));
}

/** Runs a scenario with its timeline; the number of checks that failed. */
async function showOne({ name, simulation, proto }: Run, { options, writer, record }: Stage): Promise<number> {
  const { arch, seed } = options;
  const show = options.quiet ? 'none' : options.verbose ? 'all' : 'story';
  const timeline = new Timeline({ arch, paint: paintFor(options.color), show, write: (line) => writer.line(line) });
  const note = (text: string): void => {
    if (show !== 'none') timeline.note(text);
  };
  const log = ({ level, code, fields }: LogLine): void => {
    if (level !== 'info')
      note(`${level}: ${code}${fields === undefined ? '' : ` ${JSON.stringify(fields, jsonValue)}`}`);
  };
  const traceOn = (clock: Clock): TraceSink => {
    const sinks: TraceSink[] = [timeline];
    if (record !== undefined)
      sinks.push(new Recorder({ arch, tool: `hvabi ${VERSION}`, clock, write: (line) => record.line(line) }));
    return stampTrace(clock, teeTrace(...sinks));
  };
  const title = titleOf(simulation, options, proto);
  note(`${title}: ${simulation.about} (${simulation.shows.join(', ')})`);
  const common = { arch, note, log, ...variants(simulation, proto, options) };
  let result: { readonly checks: number; readonly failures: readonly string[]; readonly us: number };
  if (options.workers) {
    const { simulateInThreads } = await import('../../rig/threads/run-threads.node.js');
    result = await simulateInThreads(name, { ...common, trace: traceOn });
  } else {
    const queue = new VirtualQueue(seed === undefined ? undefined : seededChoice(seed));
    result = simulate(simulation, { ...common, queue, trace: traceOn(queue), ...(seed === undefined ? {} : { seed }) });
  }
  timeline.flush();
  const failed = result.failures.length;
  const time = `${(result.us / 1000).toFixed(1)} ms of ${options.workers ? 'real' : 'virtual'} time`;
  writer.line(
    `${title}: ${result.checks - failed} of ${result.checks} checks hold, ${timeline.summary.records} events, ${time}`,
  );
  if (options.quiet) for (const failure of result.failures) writer.line(`  not true: ${failure}`);
  return failed;
}

/** Runs a scenario once for each seed; the number of seeds that failed. */
function manyOrders({ simulation, proto }: Run, count: number, { options, writer }: Stage): number {
  const { arch, seed: first = 1 } = options;
  const title = titleOf(simulation, options, proto);
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const varied = variants(simulation, proto, options);
    const { failures } = simulate(simulation, { arch, seed, trace: NO_TRACE, ...varied });
    if (failures.length === 0) continue;
    failed++;
    writer.line(`${title}, seed ${seed}: ${failures.join('; ')}`);
  }
  writer.line(`${title}: ${count - failed} of ${count} orders hold`);
  return failed;
}

/** In which ways a run is not the scenario's usual one. */
function variants(simulation: Simulation, proto: number | undefined, options: SimulateCommandOptions): RunVariants {
  const iommu = iommuOf(simulation, options);
  return { ...(proto === undefined ? {} : { vpciMax: proto }), ...(iommu === undefined ? {} : { iommu }) };
}

type RunVariants = Pick<SimulateOptions, 'vpciMax' | 'iommu'>;

function titleOf(simulation: Simulation, options: SimulateCommandOptions, proto: number | undefined): string {
  const { arch, iommu, dma } = options;
  const parts: string[] = [simulation.name, arch];
  if (iommu !== undefined) parts.push(`IOMMU ${iommu}`);
  if (dma !== undefined) parts.push(`DMA ${dma}`);
  if (proto !== undefined) parts.push(`vPCI ${versionText(proto)}`);
  return parts.join(', ');
}

function versionText(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}
