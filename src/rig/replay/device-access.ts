import { hexNumber } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { Event } from '../../capture/event.js';
import { MSI_WINDOW } from '../../hardware/msi-window.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';
import type { Place } from '../../hypervisor/iommu/device-places.js';
import type { DmaResult } from '../../hypervisor/iommu/dma.js';
import type { RecordedCaller } from '../../hypervisor/iommu/recorded-host.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import { deviceIds } from './device-names.js';
import { optionalWord } from './optional-word.js';

/** Names that captures have for the device that makes an access, for its address, for where it came out, and for its bytes. */
const REQUESTER_KEYS = ['rid', 'requester', 'requester_id', 'sid', 'bdf', 'device', 'device_id', 'source'] as const;
const IOVA_KEYS = ['iova', 'va', 'addr', 'address'] as const;
const GPA_KEYS = ['gpa', 'pa', 'translated'] as const;
const LENGTH_KEYS = ['length', 'len', 'size', 'bytes'] as const;
/** A flag, and words that may be numbers of any meaning, too. */
const WRITE_FLAGS = ['write', 'is_write'] as const;
const WRITE_WORDS = ['access', 'dir', 'direction', 'op', 'rw'] as const;
/** Keys of an access that was refused, whatever they say of why. */
const FAULT_KEYS = ['fault', 'error', 'reason', 'refused'] as const;
const PAGE = BigInt(HV_HYP_PAGE_SIZE);
/** Longer ones are no access of a device. */
const LONGEST = 1n << 32n;
/** Devices on a bus with numbers of their own. */
const BUS_SHIFT = 8n;

/** An access that was compared, one that the recording does not let anyone translate, and one that nobody understands. */
export type AccessComparison =
  | { readonly kind: 'compared'; readonly expected: string; readonly got: string }
  | { readonly kind: 'access by page tables' }
  | { readonly kind: 'access not understood' };

interface Access {
  readonly deviceIds: readonly bigint[];
  readonly iova: bigint;
  readonly length: number;
  readonly isWrite: boolean;
  /** Undefined where it was refused. */
  readonly gpa: bigint | undefined;
}

/**
 * The page where an access of a device came out, and where it does here, with its offset and to the last byte. Only accesses
 * of a root partition's devices can be translated again: a guest's page tables are in its memory, which a capture does not
 * have, and neither are those of a partition that a device was given to.
 */
export function compareAccess(
  event: Event,
  caller: RecordedCaller,
  { dma, domains }: PartitionIommu,
): AccessComparison {
  const access = readAccess(event, caller === 'root');
  if (access === undefined) return { kind: 'access not understood' };
  const { iova, length, isWrite, gpa } = access;
  const deviceId = likeliestOf(access.deviceIds, domains);
  const isStale = event.stale_tlb_hits !== undefined && event.stale_tlb_hits !== 0;
  if (isStale || !isTold(caller, domains.places.of(deviceId))) return { kind: 'access by page tables' };
  // Interrupts are no accesses of memory, whatever is mapped there.
  if (iova >= MSI_WINDOW.start && iova <= MSI_WINDOW.end && gpa === iova)
    return { kind: 'compared', expected: hexNumber(gpa), got: hexNumber(iova) };
  const result = dma.access(deviceId, iova, length, isWrite ? 'write' : 'read');
  if (gpa === undefined) return { kind: 'compared', expected: 'refused', got: result.ok ? placeOf(result) : 'refused' };
  // A host may tell the page alone.
  const isPage = gpa % PAGE === 0n && iova % PAGE !== 0n;
  const got = placeOf(result);
  const expected = hexNumber(isPage ? gpa + (iova % PAGE) : gpa);
  return { kind: 'compared', expected, got };
}

/** Of several ids the one of a device that is in a domain. */
export function likeliestOf(ids: readonly bigint[], domains: DeviceDomains): bigint {
  const placed = ids.length > 1 ? domains.list().flatMap(({ devices }) => devices) : [];
  return ids.find((id) => placed.includes(id)) ?? ids[0]!;
}

/** False for what is translated by tables that the recording does not have. */
function isTold(caller: RecordedCaller, place: Place): boolean {
  if (place.kind === 'domain' && place.domain.isStage1) {
    const { settings } = place.domain;
    return settings === undefined || settings.isBlocked || !settings.isTranslating;
  }
  return caller === 'root' && place.kind !== 'direct';
}

function placeOf(result: DmaResult): string {
  return result.ok ? hexNumber(BigInt(result.segments[0]!.gpa)) : result.fault.reason;
}

function readAccess(event: Event, isPci: boolean): Access | undefined {
  const ids = requesterOf(event, isPci);
  const iova = wordIn(event, IOVA_KEYS);
  const gpa = wordIn(event, GPA_KEYS);
  const length = wordIn(event, LENGTH_KEYS) ?? 1n;
  const isWrite = directionOf(event);
  const isRefused =
    event.k === 'iommu_fault' ||
    GPA_KEYS.some((key) => event[key] === null) ||
    (gpa === undefined && (event.ok === false || FAULT_KEYS.some((key) => isSaid(event[key]))));
  if (ids.length === 0 || iova === undefined || isWrite === undefined) return undefined;
  if ((gpa === undefined) !== isRefused || length < 1n || length > LONGEST) return undefined;
  if (LENGTH_KEYS.some((key) => event[key] !== undefined && optionalWord(event, key) === undefined)) return undefined;
  return { deviceIds: ids, iova, length: Number(length), isWrite, gpa };
}

function requesterOf(event: Event, isPci: boolean): bigint[] {
  const key = REQUESTER_KEYS.find((one) => event[one] !== undefined);
  if (key !== undefined) return deviceIds(event[key], isPci);
  const bus = optionalWord(event, 'bus');
  const devfn = optionalWord(event, 'devfn');
  return bus === undefined || devfn === undefined ? [] : deviceIds(hexNumber((bus << BUS_SHIFT) | devfn), isPci);
}

function wordIn(event: Event, keys: readonly string[]): bigint | undefined {
  const key = keys.find((one) => event[one] !== undefined && event[one] !== null);
  return key === undefined ? undefined : optionalWord(event, key);
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '' && value !== '0x0';
}

/** True for a write to memory, false for a read and where nothing is said; undefined for words that are neither. */
function directionOf(event: Event): boolean | undefined {
  const isThere = (key: string) => event[key] !== undefined && event[key] !== null;
  const flag = WRITE_FLAGS.find(isThere);
  if (flag !== undefined) return flagOf(event[flag]);
  const key = WRITE_WORDS.find(isThere);
  const text = key === undefined ? 'read' : String(event[key]).toLowerCase();
  if (/^(w|wr|write|from[ _-]device)$/.test(text)) return true;
  return /^(r|rd|read|to[ _-]device)$/.test(text) ? false : undefined;
}

/** Undefined for what is no flag. */
function flagOf(value: unknown): boolean | undefined {
  const text = String(value).toLowerCase();
  if (/^(1|0x1|true)$/.test(text)) return true;
  return /^(0|0x0|false)$/.test(text) ? false : undefined;
}
