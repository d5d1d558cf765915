import { RecordFile } from '../../capture/record-file.node.js';
import { Recorder, stampTrace, teeTrace } from '../../capture/recorder.js';
import type { Arch } from '../../layout/types.js';
import type { LogLine } from '../../ports/log-sink.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import type { SimulationName } from '../../rig/simulate/names.js';
import { simulate } from '../../rig/simulate/one-thread.js';
import type { Simulation } from '../../rig/simulate/simulation.js';
import { PROTOCOLS, SIMULATIONS } from '../../rig/simulate/simulations.js';
import { seededChoice, VirtualQueue } from '../../sched/virtual-queue.js';
import { CommandError, EXIT } from '../exit.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { Timeline } from '../timeline/timeline.js';
import { VERSION } from '../version.js';
import { Writer } from '../writer.js';

export interface SimulateCommandOptions {
  readonly arch: Arch;
  readonly seed?: number;
  readonly proto?: number;
  readonly record?: string;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
}

/** `hvabi simulate`: hypervisor, host and guest in this process, in virtual time. Returns the exit code. */
export function runSimulate(name: SimulationName, options: SimulateCommandOptions): number {
  if (options.proto !== undefined && !PROTOCOLS.includes(options.proto))
    throw new CommandError(
      `--proto ${versionText(options.proto)}: no such version`,
      `takes ${PROTOCOLS.map(versionText).join(', ')}`,
    );
  const writer = new Writer(1, true);
  const record = options.record === undefined ? undefined : new RecordFile(options.record);
  try {
    const failures = runs(name, options.proto)
      .map(({ simulation, proto }) => runOne(simulation, proto, options, writer, record))
      .reduce((sum, count) => sum + count, 0);
    return failures === 0 ? EXIT.fine : EXIT.differs;
  } finally {
    record?.close();
    writer.flush();
  }
}

interface Run {
  readonly simulation: Simulation;
  readonly proto: number | undefined;
}

function runs(name: SimulationName, proto: number | undefined): Run[] {
  if (name !== 'protocols') return [{ simulation: SIMULATIONS[name], proto }];
  const chosen = proto === undefined ? PROTOCOLS : [proto];
  return chosen.map((one) => ({ simulation: SIMULATIONS.multi, proto: one }));
}

/** Failed checks. */
function runOne(
  simulation: Simulation,
  proto: number | undefined,
  options: SimulateCommandOptions,
  writer: Writer,
  record: RecordFile | undefined,
): number {
  const { arch, seed } = options;
  const paint = paintFor(options.color);
  const show = options.quiet ? 'none' : options.verbose ? 'all' : 'story';
  const timeline = new Timeline({ arch, paint, show, write: (line) => writer.line(line) });
  const queue = new VirtualQueue(seed === undefined ? undefined : seededChoice(seed));
  const sinks: TraceSink[] = [timeline];
  if (record !== undefined)
    sinks.push(new Recorder({ arch, tool: `hvabi ${VERSION}`, clock: queue, write: (line) => record.line(line) }));
  const note = (text: string): void => {
    if (show !== 'none') timeline.note(text);
  };
  const log = ({ level, code, fields }: LogLine): void => {
    if (level !== 'info') note(`${level}: ${code}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
  };
  const title = [simulation.name, arch, proto === undefined ? '' : `vPCI ${versionText(proto)}`]
    .filter(Boolean)
    .join(', ');
  note(`${title}: ${simulation.about} (${simulation.shows.join(', ')})`);
  const result = simulate(simulation, {
    arch,
    queue,
    trace: stampTrace(queue, teeTrace(...sinks)),
    note,
    log,
    ...(proto === undefined ? {} : { vpciMax: proto }),
  });
  timeline.flush();
  const failed = result.failures.length;
  writer.line(
    `${title}: ${result.checks - failed} of ${result.checks} checks hold, ${timeline.summary.records} events, ${(result.us / 1000).toFixed(1)} ms of virtual time`,
  );
  if (options.quiet) for (const failure of result.failures) writer.line(`  not true: ${failure}`);
  return failed;
}

function versionText(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}
