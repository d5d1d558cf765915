import { hexNumber } from '../../bytes/hex.js';
import type { Event } from '../../capture/event.js';
import type { RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { accessOf } from './device-access.js';
import { endStateDifferences } from './end-state.js';
import { memoryKnobs } from './memory-knobs.js';
import { type RecordedCall, recordedCall } from './recorded-call.js';
import { type ReplayHost, replayHost } from './replay-host.js';
import { ReplayRun } from './replay-run.js';
import type { Scripted } from './replay-script.js';

/** Something that was answered otherwise than it was recorded. */
export interface ReplayDifference {
  /** Number of the event. */
  readonly n: number;
  /** Call code, `0x…`; `dma` for a device's access, `device_domains` for the state at the end. */
  readonly code: string;
  readonly expected: string;
  readonly got: string;
}

export interface ReplayOptions {
  /** What is known of the recorded host. What is not is told by the recording. */
  readonly knobs?: RecordedHostKnobs;
}

/** What a replay came to. */
export interface DeviceDomainReplay {
  /** Calls that were made again. */
  readonly calls: number;
  /** Accesses of devices that were compared. */
  readonly accesses: number;
  /** States that were compared. */
  readonly states: number;
  readonly differences: readonly ReplayDifference[];
  /** What was taken from the recording because no rule says it, and how often. */
  readonly scripted: ReadonlyMap<Scripted, number>;
  /** The hosts that answered, one for each `setup` event. */
  readonly hosts: readonly ReplayHost[];
}

const STATE = 'device_domains';

/** One recorded machine: the events from its `setup` on. */
interface Session {
  readonly setup: Event | undefined;
  readonly events: { readonly event: Event; readonly n: number; readonly call: RecordedCall | undefined }[];
}

/**
 * Makes the device-domain calls of a capture again (attachments, domains, maps, flushes, deposits, queries), in order, at a
 * partition that answers as the recorded host (recordedHost), and compares result words and output bytes, then accesses of
 * devices (`dma` events of a root partition) and the domains at the end (`device_domains` events).
 *
 * The host is told by the capture: root, L1VH or guest by the privileges in the CPUID table of its `setup` event; width,
 * capabilities and page sizes by the answer to 0x125; devices by who is named; pool and cost of tables by where memory ran
 * out. What only the recorded host could know (calls done in parts, pages, flush lists and attachments that it refused) is
 * taken from the results, and counted in `scripted`, unless `knobs` gives the rule. Throws DecodeError E_RECORD for an event
 * whose words or bytes are none.
 */
export function replayDeviceDomains(events: Iterable<Event>, { knobs = {} }: ReplayOptions = {}): DeviceDomainReplay {
  const parts = sessionsOf(events).map((session) => replaySession(session, knobs));
  const scripted = new Map<Scripted, number>();
  for (const part of parts)
    for (const [why, count] of part.run.script.used) scripted.set(why, (scripted.get(why) ?? 0) + count);
  const sum = (key: 'calls' | 'accesses' | 'states') => parts.reduce((total, part) => total + part[key], 0);
  return {
    calls: sum('calls'),
    accesses: sum('accesses'),
    states: sum('states'),
    differences: parts.flatMap(({ differences }) => differences),
    scripted,
    hosts: parts.map(({ host }) => host),
  };
}

/** As replayDeviceDomains(): the differences alone. */
export function replayDeviceDomainCalls(events: Iterable<Event>, options: ReplayOptions = {}): ReplayDifference[] {
  return [...replayDeviceDomains(events, options).differences];
}

function sessionsOf(events: Iterable<Event>): Session[] {
  const sessions: Session[] = [];
  let position = 0;
  for (const event of events) {
    const n = typeof event.n === 'number' ? event.n : position;
    position++;
    if (event.k === 'setup' || sessions.length === 0)
      sessions.push({ setup: event.k === 'setup' ? event : undefined, events: [] });
    const call = recordedCall(event, n);
    const isKept = call !== undefined || event.k === 'dma' || event.k === STATE;
    if (isKept) sessions.at(-1)!.events.push({ event, n, call });
  }
  return sessions.filter((session) => session.events.length > 0);
}

interface SessionReplay {
  readonly calls: number;
  readonly accesses: number;
  readonly states: number;
  readonly differences: ReplayDifference[];
  readonly host: ReplayHost;
  readonly run: ReplayRun;
}

function replaySession(session: Session, given: RecordedHostKnobs): SessionReplay {
  const calls = session.events.flatMap(({ call }) => (call === undefined ? [] : [call]));
  const host = replayHost(session.setup, calls, given);
  const pool = session.events.find(({ event }) => event.k === STATE)?.event.pool;
  const memory = memoryKnobs(host, calls, typeof pool === 'number' ? pool : undefined);
  const byRule = replayAs({ ...host, knobs: { ...memory, ...host.knobs } }, session, calls);
  // A pool that the calls refute is none.
  const isRefuted = byRule.differences.some(({ code }) => code !== STATE);
  if (!isRefuted || memory.domPool === undefined) return byRule;
  const byScript = replayAs(host, session, calls);
  return byScript.differences.length < byRule.differences.length ? byScript : byRule;
}

function replayAs(host: ReplayHost, { events }: Session, calls: readonly RecordedCall[]): SessionReplay {
  const run = new ReplayRun(host, calls);
  const differences: ReplayDifference[] = [];
  let accesses = 0;
  let states = 0;
  for (const { event, n, call } of events) {
    if (call !== undefined) {
      const { expected, got } = run.make(call);
      if (expected !== got) differences.push({ n, code: hexNumber(call.code), expected, got });
    } else if (event.k === 'dma') {
      const access = accessOf(event, host.caller, run.iommu);
      if (access === undefined) continue;
      accesses++;
      if (access.expected !== access.got) differences.push({ n, code: 'dma', ...access });
    } else {
      states++;
      for (const one of endStateDifferences(event, run.iommu.domains, host.knobs.domPool !== undefined))
        differences.push({ n, code: STATE, ...one });
    }
  }
  return { calls: calls.length, accesses, states, differences, host, run };
}
