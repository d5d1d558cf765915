import { hv_device_domain_type } from '../../abi/hv/device-domain.js';
import { HV_PARTITION_ID_SELF } from '../../hypercall/deposit.js';

/** `struct hv_input_device_domain` of a stage-2 domain of the caller's own partition. */
export function stageTwoDomain(id: number) {
  return {
    partition_id: HV_PARTITION_ID_SELF,
    owner_vtl: { target_vtl: 0, use_target_vtl: false },
    domain_id: { type: hv_device_domain_type.HV_DEVICE_DOMAIN_TYPE_S2, id },
  };
}
