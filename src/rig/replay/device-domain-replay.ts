import type { Event } from '../../capture/event.js';
import type { RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { joined } from './event-numbers.js';
import { replaySession } from './host-search.js';
import type { ReplayHost } from './replay-host.js';
import type { Scripted } from './replay-script.js';
import { sessionsOf } from './session.js';
import type { ReplayDifference, Uncompared } from './session-replay.js';

export type { ReplayDifference, Uncompared } from './session-replay.js';

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
  /** What was taken from the recording because no rule says it: numbers of the events, by reason. */
  readonly scripted: ReadonlyMap<Scripted, readonly number[]>;
  /** Numbers of the events that could not be compared, or not wholly, by what was not. */
  readonly uncompared: ReadonlyMap<Uncompared, readonly number[]>;
  /** The hosts that answered, one for each `setup` event. */
  readonly hosts: readonly ReplayHost[];
}

/**
 * Makes the device-domain calls of a capture again (attachments, domains, maps, flushes, deposits, queries), in order, at a
 * partition that answers as the recorded host (recordedHost), and compares result words and output bytes, then accesses of
 * devices (`dma` events of a root partition) and the domains at the end (`device_domains` events).
 *
 * The host is told by the capture: root, L1VH or guest by the privileges in the CPUID table of its `setup` event; width,
 * capabilities and page sizes by the answer to 0x125; devices by who is named; pool and cost of tables by where memory ran
 * out; reps of a part, refused frames, status of refused lists and number of starved attachments by the results, where one
 * rule says all of them. What none says is taken from the results, and its events are in `scripted`. Rules in `knobs` stand,
 * whatever is recorded. Throws DecodeError E_RECORD for an event whose words or bytes are none.
 */
export function replayDeviceDomains(events: Iterable<Event>, { knobs = {} }: ReplayOptions = {}): DeviceDomainReplay {
  const parts = sessionsOf(events).map((session) => replaySession(session, knobs));
  const sum = (key: 'calls' | 'accesses' | 'states') => parts.reduce((total, part) => total + part[key], 0);
  return {
    calls: sum('calls'),
    accesses: sum('accesses'),
    states: sum('states'),
    differences: parts.flatMap(({ differences }) => differences),
    scripted: joined(parts.map(({ scripted }) => scripted)),
    uncompared: joined(parts.map(({ uncompared }) => uncompared)),
    hosts: parts.map(({ host }) => host),
  };
}

/** As replayDeviceDomains(): the differences alone. */
export function replayDeviceDomainCalls(events: Iterable<Event>, options: ReplayOptions = {}): ReplayDifference[] {
  return [...replayDeviceDomains(events, options).differences];
}
