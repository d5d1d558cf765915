import type { RecordFile } from '../../capture/record-file.node.js';
import { NO_TRACE, Recorder, stampTrace, teeTrace } from '../../capture/recorder.js';
import type { LogLine } from '../../ports/log-sink.js';
import type { Clock } from '../../ports/run-queue.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import type { IommuChoice } from '../../rig/simulate/iommu-choice.js';
import type { SimulationName } from '../../rig/simulate/names.js';
import { type SimulateOptions, simulate } from '../../rig/simulate/one-thread.js';
import { type Simulation, synopsisOf } from '../../rig/simulate/simulation.js';
import { PROTOCOLS, SIMULATIONS } from '../../rig/simulate/simulations.js';
import { logText } from '../../rig/system/log-text.js';
import { seededChoice, VirtualQueue } from '../../sched/virtual-queue.js';
import { EXIT } from '../exit.js';
import { openRecord } from '../output-file.js';
import { paintFor } from '../paint.js';
import { Timeline } from '../timeline/timeline.js';
import { VERSION } from '../version.js';
import { Writer } from '../writer.js';
import { checkSimulate, type SimulateCommandOptions, versionText } from './simulate-options.js';

/** `hvabi simulate`: hypervisor, host and guest in this process. Returns the exit code. */
export async function runSimulate(name: SimulationName, options: SimulateCommandOptions): Promise<number> {
  checkSimulate(name, options);
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
  const log = (line: LogLine): void => {
    const text = logText(line);
    if (text !== undefined) note(text);
  };
  // What does not hold has its line in any case.
  const checked = (text: string, ok: boolean): void => {
    if (ok && show === 'all') timeline.note(`holds: ${text}`);
  };
  const traceOn = (clock: Clock): TraceSink => {
    const sinks: TraceSink[] = [timeline];
    if (record !== undefined)
      sinks.push(new Recorder({ arch, tool: `hvabi ${VERSION}`, clock, write: (line) => record.line(line) }));
    return stampTrace(clock, teeTrace(...sinks));
  };
  const title = titleOf(simulation, options, proto);
  const { about, shows } = synopsisOf(simulation, iommuOf(simulation, options));
  note(`${title}: ${about} (${shows.join(', ')})`);
  const common = { arch, note, log, checked, ...variants(simulation, proto, options) };
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
