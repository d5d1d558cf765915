import { type Event, wordOf } from '../../capture/event.js';
import { isBuiltInId } from '../../hypervisor/iommu/device-domain.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';

const DOMAIN = /^\d+:0x[0-9a-f]+$/;

/** One thing of a recorded end state that is otherwise here. */
export interface StateDifference {
  readonly expected: string;
  readonly got: string;
}

/**
 * Compares domains and the devices in them with a `device_domains` event: domains by `type:0xid` with the pages mapped in each,
 * devices by id with the domain that each is in, pages left in `pool`. Of a device that is given to a partition the event tells
 * nothing. Pages are compared when `poolIsKnown`.
 */
export function endStateDifferences(event: Event, domains: DeviceDomains, poolIsKnown: boolean): StateDifference[] {
  const found: StateDifference[] = [];
  const compare = (what: string, expected: unknown, got: unknown): void => {
    if (expected !== got) found.push({ expected: `${what} ${expected}`, got: `${what} ${got}` });
  };
  const mapped = new Map(domains.list().map(({ type, id, mapped }) => [domainText({ type, id }), mapped]));
  const recorded = recordOf(event.domains);
  for (const [name, pages] of recorded)
    compare(`pages in ${name}`, Number(pages), mapped.get(name) ?? (isBuiltInName(name) ? 0 : 'no domain'));
  for (const name of mapped.keys()) if (!recorded.has(name)) compare(`domain ${name}`, 'none', 'there');
  for (const [id, name] of recordOf(event.devices)) {
    const place = domains.places.of(wordOf({ k: event.k, id }, 'id'));
    if (typeof name !== 'string' || !DOMAIN.test(name) || place.kind === 'direct') continue;
    const isHome = place.kind === 'untranslated' && isBuiltInName(name);
    if (!isHome) compare(`device ${id} in`, name, place.kind === 'domain' ? domainText(place.domain.name) : 'none');
  }
  if (poolIsKnown && event.pool !== undefined) {
    const pool = Number(wordOf(event, 'pool'));
    if (pool !== domains.pool.free + guestDeposits(domains)) compare('pool', pool, domains.pool.free);
  }
  return found;
}

/** Pages that were deposited for guests: a host may have one pool for all partitions. */
export function guestDeposits({ accounts, options }: DeviceDomains): number {
  return (options.guestPartitions ?? []).reduce((sum, id) => sum + (accounts.of(id)?.deposited ?? 0), 0);
}

/** Domains that were made, as they are named in the event. */
export function domainText({ type, id }: { readonly type: number; readonly id: number }): string {
  return `${type}:0x${id.toString(16)}`;
}

/** The guest of an L1VH is told nothing of the domains that nobody makes. */
function isBuiltInName(name: string): boolean {
  return isBuiltInId(Number(name.slice(name.indexOf(':') + 1)));
}

function recordOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}
