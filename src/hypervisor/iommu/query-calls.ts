import {
  hv_device_iommu_flags,
  hv_input_get_iommu_capabilities,
  hv_input_get_logical_device_property,
  hv_logical_device_property_code,
  hv_output_get_iommu_capabilities,
  hv_output_get_logical_device_property,
} from '../../abi/hv/device-domain-flush.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_GET_IOMMU_CAPABILITIES,
  HVCALL_GET_LOGICAL_DEVICE_PROPERTY,
} from '../../abi/hypercalls/device-domains.js';
import { codecOf } from '../../layout/codec.js';
import type { CallOwner } from './call-fields.js';
import type { DeviceDomains } from './device-domains.js';
import type { ServeChecked } from './fail-points.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_UNKNOWN_PROPERTY: UNKNOWN_PROPERTY,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_INVALID_DEVICE_ID: INVALID_DEVICE_ID,
} = hv_status;

const capsInput = codecOf(hv_input_get_iommu_capabilities);
const capsOutput = codecOf(hv_output_get_iommu_capabilities);
const propertyInput = codecOf(hv_input_get_logical_device_property.of['series-pviommu']);
const propertyOutput = codecOf(hv_output_get_logical_device_property);

/** What the IOMMU can do, 0x125, and whether a device is behind it, 0x127. */
export function serveQueries(serve: ServeChecked, domains: DeviceDomains, owner: CallOwner): void {
  const { capabilities, options } = domains;
  serve(HVCALL_GET_IOMMU_CAPABILITIES, ({ input, output }) => {
    if (!owner.isSelf(capsInput.decodeAt(input, 0).partition_id)) return INVALID_PARTITION_ID;
    capsOutput.encodeInto(
      {
        size: hv_output_get_iommu_capabilities.size,
        max_iova_width: capabilities.maxIovaWidth,
        max_pasid_width: capabilities.maxPasidWidth,
        iommu_cap: capabilities.caps,
        pgsize_bitmap: capabilities.pageSizes,
      },
      output,
      0,
    );
    return SUCCESS;
  });
  serve(HVCALL_GET_LOGICAL_DEVICE_PROPERTY, ({ input, output }) => {
    const { partition_id, logical_device_id, code } = propertyInput.decodeAt(input, 0);
    if (!owner.isSelf(partition_id)) return INVALID_PARTITION_ID;
    if (code !== hv_logical_device_property_code.HV_LOGICAL_DEVICE_PROPERTY_PVIOMMU) return UNKNOWN_PROPERTY;
    if (!domains.places.knows(logical_device_id)) return INVALID_DEVICE_ID;
    const isEnabled = options.enabled?.(logical_device_id) ?? true;
    const flags = isEnabled ? hv_device_iommu_flags.HV_DEVICE_IOMMU_ENABLED : 0;
    propertyOutput.encodeInto({ device_iommu: BigInt(flags) }, output, 0);
    return SUCCESS;
  });
}
