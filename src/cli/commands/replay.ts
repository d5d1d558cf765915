import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AbiError } from '../../bytes/errors.js';
import { readEvents } from '../../capture/input.node.js';
import { callOf } from '../../capture/names.js';
import { jsonValue } from '../../capture/recorder.js';
import {
  type DeviceDomainReplay,
  type ReplayDifference,
  replayDeviceDomains,
} from '../../rig/replay/device-domain-replay.js';
import { CommandError, complain, EXIT, errorLines } from '../exit.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { plural } from '../tree/numbers.js';
import { Writer } from '../writer.js';

export interface ReplayCommandOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
}

/** `hvabi replay`. Returns the exit code. */
export function runReplay(capture: string, options: ReplayCommandOptions): number {
  const source = capture === '-' ? 0 : fileOf(capture);
  const writer = new Writer();
  let replay: DeviceDomainReplay;
  try {
    replay = replayDeviceDomains(readEvents(source));
  } catch (error) {
    if (!(error instanceof AbiError)) throw error;
    complain(errorLines(error, source === 0 ? 'standard input' : capture));
    return EXIT.unusable;
  }
  if (replay.calls === 0)
    throw new CommandError(
      `${capture}: has no calls of device domains`,
      'root partitions and guests with an IOMMU make them; hvabi decode --summary shows what is in it',
    );
  if (options.json) writer.line(JSON.stringify(jsonOf(replay), jsonValue, 2));
  else for (const line of linesOf(replay, options)) writer.line(line);
  writer.flush();
  return replay.differences.length === 0 ? EXIT.fine : EXIT.differs;
}

/** A trace, or that of a folder of captures. Throws the system's own words for a path that is not there. */
function fileOf(path: string): string {
  if (!statSync(path).isDirectory()) return path;
  const trace = join(path, 'events.jsonl');
  if (existsSync(trace)) return trace;
  throw new CommandError(`${path}: is a directory without events.jsonl`, 'give the trace in it');
}

function* linesOf(replay: DeviceDomainReplay, { quiet, color }: ReplayCommandOptions): Generator<string> {
  const paint = paintFor(color);
  const { calls, accesses, states, differences, scripted } = replay;
  if (!quiet)
    for (const { n, code, expected, got } of differences)
      yield `${paint.quiet(`#${n}`)} ${nameOf(code)}: recorded ${expected}, here ${got}`;
  const compared = [
    `${plural(calls, 'call')} of device domains`,
    ...(accesses > 0 ? [plural(accesses, "device's access", "devices' accesses")] : []),
    ...(states > 0 ? [`${plural(states, 'state')} of all domains`] : []),
  ];
  const taken = [...scripted].map(([why, count]) => `${why} ${count}`);
  yield `${compared.join(', ')}, ${plural(differences.length, 'difference')}${
    taken.length === 0 ? '' : ` (as recorded: ${taken.join(', ')})`
  }`;
}

function nameOf(code: string): string {
  return code.startsWith('0x') ? (callOf(Number(code))?.name ?? code) : code;
}

function jsonOf({ scripted, differences, hosts, ...counts }: DeviceDomainReplay) {
  const shown = hosts.map(({ caller, privileges, knobs }) => ({ caller, privileges, knobs }));
  const named = differences.map((one: ReplayDifference) => ({ ...one, name: nameOf(one.code) }));
  return { ...counts, differences: named, scripted: Object.fromEntries(scripted), hosts: shown };
}
