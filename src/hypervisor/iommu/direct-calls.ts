import { hv_input_attach_device, hv_input_detach_device } from '../../abi/hv/device-attach.js';
import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_ATTACH_DEVICE, HVCALL_DETACH_DEVICE } from '../../abi/hypercalls/device-domains.js';
import { codecOf } from '../../layout/codec.js';
import { offsetOf } from '../field-offset.js';
import type { DeviceDomains } from './device-domains.js';
import type { ServeChecked } from './fail-points.js';

const { HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER, HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID } =
  hv_status;

const attach = codecOf(hv_input_attach_device);
const DEVICE = offsetOf(hv_input_attach_device, 'device_id');
const detach = codecOf(hv_input_detach_device);

/**
 * Devices given to a partition's own address space, 0x82, and taken back, 0x83. The device is named by the caller's id for it
 * and by a logical id, which has to be there; whether there is such a partition is looked at first. A pair of partition and
 * logical id is given once.
 */
export function serveDirect(serve: ServeChecked, domains: DeviceDomains): void {
  serve(HVCALL_ATTACH_DEVICE, ({ input }) => {
    const { partition_id, attdev_flags, logical_devid } = attach.decodeAt(input, 0);
    if (!domains.isGuest(partition_id)) return INVALID_PARTITION_ID;
    const { logical_id, resvd0, resvd } = attdev_flags;
    if (!logical_id || resvd0 || resvd !== 0) return INVALID_PARAMETER;
    const deviceId = input.getBigUint64(DEVICE, true);
    return domains.attachDirectly(deviceId, { partitionId: partition_id, logicalId: logical_devid });
  });
  serve(HVCALL_DETACH_DEVICE, ({ input }) => {
    const { partition_id, logical_devid } = detach.decodeAt(input, 0);
    return domains.detachDirectly({ partitionId: partition_id, logicalId: logical_devid });
  });
}
