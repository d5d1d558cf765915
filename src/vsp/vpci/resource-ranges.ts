import { type PartialResourceDescriptor, ResourceType } from '../../abi/vpci/openvmm-resources.js';
import { PCI_BASE_ADDRESS_MEM_64 } from '../../hardware/pci-config.js';
import type { ValueOf } from '../../layout/types.js';
import { barSizeOf } from '../pci/bars.js';
import type { AssignedRange } from './bus-function.js';

type Resource = ValueOf<typeof PartialResourceDescriptor>;

const NO_FLAGS = { reserved: 0, large_40: false, large_48: false, large_64: false, reserved2: 0 };

/** What stands where there is no range. */
export const EMPTY_RANGE: Resource = {
  resource_type: ResourceType.NULL,
  share_disposition: 0,
  flags: NO_FLAGS,
  address: 0n,
  adjusted_len: 0,
};

/** The address range of a descriptor; `unknown` when its length has no unit. */
export function rangeOf({
  resource_type,
  flags,
  address,
  adjusted_len,
}: Resource): AssignedRange | 'unknown' | undefined {
  if (resource_type === ResourceType.MEMORY) return { address, lengthBytes: BigInt(adjusted_len) };
  if (resource_type !== ResourceType.MEMORY_LARGE) return undefined;
  const shift = flags.large_40 ? 8n : flags.large_48 ? 16n : flags.large_64 ? 32n : undefined;
  return shift === undefined ? 'unknown' : { address, lengthBytes: BigInt(adjusted_len) << shift };
}

/** The smallest form that holds the length; what is below its unit is rounded up. */
export function resourceOf({ address, lengthBytes }: AssignedRange): Resource {
  const form = (resource_type: number, flags: Partial<typeof NO_FLAGS>, shift: bigint): Resource => ({
    ...EMPTY_RANGE,
    resource_type,
    flags: { ...NO_FLAGS, ...flags },
    address,
    adjusted_len: Number((lengthBytes + (1n << shift) - 1n) >> shift),
  });
  if (lengthBytes < 1n << 32n) return form(ResourceType.MEMORY, {}, 0n);
  if (lengthBytes <= 0xffff_ffffn << 8n) return form(ResourceType.MEMORY_LARGE, { large_40: true }, 8n);
  if (lengthBytes <= 0xffff_ffffn << 16n) return form(ResourceType.MEMORY_LARGE, { large_48: true }, 16n);
  return form(ResourceType.MEMORY_LARGE, { large_64: true }, 32n);
}

/**
 * True when every range lies in the BAR of its index: the upper word of a 64-bit BAR has none, addresses are aligned to the
 * BAR's size, lengths no greater.
 */
export function rangesFit(
  masks: readonly number[],
  ranges: readonly (AssignedRange | 'unknown' | undefined)[],
): boolean {
  let upper = false;
  return masks.every((mask, index) => {
    const range = ranges[index];
    const isUpper = upper;
    upper = !isUpper && (mask & PCI_BASE_ADDRESS_MEM_64) !== 0;
    if (range === undefined) return true;
    if (range === 'unknown' || isUpper || mask === 0) return false;
    const size = barSizeOf(masks, index);
    const end = upper ? 1n << 64n : 1n << 32n;
    return range.address % size === 0n && range.lengthBytes <= size && range.address + size <= end;
  });
}
