import { callOf } from '../../capture/names.js';
import { jsonValue } from '../../capture/recorder.js';
import { RECORDED_POOL, type RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import {
  type DeviceDomainReplay,
  type ReplayDifference,
  replayDeviceDomains,
} from '../../rig/replay/device-domain-replay.js';
import type { ReplayHost } from '../../rig/replay/replay-host.js';
import { CommandError, EXIT } from '../exit.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { ReadableEvents } from '../readable-events.js';
import { terminalText } from '../terminal-text.js';
import { traceName } from '../trace-path.js';
import { plural } from '../tree/numbers.js';
import { Writer } from '../writer.js';
import { knobTexts, parseKnobs } from './replay-knobs.js';

export interface ReplayCommandOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
  readonly knob?: readonly string[];
}

/** Events of a reason that are named. */
const MOST_NAMED = 12;

/** `hvabi replay`. Returns the exit code. */
export function runReplay(capture: string, options: ReplayCommandOptions): number {
  const knobs = parseKnobs(options.knob ?? []);
  const events = new ReadableEvents(capture);
  const replay = replayDeviceDomains(events.all(), { knobs });
  if (replay.calls > 0) print(replay, knobs, options);
  if (events.complain()) return EXIT.unusable;
  if (replay.calls === 0)
    throw new CommandError(
      `${traceName(capture)}: has no calls of device domains`,
      'root partitions and guests with an IOMMU make them; hvabi decode --summary shows what is in it',
    );
  return replay.differences.length === 0 ? EXIT.fine : EXIT.differs;
}

function print(replay: DeviceDomainReplay, given: RecordedHostKnobs, options: ReplayCommandOptions): void {
  const writer = new Writer();
  if (options.json) writer.line(JSON.stringify(jsonOf(replay), jsonValue, 2));
  else for (const line of linesOf(replay, given, options)) writer.line(line);
  writer.flush();
}

function* linesOf(
  replay: DeviceDomainReplay,
  given: RecordedHostKnobs,
  { quiet, color }: ReplayCommandOptions,
): Generator<string> {
  const paint = paintFor(color);
  const { calls, accesses, states, differences, scripted, uncompared } = replay;
  if (!quiet)
    for (const { n, code, expected, got } of differences)
      yield `${paint.quiet(`#${n}`)} ${nameOf(code)}: recorded ${terminalText(expected)}, here ${terminalText(got)}`;
  const compared = [
    `${plural(calls, 'call')} of device domains`,
    ...(accesses > 0 ? [plural(accesses, "device's access", "devices' accesses")] : []),
    ...(states > 0 ? [`${plural(states, 'state')} of all domains`] : []),
  ];
  yield `${compared.join(', ')}, ${plural(differences.length, 'difference')}`;
  for (const host of replay.hosts) {
    const told = knobTexts(toldBy(host, given));
    const from = host.explained.size === 0 ? '' : `; ${countsOf(host.explained)}`;
    if (told.length > 0) yield `told by the recording: ${told.join(' ')}${from}`;
  }
  if (scripted.size > 0) yield `as recorded: ${countsOf(scripted)}`;
  if (uncompared.size > 0) yield `not compared: ${countsOf(uncompared)}`;
}

/** What the recorded host was set to, besides what was given and what such a host is set to anyway. */
function toldBy({ knobs }: ReplayHost, given: RecordedHostKnobs): RecordedHostKnobs {
  const { domChunk, domPool, nodeCost, domBad, domBadStatus, refuseList, starveAttach } = knobs;
  const pool = domPool === RECORDED_POOL ? {} : { domPool, nodeCost };
  const told = { domChunk, ...pool, domBad, domBadStatus, refuseList, starveAttach };
  return Object.fromEntries(Object.entries(told).filter(([key]) => !(key in given)));
}

function countsOf(reasons: ReadonlyMap<string, readonly number[]>): string {
  return [...reasons]
    .map(([why, events]) => {
      const named = events.slice(0, MOST_NAMED).map((n) => `#${n}`);
      return `${why} ${events.length} (${[...named, ...(events.length > MOST_NAMED ? ['…'] : [])].join(' ')})`;
    })
    .join(', ');
}

function nameOf(code: string): string {
  return code.startsWith('0x') ? (callOf(Number(code))?.name ?? code) : code;
}

function jsonOf({ scripted, uncompared, differences, hosts, ...counts }: DeviceDomainReplay) {
  const shown = hosts.map(({ caller, privileges, knobs, explained }) => ({
    caller,
    privileges,
    knobs,
    explained: Object.fromEntries(explained),
  }));
  const named = differences.map((one: ReplayDifference) => ({ ...one, name: nameOf(one.code) }));
  return {
    ...counts,
    differences: named,
    scripted: Object.fromEntries(scripted),
    uncompared: Object.fromEntries(uncompared),
    hosts: shown,
  };
}
