import { hv_input_map_device_gpa_pages, hv_input_unmap_device_gpa_pages } from '../../abi/hv/device-attach.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_ATTACH_DEVICE,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_FLUSH_DEVICE_DOMAIN_LIST,
  HVCALL_MAP_DEVICE_GPA_PAGES,
  HVCALL_UNMAP_DEVICE_GPA_PAGES,
} from '../../abi/hypercalls/device-domains.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { DeviceDomain } from '../../hypervisor/iommu/device-domain.js';
import type { DeviceDomains } from '../../hypervisor/iommu/device-domains.js';
import type { FailPoint } from '../../hypervisor/iommu/iommu-options.js';
import type { RecordedHostKnobs } from '../../hypervisor/iommu/recorded-host.js';
import { codecOf } from '../../layout/codec.js';
import type { RecordedCall } from './recorded-call.js';

const { HV_STATUS_SUCCESS: SUCCESS, HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY } = hv_status;
const unmapHeader = codecOf(hv_input_unmap_device_gpa_pages);
const mapHeader = codecOf(hv_input_map_device_gpa_pages);
const PAGE = BigInt(HV_HYP_PAGE_SIZE);

/**
 * What is taken from the recording because no call tells it: what the host did for reasons of its own, and rules that are not those
 * of the recorded series.
 */
export type Scripted =
  | 'in parts'
  | 'no memory'
  | 'refused page'
  | 'refused list'
  | 'starved attachment'
  | 'another rule';

interface Stop {
  readonly rep: number;
  readonly status: number;
}

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

/**
 * Makes a host stop where a recorded one did for reasons of its own: after a part of the reps, for want of memory, at a page that it
 * does not like, at a flush list, at a direct attachment. Reasons that the caller gives it, such as a page that is mapped
 * already, are the host's to find. Knobs that are given are rules, and what they are about is not scripted.
 */
export class ReplayScript {
  /** How often each was needed. */
  readonly used = new Map<Scripted, number>();
  private readonly knobs: RecordedHostKnobs;
  private stop: Stop | undefined;
  private most = Number.POSITIVE_INFINITY;

  constructor(knobs: RecordedHostKnobs, otherRules: number) {
    this.knobs = knobs;
    if (otherRules > 0) this.used.set('another rule', otherRules);
  }

  /** To be asked before each call is made. */
  plan(call: RecordedCall, domains: DeviceDomains): void {
    this.stop = undefined;
    this.most = Number.POSITIVE_INFINITY;
    switch (call.code) {
      case HVCALL_MAP_DEVICE_GPA_PAGES.code:
      case HVCALL_UNMAP_DEVICE_GPA_PAGES.code:
        this.planReps(call, domains);
        break;
      case HVCALL_CREATE_DEVICE_DOMAIN.code:
        if (call.status === INSUFFICIENT_MEMORY && this.knobs.domPool === undefined) this.refuse(call, 'no memory');
        break;
      case HVCALL_ATTACH_DEVICE.code:
        if (call.status === INSUFFICIENT_MEMORY && this.knobs.starveAttach === undefined)
          this.refuse(call, 'starved attachment');
        break;
      case HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code:
        if (call.status !== SUCCESS && this.knobs.refuseList === undefined) this.refuse(call, 'refused list');
        break;
    }
  }

  failAt({ rep }: FailPoint): number | undefined {
    return this.stop?.rep === rep ? this.stop.status : undefined;
  }

  /** Reps of the call in hand. */
  mostReps(): number {
    return this.most;
  }

  private planReps(call: RecordedCall, domains: DeviceDomains): void {
    const { code, reps, start, status, done } = call;
    if (status === SUCCESS) {
      if (done >= reps || done <= start || this.knobs.domChunk !== undefined) return;
      this.most = done - start;
      this.count('in parts');
      return;
    }
    const { domain, page } = mapTargetOf(call, domains);
    if (done < start || done >= reps || domain?.map === undefined) return;
    if (status === INSUFFICIENT_MEMORY) {
      if (this.knobs.domPool === undefined) this.refuse(call, 'no memory');
    } else if (code === HVCALL_MAP_DEVICE_GPA_PAGES.code && this.knobs.domBad === undefined) {
      const { map } = domain;
      const isPlain = page + done >= map.limit || map.permissionsOf(page + done) !== 0;
      if (!isPlain && isSoundMap(call)) this.refuse(call, 'refused page');
    }
  }

  private refuse({ start, done, status }: RecordedCall, why: Scripted): void {
    this.stop = { rep: Math.max(start, done), status };
    this.count(why);
  }

  private count(why: Scripted): void {
    this.used.set(why, (this.used.get(why) ?? 0) + 1);
  }
}

/** False where address or size of the call are enough to have it refused. */
function isSoundMap({ header, reps, inputGpa }: RecordedCall): boolean {
  const { target_device_va_base } = mapHeader.decodeAt(header, 0);
  const length = hv_input_map_device_gpa_pages.size + 8 * reps;
  return target_device_va_base % PAGE === 0n && (inputGpa % HV_HYP_PAGE_SIZE) + length <= HV_HYP_PAGE_SIZE;
}
