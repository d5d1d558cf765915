import {
  hv_input_attach_device_domain,
  hv_input_create_device_domain,
  hv_input_detach_device_domain,
} from '../../abi/hv/device-domain.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_ATTACH_DEVICE_DOMAIN,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_DELETE_DEVICE_DOMAIN,
  HVCALL_DETACH_DEVICE_DOMAIN,
} from '../../abi/hypercalls/device-domains.js';
import { offsetOf } from '../field-offset.js';
import { type CallOwner, DomainField } from './call-fields.js';
import { serveConfigure } from './configure-call.js';
import type { DeviceDomains } from './device-domains.js';
import type { ServeChecked } from './fail-points.js';

const { HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER, HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID } =
  hv_status;

const create = hv_input_create_device_domain.of['series-pviommu'];
const CREATE_FLAGS = offsetOf(create, 'create_device_domain_flags');
const ATTACH_DEVICE = offsetOf(hv_input_attach_device_domain, 'device_id');
const DETACH_DEVICE = offsetOf(hv_input_detach_device_domain, 'device_id');

/** forward_progress_required and inherit_owning_vtl. */
const ALL_CREATE_FLAGS = 3;
/**
 * Domains and the devices in them: 0xB1, 0xB2, 0xC4, 0xC5 and, for the first stage, 0xCE. Creation has 28 bytes in the series for
 * root partitions and 32 in that for guests.
 */
export function serveDomains(serve: ServeChecked, domains: DeviceDomains, owner: CallOwner, isRoot: boolean): void {
  const field = new DomainField(domains, owner);
  const createBytes = domains.options.createBytes ?? (isRoot ? 28 : 32);
  serve(
    HVCALL_CREATE_DEVICE_DOMAIN,
    ({ input }) => {
      const name = field.name(input);
      if (typeof name === 'number') return name;
      if ((input.getUint32(CREATE_FLAGS, true) & ~ALL_CREATE_FLAGS) !== 0) return INVALID_PARAMETER;
      return domains.create(name);
    },
    { input: createBytes },
  );
  serve(HVCALL_ATTACH_DEVICE_DOMAIN, ({ input }) => {
    const domain = field.domain(input);
    return typeof domain === 'number' ? domain : domains.attach(domain, input.getBigUint64(ATTACH_DEVICE, true));
  });
  serve(HVCALL_DETACH_DEVICE_DOMAIN, ({ input }) => {
    if (!owner.isSelf(input.getBigUint64(0, true))) return INVALID_PARTITION_ID;
    return domains.detach(input.getBigUint64(DETACH_DEVICE, true));
  });
  serve(HVCALL_DELETE_DEVICE_DOMAIN, ({ input }) => {
    const domain = field.domain(input);
    return typeof domain === 'number' ? domain : domains.delete(domain);
  });
  serveConfigure(serve, domains, field);
}
