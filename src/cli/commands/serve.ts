import { fstatSync, type Stats, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RecordFile } from '../../capture/record-file.node.js';
import { Recorder, stampTrace, teeTrace } from '../../capture/recorder.js';
import { FileGuestMemory } from '../../memory/file-memory.node.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import { commandOf, HOST_COMMANDS } from '../../rig/serve/commands.js';
import { ramRegions } from '../../rig/serve/guest-ram.js';
import { MonitorSession } from '../../rig/serve/monitor-session.js';
import { LONGEST_PATH, MonitorSocket } from '../../rig/serve/monitor-socket.node.js';
import { SCENARIOS } from '../../rig/serve/scenarios.js';
import { ServedHost } from '../../rig/serve/served-host.js';
import { TimeReadLimit } from '../../rig/serve/trace-limits.js';
import { WallQueue } from '../../sched/wall-queue.js';
import { CommandError, complain, EXIT, errorLines } from '../exit.js';
import { openRecord } from '../output-file.js';
import { paintFor } from '../paint.js';
import { Timeline } from '../timeline/timeline.js';
import { VERSION } from '../version.js';
import { Writer } from '../writer.js';
import { hostTscHz } from './serve-clock.js';
import { closingLines } from './serve-closing.js';
import { checkServe, type ServeOptions } from './serve-options.js';

/** `hvabi serve`: the hypervisor and the host of a guest in another process, until its monitor is gone. Returns the exit code. */
export async function runServe(options: ServeOptions): Promise<number> {
  checkServe(options);
  const { memory, ramBytes } = openMemory(options);
  const record = openRecord(options.record);
  try {
    return await serve(options, memory, ramBytes, record);
  } finally {
    record?.close();
    memory.close();
  }
}

async function serve(
  options: ServeOptions,
  memory: FileGuestMemory,
  ramBytes: number,
  record: RecordFile | undefined,
): Promise<number> {
  let end = (): void => undefined;
  const over = new Promise<void>((done) => {
    end = done;
  });
  // Whoever watched it has gone: the socket and the record are closed as for any other end.
  const writer = new Writer({ eager: true, gone: () => end() });
  const paint = paintFor(options.color);
  const { arch } = options;
  const scenario = SCENARIOS[options.scenario];
  const show = options.quiet ? 'none' : options.verbose ? 'all' : 'story';
  const timeline = new Timeline({ arch, paint, show, write: (line) => writer.line(line) });
  let faults = 0;
  const failed = (error: unknown): void => {
    faults++;
    complain(errorLines(error, 'fault of the host'));
  };
  const queue = new WallQueue(failed);
  const sinks: TraceSink[] = [timeline];
  if (record !== undefined)
    sinks.push(new Recorder({ arch, tool: `hvabi ${VERSION}`, clock: queue, write: (line) => record.line(line) }));
  const trace = new TimeReadLimit(stampTrace(queue, teeTrace(...sinks)));
  const note = (text: string): void => {
    if (show !== 'none') timeline.note(text);
  };

  let host: ServedHost | undefined;
  const session: MonitorSession = new MonitorSession({
    machine: (vcpus) => {
      host = new ServedHost({
        arch,
        scenario,
        scenarioName: options.scenario,
        vcpus,
        memory,
        ramBytes,
        queue,
        trace,
        interrupts: session.interrupts,
        tscHz: options.tscHz ?? hostTscHz(),
        ...(options.iommu === undefined ? {} : { iommu: options.iommu }),
        ...(options.vmbusMax === undefined ? {} : { vmbusMax: options.vmbusMax }),
        ...(options.vpciMax === undefined ? {} : { vpciMax: options.vpciMax }),
        note,
      });
      return host.target;
    },
    over: () => end(),
    complain: (why) => complain([`hvabi: monitor: ${why}`]),
    failed,
  });
  const stop = (): void => end();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const socket = await MonitorSocket.listen(options.monitor, session).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      `${options.monitor}: cannot listen: ${error.code ?? error.message}`,
      error.code === 'EADDRINUSE'
        ? 'somebody listens there, or it is no socket: name another path'
        : `name a path that does not exist yet, in a folder that does, of at most ${LONGEST_PATH} bytes`,
    );
  });
  note(`listening on ${options.monitor}: scenario ${options.scenario}, ${scenario.about}${iommuWords(options)}`);

  const input = readCommands((line) => {
    const command = commandOf(line);
    if (command === undefined) complain([`hvabi: ${JSON.stringify(line)}: takes ${HOST_COMMANDS.join(', ')}`]);
    else if (host === undefined) complain([`hvabi: ${command}: no guest yet`]);
    else host.command(command);
  }, stop);
  await over;

  input.close();
  socket.close();
  host?.finish(trace.timeReads);
  queue.close();
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  timeline.flush();
  record?.close();
  for (const line of closingLines(host, timeline.summary, options.record, paint)) writer.line(line);
  writer.flush();
  return faults === 0 ? EXIT.fine : EXIT.differs;
}

function iommuWords({ iommu = 'off' }: ServeOptions): string {
  return iommu === 'off' ? '' : `; an IOMMU with ${iommu === 'own' ? 'rules of its own' : 'the recorded rules'}`;
}

/**
 * Lines of standard input. Its end is the end of whoever gives the commands, unless nobody can: a file, /dev/null and a terminal
 * end without meaning anything.
 */
function readCommands(take: (line: string) => void, ended: () => void): { close(): void } {
  const lines = createInterface({ input: process.stdin });
  const controlled = isPipe();
  lines.on('line', (line) => {
    if (line.trim() !== '') take(line);
  });
  lines.on('close', () => {
    if (controlled) ended();
  });
  return {
    close() {
      lines.removeAllListeners('close');
      lines.close();
      // An open pipe would keep the process alive.
      process.stdin.destroy();
    },
  };
}

function isPipe(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

function openMemory({ memory, arch }: ServeOptions): { memory: FileGuestMemory; ramBytes: number } {
  const { size } = statOf(memory);
  const whole = size - (size % 4096);
  if (whole === 0) throw new CommandError(`${memory}: holds no page of guest memory`, 'make it as large as the RAM');
  return { memory: FileGuestMemory.open(memory, ramRegions(arch, whole)), ramBytes: whole };
}

function statOf(memory: string): Stats {
  try {
    return statSync(memory);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw new CommandError(
      `${memory}: no such file`,
      "it is made before, as large as the guest's RAM: truncate -s 512M FILE",
    );
  }
}
