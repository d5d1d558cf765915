import { hv_device_type } from '../../abi/hv/device-id.js';
import { AbiError } from '../../bytes/errors.js';
import { hexNumber } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { type Event, wordOf } from '../../capture/event.js';
import type { RecordedCaller } from '../../hypervisor/iommu/recorded-host.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';

/** Names that captures have for the device that makes an access. */
const REQUESTER_KEYS = ['rid', 'requester', 'requester_id', 'sid', 'bdf', 'device', 'device_id'] as const;
const PCI = BigInt(hv_device_type.HV_DEVICE_TYPE_PCI) << 62n;
/** Requester ids with a segment above them. */
const PCI_BITS = 1n << 48n;
const PAGE = BigInt(HV_HYP_PAGE_SIZE);

/**
 * The page where an access of a device came out, and where it does here; undefined where the event does not tell. Only accesses
 * of a root partition's devices can be translated again: a guest's page tables are in its memory, which a capture does not have.
 */
export function accessOf(
  event: Event,
  caller: RecordedCaller,
  { dma }: PartitionIommu,
): { readonly expected: string; readonly got: string } | undefined {
  const key = REQUESTER_KEYS.find((one) => event[one] !== undefined);
  const requester = key === undefined ? undefined : wordIn(event, key);
  const iova = wordIn(event, 'iova');
  const wanted = wordIn(event, 'gpa');
  const isRefused = 'gpa' in event && event.gpa === null;
  if (caller !== 'root' || requester === undefined || iova === undefined) return undefined;
  if (wanted === undefined && !isRefused) return undefined;
  const deviceId = requester < PCI_BITS ? PCI | requester : requester;
  const isWrite = event.write === true || event.write === 1 || event.access === 'write';
  const result = dma.access(deviceId, iova, 1, isWrite ? 'write' : 'read');
  return {
    expected: wanted === undefined ? 'refused' : pageText(wanted),
    got: result.ok ? pageText(BigInt(result.segments[0]!.gpa)) : isRefused ? 'refused' : result.fault.reason,
  };
}

function pageText(gpa: bigint): string {
  return hexNumber(gpa - (gpa % PAGE));
}

function wordIn(event: Event, key: string): bigint | undefined {
  try {
    return wordOf(event, key);
  } catch (error) {
    if (error instanceof AbiError) return undefined;
    throw error;
  }
}
