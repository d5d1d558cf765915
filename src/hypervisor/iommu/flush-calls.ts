import {
  hv_flush_device_domain_list_flags,
  hv_input_flush_device_domain,
  hv_input_flush_device_domain_list,
} from '../../abi/hv/device-domain-flush.js';
import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_FLUSH_DEVICE_DOMAIN, HVCALL_FLUSH_DEVICE_DOMAIN_LIST } from '../../abi/hypercalls/device-domains.js';
import type { GuestCall } from '../call-frame.js';
import type { CallRegistry } from '../call-registry.js';
import { offsetOf } from '../field-offset.js';
import { type CallOwner, DomainField } from './call-fields.js';
import type { DeviceDomain } from './device-domain.js';
import type { DeviceDomains } from './device-domains.js';
import { endOfPart, type ServeChecked } from './fail-points.js';
import type { IommuOptions } from './iommu-options.js';

const { HV_STATUS_SUCCESS: SUCCESS, HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER } = hv_status;
const { HV_FLUSH_DEVICE_DOMAIN_LIST_IOMMU_FORMAT: IOMMU_FORMAT } = hv_flush_device_domain_list_flags;

const list = hv_input_flush_device_domain_list.of['series-pviommu'];
const FLAGS = offsetOf(hv_input_flush_device_domain, 'flags');
const LIST_FLAGS = offsetOf(list, 'flags');
const LOW = 0xfff;

/**
 * Flushes of a domain's IOTLB, 0xD0 all of it, 0xD1 by a list: blocks of 2^n pages, or without the flag for that the ranges of
 * the TLB calls, which have a number of further pages there. A list stops where an entry is made to fail, and comes back in
 * parts as maps do; entries before are flushed.
 */
export function serveFlushes(calls: CallRegistry, serve: ServeChecked, domains: DeviceDomains, owner: CallOwner): void {
  const field = new DomainField(domains, owner);
  const shiftMask = 2 ** (domains.options.flushShiftBits ?? 6) - 1;
  serve(HVCALL_FLUSH_DEVICE_DOMAIN, ({ input }) => {
    const domain = field.domain(input);
    if (typeof domain === 'number') return domain;
    if (input.getUint32(FLAGS, true) !== 0 || input.getUint32(FLAGS + 4, true) !== 0) return INVALID_PARAMETER;
    domain.iotlb.flushAll();
    return SUCCESS;
  });
  calls.serve(HVCALL_FLUSH_DEVICE_DOMAIN_LIST, (call) => {
    const { input } = call;
    const domain = field.domain(input);
    if (typeof domain === 'number') return domain;
    const flags = input.getUint32(LIST_FLAGS, true);
    if ((flags & ~IOMMU_FORMAT) !== 0) return INVALID_PARAMETER;
    if (domains.rules.flushListReserved && input.getUint32(LIST_FLAGS + 4, true) !== 0) return INVALID_PARAMETER;
    return flushEntries(call, domain, domains.options, flags === IOMMU_FORMAT ? shiftMask : undefined);
  });
}

/** Without `shiftMask` the low bits of an entry are a number of pages. */
function flushEntries(call: GuestCall, { iotlb }: DeviceDomain, options: IommuOptions, shiftMask?: number): number {
  const { code, input, listAt, repStart } = call;
  const { failAt } = options;
  const end = endOfPart(call, options);
  for (let rep = repStart; rep < end; rep++) {
    const lo = input.getUint32(listAt + 8 * rep, true);
    const page = (lo >>> 12) + input.getUint32(listAt + 8 * rep + 4, true) * 2 ** 20;
    const failed = failAt?.({ code, rep, page, frame: -1 }) ?? SUCCESS;
    call.done = rep;
    if (failed !== SUCCESS) return failed;
    if (shiftMask === undefined) iotlb.flushRange(page, (lo & LOW) + 1);
    else iotlb.flushBlock(page, lo & shiftMask);
  }
  call.done = end;
  return SUCCESS;
}
