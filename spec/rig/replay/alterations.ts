import type { Event } from '../../../src/capture/decoder.js';
import type { RecordedHostKnobs } from '../../../src/hypervisor/iommu/recorded-host.js';
import { type DeviceDomainReplay, replayDeviceDomains } from '../../../src/rig/replay/device-domain-replay.js';

/** The recording with one event changed: the `which`-th (0) of those with a code, from the end if negative. */
export function altered(recording: readonly Event[], code: string, changes: Event, which = 0): Event[] {
  const at = indexOf(recording, code, which);
  return recording.with(at, { ...recording[at], ...changes });
}

/** Number of that event. */
export function numberOf(recording: readonly Event[], code: string, which = 0): number {
  return Number(recording[indexOf(recording, code, which)]!.n);
}

export function indexOf(recording: readonly Event[], code: string, which = 0): number {
  const all = recording.flatMap((event, at) => (event.code === code || event.k === code ? [at] : []));
  const at = all.at(which);
  if (at === undefined) throw new Error(`no event ${code} ${which}`);
  return at;
}

/** What a replay comes to, short: differences as `#n code recorded|here`, reasons with the events, knobs that were found. */
export function outcome(recording: readonly Event[], knobs: RecordedHostKnobs = {}) {
  const replay = replayDeviceDomains(recording, { knobs });
  return {
    differences: differencesOf(replay),
    scripted: Object.fromEntries(replay.scripted),
    uncompared: Object.fromEntries(replay.uncompared),
    knobs: replay.hosts[0]?.knobs ?? {},
  };
}

export function differencesOf({ differences }: DeviceDomainReplay): string[] {
  return differences.map(({ n, code, expected, got }) => `#${n} ${code} ${expected}|${got}`);
}
