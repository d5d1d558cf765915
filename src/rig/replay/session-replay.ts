import { hexNumber } from '../../bytes/hex.js';
import { AttachedDevices } from './call-device.js';
import { compareAccess } from './device-access.js';
import { type Contradiction, endStateDifferences, poolOf } from './end-state.js';
import { addTo } from './event-numbers.js';
import type { RecordedCall } from './recorded-call.js';
import { contradictionsOf, endDifferences, tallyDifferences } from './recording-sense.js';
import type { ReplayHost } from './replay-host.js';
import { ReplayRun } from './replay-run.js';
import type { Scripted } from './replay-script.js';
import { callsOf, type Session, STATE } from './session.js';

/** Something that was answered otherwise than it was recorded. */
export interface ReplayDifference {
  /** Number of the event. */
  readonly n: number;
  /** Call code, `0x…`; `dma` for a device's access, `device_domains` for a state, `end` for the end. */
  readonly code: string;
  readonly expected: string;
  readonly got: string;
}

/** One machine, replayed at one host. */
export interface SessionReplay {
  readonly host: ReplayHost;
  readonly calls: number;
  /** Accesses of devices that were compared. */
  readonly accesses: number;
  readonly states: number;
  readonly differences: readonly ReplayDifference[];
  /** Numbers of the events whose results were taken from the recording, by reason. */
  readonly scripted: ReadonlyMap<Scripted, readonly number[]>;
  /** Numbers of the events that could not be compared, or not wholly. */
  readonly uncompared: ReadonlyMap<Uncompared, readonly number[]>;
}

/**
 * What was not compared: accesses that only page tables would tell, which are not in the recording, accesses in words that nobody
 * understands, and the pool where no pool at the beginning explains where memory ran out.
 */
export type Uncompared = 'access by page tables' | 'access not understood' | 'pages of the pool';

/** Makes the calls of a machine at a host, and compares what there is to compare. */
export function replayAt(host: ReplayHost, session: Session): SessionReplay {
  const calls = callsOf(session);
  const run = new ReplayRun(host, calls);
  const differences: ReplayDifference[] = [];
  const made: RecordedCall[] = [];
  const uncompared = new Map<Uncompared, number[]>();
  const attached = new AttachedDevices();
  const isPoolKnown = host.knobs.domPool !== undefined;
  const isRoot = host.caller === 'root';
  const rules = {
    isPci: isRoot,
    hasBuiltIn: isRoot,
    isPoolKnown,
    attached: attached.ids,
    mayLack: !isRoot && session.hasRescinds,
  };
  let accesses = 0;
  let states = 0;
  for (const { event, n, call } of session.events) {
    const differ = (code: string, found: readonly Contradiction[]) => {
      for (const { expected, got } of found) if (expected !== got) differences.push({ n, code, expected, got });
    };
    if (call !== undefined) {
      made.push(call);
      attached.follow(call);
      differ(hexNumber(call.code), [...contradictionsOf(event, call), run.make(call)]);
    } else if (event.k === STATE) {
      states++;
      if (!isPoolKnown && poolOf(event) !== undefined) addTo(uncompared, 'pages of the pool', n);
      differ(STATE, [...tallyDifferences(event, made), ...endStateDifferences(event, run.iommu.domains, rules)]);
    } else {
      const access = compareAccess(event, host.caller, run.iommu);
      if (access.kind === 'compared') {
        accesses++;
        differ('dma', [access]);
      } else addTo(uncompared, access.kind, n);
    }
  }
  const { end } = session;
  if (end !== undefined)
    for (const found of endDifferences(end.event, session.hypercalls))
      differences.push({ n: end.n, code: 'end', ...found });
  const scripted = new Map([...host.tellers, ...run.scripted]);
  return { host, calls: calls.length, accesses, states, differences, scripted, uncompared };
}

/** How many events were taken from the recording. */
export function countScripted({ scripted }: SessionReplay): number {
  return [...scripted.values()].reduce((sum, events) => sum + events.length, 0);
}

/** True for a replay with fewer differences, or with as many that takes less from the recording. */
export function isBetter(one: SessionReplay, other: SessionReplay): boolean {
  const more = one.differences.length - other.differences.length;
  return more < 0 || (more === 0 && countScripted(one) < countScripted(other));
}
