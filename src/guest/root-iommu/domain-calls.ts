import { hv_input_attach_device, hv_input_detach_device } from '../../abi/hv/device-attach.js';
import {
  hv_input_attach_device_domain,
  hv_input_create_device_domain,
  hv_input_delete_device_domain,
  hv_input_detach_device_domain,
} from '../../abi/hv/device-domain.js';
import { hv_input_get_iommu_capabilities, hv_output_get_iommu_capabilities } from '../../abi/hv/device-domain-flush.js';
import { hv_status } from '../../abi/hv/status.js';
import {
  HVCALL_ATTACH_DEVICE,
  HVCALL_ATTACH_DEVICE_DOMAIN,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_DELETE_DEVICE_DOMAIN,
  HVCALL_DETACH_DEVICE,
  HVCALL_DETACH_DEVICE_DOMAIN,
  HVCALL_GET_IOMMU_CAPABILITIES,
} from '../../abi/hypercalls/device-domains.js';
import { HV_PARTITION_ID_SELF } from '../../hypercall/deposit.js';
import { decode, encode } from '../../layout/codec.js';
import { DONE, type Outcome, success } from '../../ports/outcome.js';
import type { CallPort } from './call-port.js';
import type { IommuDevice } from './iommu-device.js';
import { stageTwoDomain } from './stage-two-domain.js';

const CAPABILITIES_BYTES = 24;
const NO_FLAGS = {
  ats_enabled: false,
  virt_func: false,
  shared_irq_child: false,
  virt_dev: false,
  small_irt: false,
};
const NO_CAPABILITIES = { max_pasid_width: 0, invalidate_qdepth: 0, global_inval: false, prg_response_req: false };

/** What the hypervisor says about its IOMMU. */
export interface IommuCapabilities {
  readonly maxIovaWidth: number;
  readonly iommuCap: bigint;
  readonly pageSizes: bigint;
}

/** Output of a refused query is never looked at. */
export function queryCapabilities(port: CallPort): Outcome<IommuCapabilities> {
  const input = encode(hv_input_get_iommu_capabilities, { partition_id: HV_PARTITION_ID_SELF });
  const outcome = port.call(HVCALL_GET_IOMMU_CAPABILITIES, input, CAPABILITIES_BYTES, {});
  if (!outcome.ok) return outcome;
  const value = decode(hv_output_get_iommu_capabilities, outcome.value);
  return success({
    maxIovaWidth: value.max_iova_width,
    iommuCap: BigInt(value.iommu_cap),
    pageSizes: value.pgsize_bitmap,
  });
}

export function createDomain(port: CallPort, id: number): Outcome {
  const value = {
    device_domain: stageTwoDomain(id),
    create_device_domain_flags: { forward_progress_required: true, inherit_owning_vtl: false },
  };
  const build = () => encode(hv_input_create_device_domain.of['series-root'], value);
  return port.callWithDeposits(HVCALL_CREATE_DEVICE_DOMAIN, port.ownPartition, build, { domain: id });
}

export function deleteDomain(port: CallPort, id: number): Outcome {
  const input = encode(hv_input_delete_device_domain, { device_domain: stageTwoDomain(id) });
  const outcome = port.call(HVCALL_DELETE_DEVICE_DOMAIN, input, 0, { domain: id });
  return outcome.ok ? DONE : outcome;
}

/** Moves the device into a domain; one that it is in already is as good (IOMMU-37). */
export function attachToDomain(port: CallPort, id: number, device: IommuDevice): Outcome {
  const value = { device_domain: stageTwoDomain(id), device_id: { as_uint64: device.deviceId } };
  return port.callWithDeposits(
    HVCALL_ATTACH_DEVICE_DOMAIN,
    port.ownPartition,
    () => encode(hv_input_attach_device_domain, value),
    { domain: id, device: device.name },
    hv_status.HV_STATUS_DEVICE_ALREADY_IN_DOMAIN,
  );
}

/** Back to the default domain. */
export function detachFromDomain(port: CallPort, device: IommuDevice): Outcome {
  const value = { partition_id: HV_PARTITION_ID_SELF, device_id: { as_uint64: device.deviceId } };
  const input = encode(hv_input_detach_device_domain, value);
  const outcome = port.call(HVCALL_DETACH_DEVICE_DOMAIN, input, 0, { device: device.name });
  return outcome.ok ? DONE : outcome;
}

/** Gives the device to a partition. A root names it by its PCI id, an L1VH partition by its logical id (IOMMU-35). */
export function attachToPartition(port: CallPort, partition: bigint, device: IommuDevice): Outcome {
  const value = {
    partition_id: partition,
    device_id: { as_uint64: port.isRoot ? device.deviceId : device.logicalId },
    attdev_flags: { ...NO_FLAGS, logical_id: true, ats_supported: device.atsCapable },
    attdev_vtl: 0,
    logical_devid: device.logicalId,
    dev_pcicaps: NO_CAPABILITIES,
    pf_pci_rid: 0,
  };
  const context = { partition, device: device.name };
  return port.callWithDeposits(HVCALL_ATTACH_DEVICE, partition, () => encode(hv_input_attach_device, value), context);
}

export function detachFromPartition(port: CallPort, partition: bigint, device: IommuDevice): Outcome {
  const input = encode(hv_input_detach_device, { partition_id: partition, logical_devid: device.logicalId });
  const outcome = port.call(HVCALL_DETACH_DEVICE, input, 0, { partition, device: device.name });
  return outcome.ok ? DONE : outcome;
}
