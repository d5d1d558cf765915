import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_CREATE_DEVICE_DOMAIN, HVCALL_MAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import { isBuiltInId } from '../../hypervisor/iommu/device-domain.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';
import { RECORDED_POOL, type RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { guestDeposits, poolOf } from './end-state.js';
import { mapTargetOf } from './map-target.js';
import type { RecordedCall } from './recorded-call.js';
import type { ReplayHost } from './replay-host.js';
import { ReplayRun } from './replay-run.js';
import { callsOf, type Session, STATE } from './session.js';

const { HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY } = hv_status;
/** Highest cost of a table that is tried. */
const MOST_COST = 1024;
/** Pairs of pool and cost that are given. */
const MOST_CANDIDATES = 32;

/** Domains, and the pages that the pool had when there were none. */
interface Account {
  readonly domains: DeviceDomains;
  readonly own: number;
}

/** Pages in use that a moment of the recording needs, or does not have: domains cost one each, tables what is to be found. */
interface Moment {
  readonly domains: number;
  readonly tables: number;
  readonly deposited: number;
}

/** A moment at which the recording has the number of pages that were left. */
interface Told {
  readonly pool: number;
  readonly moment: Moment;
  readonly forGuests: number;
}

/** What a recording tells of the memory that its host had. */
export interface MemoryCandidates {
  /** Pool and cost of a table, the most likely first. */
  readonly candidates: readonly RecordedHostKnobs[];
  /** The recording leaves no other: a call that ran out of memory nevertheless is a difference. */
  readonly isCertain: boolean;
}

const NOTHING_TOLD: MemoryCandidates = { candidates: [], isCertain: false };

/**
 * Pools and costs of a table with which memory may have run out where it did in the recording, and been what it was where a
 * state tells that. A map that failed for want of memory leaves the tables behind that it could pay for; how many, only a
 * replay shows: the candidates allow for some. Of those that differ in nothing that is recorded the lowest cost is first.
 */
export function memoryCandidates(host: ReplayHost, session: Session): MemoryCandidates {
  const { domPool, nodeCost } = host.knobs;
  if (domPool !== undefined) return NOTHING_TOLD;
  const moments = momentsOf({ ...host, knobs: { ...host.knobs, nodeCost: 1 } }, session);
  const { told, missed } = moments;
  const costs = Array.from({ length: nodeCost === undefined ? MOST_COST : 1 }, (_, i) => (nodeCost ?? 1) + i);
  if (told.some(({ pool }) => pool > RECORDED_POOL / 2)) {
    // A pool that nobody made smaller: then the number alone tells what it was at the beginning.
    const cost = costs.find((one) => told.every((at) => poolsAt(at, one).includes(RECORDED_POOL)));
    return {
      candidates: [{ domPool: RECORDED_POOL, ...(cost === undefined ? {} : { nodeCost: cost }) }],
      isCertain: true,
    };
  }
  if (missed.length === 0) return NOTHING_TOLD;
  const found: RecordedHostKnobs[] = [];
  // Each failed map leaves two tables at most.
  for (let left = 0; left <= 2 * missed.length && found.length < MOST_CANDIDATES; left++)
    for (const cost of costs)
      for (const pool of poolsFor(cost, left, moments)) found.push({ domPool: pool, nodeCost: cost });
  return { candidates: found.slice(0, MOST_CANDIDATES), isCertain: false };
}

/** Pools that go with a cost when `left` tables of failed maps are still there at the end. */
function poolsFor(cost: number, left: number, { held, missed, told }: Moments): number[] {
  const least = held.reduce((most, moment) => Math.max(most, neededAt(moment, cost)), 0);
  const below = missed.reduce((low, moment) => Math.min(low, neededAt(moment, cost)), RECORDED_POOL + 1) + left * cost;
  const [last, ...others] = [...told].reverse();
  // Without a state: the least that is enough, and with tables left behind a table's worth more each time.
  const pools = last === undefined ? [least + left * cost] : poolsAt(last, cost).map((pool) => pool + left * cost);
  const isTold = (pool: number) => others.every((at) => poolsAt(at, cost).some((one) => one <= pool));
  return [...new Set(pools)].filter((pool) => least <= pool && pool < below && isTold(pool));
}

/** Pools at the beginning that leave what is told; a host may count what was deposited for guests, too. */
function poolsAt({ pool, moment, forGuests }: Told, cost: number): number[] {
  return [0, forGuests].map((more) => pool - more + neededAt(moment, cost));
}

function neededAt({ domains, tables, deposited }: Moment, cost: number): number {
  return domains + cost * tables - deposited;
}

function isStarvedCall({ code, status }: RecordedCall): boolean {
  const costs = code === HVCALL_CREATE_DEVICE_DOMAIN.code || code === HVCALL_MAP_DEVICE_GPA_PAGES.code;
  return costs && status === INSUFFICIENT_MEMORY;
}

interface Moments {
  readonly held: readonly Moment[];
  readonly missed: readonly Moment[];
  readonly told: readonly Told[];
}

/** Replays with all the memory that there is, each table for one page, stopping where the recording did. */
function momentsOf(host: ReplayHost, session: Session): Moments {
  const run = new ReplayRun(host, callsOf(session));
  const { domains } = run.iommu;
  const account = { domains, own: domains.pool.free };
  const held: Moment[] = [];
  const missed: Moment[] = [];
  const told: Told[] = [];
  for (const { event, call } of session.events) {
    if (call !== undefined) {
      run.make(call);
      const now = momentOf(account);
      held.push(now);
      if (isStarvedCall(call)) missed.push(withMissing(now, call, domains));
    } else if (event.k === STATE) {
      const pool = poolOf(event);
      if (pool !== undefined) told.push({ pool, moment: momentOf(account), forGuests: guestDeposits(domains) });
    }
  }
  return { held, missed, told };
}

function momentOf({ domains, own }: Account): Moment {
  const deposited = domains.accounts.of(domains.partitionId)?.deposited ?? 0;
  const made = domains.list().filter(({ id }) => !isBuiltInId(id)).length;
  return { domains: made, tables: own + deposited - domains.pool.free - made, deposited };
}

/** What a call would have needed that was refused. */
function withMissing(now: Moment, call: RecordedCall, domains: DeviceDomains): Moment {
  if (call.code === HVCALL_CREATE_DEVICE_DOMAIN.code) return { ...now, domains: now.domains + 1 };
  const { domain, page } = mapTargetOf(call, domains);
  const missing = domain?.map?.missingTables(page + call.done) ?? 0;
  return { ...now, tables: now.tables + Math.min(missing, domains.rules.paidLevels) };
}
