import type { Event } from '../../capture/event.js';
import { isBuiltInId } from '../../hypervisor/iommu/device-domain.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';
import { likeliestOf } from './device-access.js';
import { deviceIds } from './device-names.js';
import { optionalWord } from './optional-word.js';

const DOMAIN = /^(\d+):(?:0x)?([0-9a-f]{1,8})$/i;

/** One thing that is otherwise here than it was recorded. */
export interface Contradiction {
  readonly expected: string;
  readonly got: string;
}

/** What a state is compared by. */
export interface EndStateRules {
  /** Devices have PCI ids, as those of a root partition have. */
  readonly isPci: boolean;
  /** The pool at the beginning is known, so that the one of the state can be compared. */
  readonly isPoolKnown: boolean;
  /** The state names the domains that nobody makes. */
  readonly hasBuiltIn: boolean;
  /** Devices that were attached, and have to be there. */
  readonly attached: ReadonlySet<bigint>;
  /** The host took devices away, and they may be missing. */
  readonly mayLack: boolean;
}

/**
 * Compares domains and the devices in them with a `device_domains` event, both ways: domains by `type:0xid` with the pages mapped
 * in each, devices by id with the domain that each is in, pages left in `pool`. Of a device that is given to a partition the event
 * tells nothing, and it may leave out devices that nobody attached. What is no name of a device or domain is told, too.
 */
export function endStateDifferences(event: Event, domains: DeviceDomains, rules: EndStateRules): Contradiction[] {
  const found: Contradiction[] = [];
  const compare = (what: string, expected: unknown, got: unknown): void => {
    if (expected !== got) found.push({ expected: `${what} ${expected}`, got: `${what} ${got}` });
  };
  compareDomains(event.domains, domains, rules, compare);
  compareDevices(event.devices, domains, rules, compare);
  if (event.pool === undefined) return found;
  const pool = poolOf(event);
  if (pool === undefined) compare('pool', JSON.stringify(event.pool), 'no number of pages');
  else if (rules.isPoolKnown && pool !== domains.pool.free + guestDeposits(domains))
    compare('pool', pool, domains.pool.free);
  return found;
}

type Compare = (what: string, expected: unknown, got: unknown) => void;

function compareDomains(
  recorded: unknown,
  domains: DeviceDomains,
  { hasBuiltIn }: EndStateRules,
  compare: Compare,
): void {
  if (recorded === undefined) return;
  const mapped = new Map(domains.list().map(({ type, id, mapped }) => [domainText({ type, id }), mapped]));
  const names = new Set<string>();
  for (const [text, pages] of entriesOf(recorded)) {
    const name = domainNamed(text);
    if (name === undefined) {
      compare(`domain ${text}`, 'there', 'no name of a domain');
      continue;
    }
    names.add(name);
    const expected = optionalWord({ pages }, 'pages');
    const got = mapped.get(name) ?? (isBuiltInName(name) ? 0 : 'no domain');
    compare(`pages in ${name}`, expected === undefined ? JSON.stringify(pages) : Number(expected), got);
  }
  for (const name of mapped.keys())
    if (!names.has(name) && (hasBuiltIn || !isBuiltInName(name))) compare(`domain ${name}`, 'none', 'there');
}

function compareDevices(
  recorded: unknown,
  domains: DeviceDomains,
  { isPci, attached, mayLack }: EndStateRules,
  compare: Compare,
): void {
  if (recorded === undefined) return;
  const named = new Set<bigint>();
  for (const [text, value] of entriesOf(recorded)) {
    const ids = deviceIds(text, isPci);
    if (ids.length === 0) {
      compare(`device ${text} in`, value, 'no name of a device');
      continue;
    }
    const id = likeliestOf(ids, domains);
    named.add(id);
    const name = domainNamed(value);
    const place = domains.places.of(id);
    if (name === undefined || place.kind === 'direct') continue;
    const isHome = place.kind === 'untranslated' && isBuiltInName(name);
    if (!isHome) compare(`device ${text} in`, name, place.kind === 'domain' ? domainText(place.domain.name) : 'none');
  }
  for (const id of new Set([...attached, ...domains.list().flatMap(({ devices }) => devices)])) {
    const place = domains.places.of(id);
    if (!named.has(id) && place.kind === 'domain' && !mayLack)
      compare(`device 0x${id.toString(16)} in`, 'none', domainText(place.domain.name));
  }
}

/** Pages that were left; undefined where the event does not tell. */
export function poolOf(event: Event): number | undefined {
  const pool = optionalWord(event, 'pool');
  return pool === undefined ? undefined : Number(pool);
}

/** Pages that were deposited for guests: a host may have one pool for all partitions. */
export function guestDeposits({ accounts, options }: DeviceDomains): number {
  return (options.guestPartitions ?? []).reduce((sum, id) => sum + (accounts.of(id)?.deposited ?? 0), 0);
}

/** Domains that were made, as they are named in the event. */
export function domainText({ type, id }: { readonly type: number; readonly id: number }): string {
  return `${type}:0x${id.toString(16)}`;
}

function domainNamed(value: unknown): string | undefined {
  const parts = typeof value === 'string' ? DOMAIN.exec(value.trim()) : null;
  return parts === null ? undefined : domainText({ type: Number(parts[1]), id: Number.parseInt(parts[2]!, 16) });
}

/** The guest of an L1VH is told nothing of the domains that nobody makes. */
function isBuiltInName(name: string): boolean {
  return isBuiltInId(Number(name.slice(name.indexOf(':') + 1)));
}

function entriesOf(value: unknown): (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
