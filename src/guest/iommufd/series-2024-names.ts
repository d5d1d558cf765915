import {
  iommu_viommu_set_vdev_id,
  iommu_viommu_unset_vdev_id,
  iommu_virq_alloc,
  iommu_virq_type,
} from '../../abi/iommufd/series-2024.js';
import { iommu_veventq_type } from '../../abi/iommufd/viommu.js';
import { decode } from '../../layout/codec.js';
import type { VdeviceRequest, VeventqRequest } from './viommu-alloc.js';

// The series of 2024 called a vEVENTQ a vIRQ, and set virtual ids on the virtual IOMMU instead of making objects for them.

/** What the names of that series became. */
export const SERIES_2024_NAMES = {
  iommu_virq_alloc: 'iommu_veventq_alloc',
  iommu_virq_arm_smmuv3: 'iommu_vevent_arm_smmuv3',
  iommu_virq_type: 'iommu_veventq_type',
  IOMMU_VIRQ_TYPE_NONE: 'IOMMU_VEVENTQ_TYPE_DEFAULT',
  IOMMU_VIRQ_TYPE_ARM_SMMUV3: 'IOMMU_VEVENTQ_TYPE_ARM_SMMUV3',
  iommu_viommu_set_vdev_id: 'iommu_vdevice_alloc',
  iommu_viommu_unset_vdev_id: 'iommu_destroy',
} as const;

/** A vIRQ had no depth: `depth` (events) is the caller's choice. */
export function veventqOfVirq(bytes: Uint8Array, depth: number): VeventqRequest {
  const { flags, viommu_id, type } = decode(iommu_virq_alloc, bytes);
  return { flags, viommuId: viommu_id, type: veventTypeOfVirq(type), depth };
}

/** The type of events that a type of vIRQ became; types that are in neither stay as they are. */
export function veventTypeOfVirq(type: number): number {
  switch (type) {
    case iommu_virq_type.IOMMU_VIRQ_TYPE_NONE:
      return iommu_veventq_type.IOMMU_VEVENTQ_TYPE_DEFAULT;
    case iommu_virq_type.IOMMU_VIRQ_TYPE_ARM_SMMUV3:
      return iommu_veventq_type.IOMMU_VEVENTQ_TYPE_ARM_SMMUV3;
    default:
      return type;
  }
}

/** The VDEVICE that setting a virtual id stands for. */
export function vdeviceOfSetVdevId(bytes: Uint8Array): VdeviceRequest {
  const { viommu_id, dev_id, vdev_id } = decode(iommu_viommu_set_vdev_id, bytes);
  return { viommuId: viommu_id, deviceId: dev_id, virtId: vdev_id };
}

/** Whose virtual id is to go: the VDEVICE with these is to be destroyed. */
export function vdeviceOfUnsetVdevId(bytes: Uint8Array): VdeviceRequest {
  const { viommu_id, dev_id, vdev_id } = decode(iommu_viommu_unset_vdev_id, bytes);
  return { viommuId: viommu_id, deviceId: dev_id, virtId: vdev_id };
}
