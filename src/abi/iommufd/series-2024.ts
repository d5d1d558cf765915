import { array } from '../../layout/list.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { SERIES_2024 } from '../origin.js';

// iommufd: forms of the 2024 series that were never merged in this shape.

export const iommufd_cmd_2024 = enumeration('iommufd_cmd_2024', {
  IOMMUFD_CMD_VIOMMU_SET_VDEV_ID_V0: 0x90,
  IOMMUFD_CMD_VIOMMU_UNSET_VDEV_ID_V0: 0x91,
  IOMMUFD_CMD_VIRQ_ALLOC_V0: 0x92,
});

export const iommu_virq_type = enumeration('iommu_virq_type', {
  IOMMU_VIRQ_TYPE_NONE: 0,
  IOMMU_VIRQ_TYPE_ARM_SMMUV3: 1,
});

export const iommu_viommu_set_vdev_id = struct(
  'iommu_viommu_set_vdev_id',
  0x18,
  { size: u32, viommu_id: u32, dev_id: u32, __reserved: rsvd(u32), vdev_id: u64 },
  SERIES_2024,
);

export const iommu_viommu_unset_vdev_id = struct(
  'iommu_viommu_unset_vdev_id',
  0x18,
  { size: u32, viommu_id: u32, dev_id: u32, __reserved: rsvd(u32), vdev_id: u64 },
  SERIES_2024,
);

export const iommu_virq_alloc = struct(
  'iommu_virq_alloc',
  0x18,
  { size: u32, flags: u32, viommu_id: u32, type: u32.as(iommu_virq_type), out_virq_id: u32, out_virq_fd: u32 },
  SERIES_2024,
);

export const iommu_virq_arm_smmuv3 = struct('iommu_virq_arm_smmuv3', 0x20, { evt: array(u64, 4) }, SERIES_2024);
