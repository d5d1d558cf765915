import {
  hv_device_iommu_flags,
  hv_input_get_iommu_capabilities,
  hv_input_get_logical_device_property,
  hv_iommu_cap,
  hv_logical_device_property_code,
  hv_output_get_iommu_capabilities,
  hv_output_get_logical_device_property,
} from '../../abi/hv/device-domain-flush.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_GET_IOMMU_CAPABILITIES,
  HVCALL_GET_LOGICAL_DEVICE_PROPERTY,
} from '../../abi/hypercalls/device-domains.js';
import { HV_PARTITION_ID_SELF } from '../../hypercall/deposit.js';
import { decode, encode } from '../../layout/codec.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { CallPage } from './calls.js';

const PAGE_4K = 1n << 12n;
/** Page sizes that the tables have. */
export const TABLE_PAGE_SIZES = PAGE_4K | (1n << 21n) | (1n << 30n);
/** Bits of IOVA that so many levels reach. */
const FOUR_LEVEL_WIDTH = 48;
const FIVE_LEVEL_WIDTH = 57;

/** What the IOMMU can do, as far as a guest with tables of its own uses it. */
export interface PvIommuCapabilities {
  /** Bits of an IOVA, cut to what the tables reach: it alone says where the aperture ends (PVI-05). */
  readonly width: number;
  readonly levels: 4 | 5;
  /** Bitmap of 4 KiB, 2 MiB and 1 GiB, 4 KiB always among them. */
  readonly pageSizes: bigint;
  readonly hasAts: boolean;
}

/** Last IOVA that can be mapped. */
export function apertureEnd(capabilities: PvIommuCapabilities): bigint {
  return (1n << BigInt(capabilities.width)) - 1n;
}

/**
 * Asks the hypervisor. ENODEV without a word where there is none or a host that does not know the call (PVI-02, PVI-03), with
 * an error line where there is one that cannot be used; another errno where the call failed.
 */
export function queryCapabilities(page: CallPage): Outcome<PvIommuCapabilities> {
  const call = HVCALL_GET_IOMMU_CAPABILITIES;
  const input = encode(hv_input_get_iommu_capabilities, { partition_id: HV_PARTITION_ID_SELF });
  const answer = page.call(call, input, hv_output_get_iommu_capabilities.size);
  if (!answer.ok) {
    if (answer.status === hv_status.HV_STATUS_INVALID_HYPERCALL_CODE) return failure('ENODEV', answer.status);
    page.report('error', call, answer.status, {});
    return answer;
  }
  const found = decode(hv_output_get_iommu_capabilities, answer.value);
  const has = (capability: number): boolean => (found.iommu_cap & BigInt(capability)) !== 0n;
  if (!has(hv_iommu_cap.HV_IOMMU_CAP_PRESENT)) return failure('ENODEV');
  const unusable = (why: string): Outcome<PvIommuCapabilities> => {
    page.machine.log({ level: 'error', code: 'pviommu-unusable', fields: { why, ...found } });
    return failure('ENODEV');
  };
  if (!has(hv_iommu_cap.HV_IOMMU_CAP_S1)) return unusable('no-first-stage');
  if ((found.pgsize_bitmap & PAGE_4K) === 0n) return unusable('no-4k-pages');
  const reach = has(hv_iommu_cap.HV_IOMMU_CAP_S1_5LVL) ? FIVE_LEVEL_WIDTH : FOUR_LEVEL_WIDTH;
  const width = Math.min(found.max_iova_width, reach);
  if (width <= 12) return unusable('no-iova-space');
  return success({
    width,
    levels: width > FOUR_LEVEL_WIDTH ? 5 : 4,
    pageSizes: found.pgsize_bitmap & TABLE_PAGE_SIZES,
    hasAts: has(hv_iommu_cap.HV_IOMMU_CAP_ATS),
  });
}

/** True when the IOMMU stands in front of the device; a device without it does DMA to GPAs (PVI-23). */
export function queryDeviceEnabled(page: CallPage, deviceId: bigint): Outcome<boolean> {
  const call = HVCALL_GET_LOGICAL_DEVICE_PROPERTY;
  const input = encode(hv_input_get_logical_device_property.of['series-pviommu'], {
    partition_id: HV_PARTITION_ID_SELF,
    logical_device_id: deviceId,
    code: hv_logical_device_property_code.HV_LOGICAL_DEVICE_PROPERTY_PVIOMMU,
  });
  const answer = page.call(call, input, hv_output_get_logical_device_property.size);
  if (!answer.ok) {
    page.report('error', call, answer.status, { deviceId });
    return answer;
  }
  const { device_iommu } = decode(hv_output_get_logical_device_property, answer.value);
  return success((device_iommu & BigInt(hv_device_iommu_flags.HV_DEVICE_IOMMU_ENABLED)) !== 0n);
}
