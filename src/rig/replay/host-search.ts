import type { RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { callTally, type TallyRow, tallyKey } from './call-tally.js';
import { suggestionsOf, unknownDevices, unservedCodes } from './host-suggestions.js';
import { memoryCandidates } from './memory-knobs.js';
import { isDone, type RecordedCall } from './recorded-call.js';
import { type ReplayHost, replayHost } from './replay-host.js';
import { joinRules, possibleRules } from './replay-rules.js';
import type { Scripted } from './replay-script.js';
import { callsOf, type Session, STATE } from './session.js';
import { isBetter, replayAt, type SessionReplay } from './session-replay.js';

/** Events that are looked at one by one for having been altered. */
const MOST_SUSPECTS = 40;
/** Replays for each recording, and calls in all of them: beyond both nothing more is tried. */
const MOST_REPLAYS = 64;
const MOST_CALLS = 500_000;

/** True when what was found is to be taken for what was the best until then. */
type Judge = (found: SessionReplay, best: SessionReplay) => boolean;

const hasFewer: Judge = (found, best) => found.differences.length < best.differences.length;
const hasNoMore: Judge = (found, best) => found.differences.length <= best.differences.length;

/**
 * Replays a machine at the host that explains its recording best: first at one that does what it did for reasons of its own
 * when the recording says so, call by call; then each rule that the calls suggest is tried, and kept where there are not
 * more differences with it. What no rule explains stays as it was recorded, and is counted.
 */
export function replaySession(session: Session, given: RecordedHostKnobs): SessionReplay {
  const search = new HostSearch(session, replayHost(session.setup, callsOf(session), given));
  search.tryAbandoned();
  search.tryRules();
  search.tryMemory();
  search.tryUncounted();
  // A few are looked at before a setting explains them, many when one has explained nearly all.
  search.trySuspects();
  search.tryKnobs();
  search.trySuspects();
  return search.best;
}

class HostSearch {
  best: SessionReplay;
  private readonly session: Session;
  /** Of the last state. */
  private readonly rows: readonly TallyRow[];
  private replays = 0;

  constructor(session: Session, host: ReplayHost) {
    this.session = session;
    this.best = replayAt(host, session);
    const at = session.events.findLastIndex(({ event }) => event.k === STATE);
    const before = { ...session, events: session.events.slice(0, Math.max(0, at)) };
    this.rows = at < 0 ? [] : callTally(session.events[at]!.event, callsOf(before));
  }

  /** Rules, devices and codes by which there are fewer differences. */
  tryRules(): void {
    const calls = callsOf(this.session);
    for (const { rules, teller } of possibleRules(calls))
      this.consider({ rules: joinRules(this.best.host.rules, rules), ...this.told('another rule', teller) }, hasFewer);
    for (const [id, teller] of unknownDevices(calls))
      this.consider(
        { unknown: new Set([...this.best.host.unknown, id]), ...this.told('unknown device', teller) },
        hasFewer,
      );
    for (const [code, teller] of unservedCodes(calls))
      this.consider(
        { unserved: [...this.best.host.unserved, code], ...this.told('call not served', teller) },
        hasFewer,
      );
  }

  /** Knobs that say what was taken from the recording; calls that do as no other does are altered when nothing follows from them. */
  tryKnobs(): void {
    for (const { why, knobs } of suggestionsOf(callsOf(this.session), this.best)) {
      const before = this.best.scripted.get(why) ?? [];
      if (!this.considerKnobs(knobs, why, isBetter)) continue;
      const others = this.best.scripted.get(why)?.length ?? 0;
      if (others === 0 || before.length - others < Math.max(2, others + 1)) continue;
      const isContained: Judge = (found, best) => found.differences.length <= best.differences.length + others;
      this.consider({ given: { ...this.best.host.given, ...knobs } }, isContained);
    }
  }

  /** Pool and cost of a table. */
  tryMemory(): void {
    const { candidates, isCertain } = memoryCandidates(this.best.host, this.session);
    for (const knobs of candidates)
      if (this.considerKnobs(knobs, 'no memory', isCertain ? () => true : hasNoMore)) return;
  }

  /** What follows from parts that nobody goes on with may show that they were parts. */
  tryAbandoned(): void {
    const { distrusted } = this.best.host;
    const isShown: Judge = (found, best) => found.differences.length + distrusted.size < best.differences.length;
    if (distrusted.size > 0) this.consider({ distrusted: new Set() }, isShown);
  }

  /** Results that were followed, but that the host did not count. */
  tryUncounted(): void {
    const rows = this.rows.filter(({ kind }) => kind === 'more');
    for (const { key, said, recorded } of rows) {
      const followed = this.followed().filter((call) => tallyKey(call) === key);
      if (followed.length !== recorded - said) continue;
      const distrusted = new Set([...this.best.host.distrusted, ...followed.map(({ n }) => n)]);
      this.consider({ distrusted }, () => true);
    }
  }

  /** Where there are differences, a result that was followed may be the altered one. */
  trySuspects(): void {
    const counted = new Set(this.rows.filter(({ kind }) => kind === 'agreed').map(({ key }) => key));
    const suspects = this.followed().filter((call) => isDone(call) || !counted.has(tallyKey(call)));
    for (const { n } of suspects.length > MOST_SUSPECTS ? [] : suspects) {
      if (this.best.differences.length === 0) return;
      this.consider({ distrusted: new Set([...this.best.host.distrusted, n]) }, isBetter);
    }
  }

  /** Calls whose results were taken from the recording. */
  private followed(): RecordedCall[] {
    const { scripted, host } = this.best;
    const events = new Set([...scripted].flatMap(([why, found]) => (host.tellers.has(why) ? [] : found)));
    return callsOf(this.session).filter(({ n }) => events.has(n));
  }

  /** The calls that were taken from the recording for `why`, and are not with the knobs, are explained by them. */
  private considerKnobs(knobs: RecordedHostKnobs, why: Scripted, judge: Judge): boolean {
    const { host, scripted } = this.best;
    if (!this.consider({ knobs: { ...host.knobs, ...knobs } }, judge)) return false;
    const others = this.best.scripted.get(why) ?? [];
    const events = (scripted.get(why) ?? []).filter((n) => !others.includes(n));
    const explained = events.length === 0 ? host.explained : new Map([...host.explained, [why, events]]);
    this.best = { ...this.best, host: { ...this.best.host, explained } };
    return true;
  }

  private consider(changed: Partial<ReplayHost>, judge: Judge): boolean {
    if (++this.replays > Math.max(MOST_REPLAYS, MOST_CALLS / this.best.calls)) return false;
    const found = replayAt({ ...this.best.host, ...changed }, this.session);
    const isTaken = judge(found, this.best);
    if (isTaken) this.best = found;
    return isTaken;
  }

  private told(why: Scripted, teller: number): Pick<ReplayHost, 'tellers'> {
    const { tellers } = this.best.host;
    return { tellers: new Map([...tellers, [why, [...(tellers.get(why) ?? []), teller]]]) };
  }
}
