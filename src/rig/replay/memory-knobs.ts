import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_CREATE_DEVICE_DOMAIN, HVCALL_MAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import { isBuiltInId } from '../../hypervisor/iommu/device-domain.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';
import { RECORDED_POOL, type RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { guestDeposits } from './end-state.js';
import type { RecordedCall } from './recorded-call.js';
import type { ReplayHost } from './replay-host.js';
import { ReplayRun } from './replay-run.js';
import { mapTargetOf } from './replay-script.js';

const { HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY } = hv_status;
/** Highest cost of a table that is tried. */
const MOST_COST = 1024;

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

/**
 * Pool and cost of a table with which memory runs out where it did in the recording; nothing when no two numbers explain all of
 * it (it is scripted then). Of several pairs that do, the one with the lowest cost: the calls are answered alike by all of
 * them. `poolAtEnd` tells the pool to the page, and the cost of a table where memory never ran out.
 */
export function memoryKnobs(
  host: ReplayHost,
  calls: readonly RecordedCall[],
  poolAtEnd: number | undefined,
): RecordedHostKnobs {
  const { domPool, nodeCost } = host.knobs;
  const isStarved = calls.some(isStarvedCall);
  if (domPool !== undefined || !(isStarved || isUsualPool(poolAtEnd))) return {};
  const { held, missed, end, forGuests } = momentsOf({ ...host, knobs: { ...host.knobs, nodeCost: 1 } }, calls);
  for (let cost = nodeCost ?? 1; cost <= (nodeCost ?? MOST_COST); cost++) {
    const needed = ({ domains, tables, deposited }: Moment) => domains + cost * tables - deposited;
    const least = held.reduce((most, moment) => Math.max(most, needed(moment)), 0);
    const below = missed.reduce((low, moment) => Math.min(low, needed(moment)), RECORDED_POOL + 1);
    const pools = poolAtEnd === undefined ? [least] : [0, forGuests].map((more) => poolAtEnd - more + needed(end));
    const isSound = (pool: number) => (isStarved ? least <= pool && pool < below : pool === RECORDED_POOL);
    const pool = pools.find(isSound);
    if (pool !== undefined) return { domPool: pool, nodeCost: cost };
  }
  return isStarved ? {} : { domPool: RECORDED_POOL };
}

/** A pool that nobody made smaller: then the number alone tells what it was at the beginning. */
function isUsualPool(pool: number | undefined): boolean {
  return pool !== undefined && pool > RECORDED_POOL / 2;
}

function isStarvedCall({ code, status }: RecordedCall): boolean {
  const costs = code === HVCALL_CREATE_DEVICE_DOMAIN.code || code === HVCALL_MAP_DEVICE_GPA_PAGES.code;
  return costs && status === INSUFFICIENT_MEMORY;
}

/** Replays with all the memory that there is, each table for one page, stopping where the recording did. */
function momentsOf(host: ReplayHost, calls: readonly RecordedCall[]) {
  const run = new ReplayRun(host, calls);
  const { domains } = run.iommu;
  const account = { domains, own: domains.pool.free };
  const held: Moment[] = [];
  const missed: Moment[] = [];
  for (const call of calls) {
    run.make(call);
    const now = momentOf(account);
    held.push(now);
    if (isStarvedCall(call)) missed.push(withMissing(now, call, domains));
  }
  return { held, missed, end: momentOf(account), forGuests: guestDeposits(domains) };
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
