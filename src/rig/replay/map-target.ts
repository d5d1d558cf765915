import { hv_input_map_device_gpa_pages, hv_input_unmap_device_gpa_pages } from '../../abi/hv/device-attach.js';
import { HVCALL_MAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { DeviceDomain } from '../../hypervisor/iommu/device-domain.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';
import { codecOf } from '../../layout/codec.js';
import type { RecordedCall } from './recorded-call.js';

const unmapHeader = codecOf(hv_input_unmap_device_gpa_pages);
const mapHeader = codecOf(hv_input_map_device_gpa_pages);
const PAGE = BigInt(HV_HYP_PAGE_SIZE);
/** Pages under one table of a second-level map. */
export const TABLE_PAGES = 512;

/** What a map or unmap is about. */
export interface MapTarget {
  readonly domain: DeviceDomain | undefined;
  /** Number of the page at the base address. */
  readonly page: number;
}

export function mapTargetOf({ code, header }: RecordedCall, domains: DeviceDomains): MapTarget {
  const codec = code === HVCALL_MAP_DEVICE_GPA_PAGES.code ? mapHeader : unmapHeader;
  const { device_domain, target_device_va_base } = codec.decodeAt(header, 0);
  const { owner_vtl, domain_id } = device_domain;
  const { type, id } = domain_id;
  const domain = domains.find({ partitionId: domains.partitionId, ownerVtl: owner_vtl.target_vtl, type, id });
  return { domain, page: Number(target_device_va_base / PAGE) };
}
