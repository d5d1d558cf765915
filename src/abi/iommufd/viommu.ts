import { array } from '../../layout/list.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_IOMMUFD } from '../origin.js';

// iommufd: virtual IOMMUs, their devices, queues and events. include/uapi/linux/iommufd.h.

export const iommu_viommu_type = enumeration('iommu_viommu_type', {
  IOMMU_VIOMMU_TYPE_DEFAULT: 0,
  IOMMU_VIOMMU_TYPE_ARM_SMMUV3: 1,
  IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV: 2,
});

export const iommu_veventq_flag = enumeration('iommu_veventq_flag', {
  IOMMU_VEVENTQ_FLAG_LOST_EVENTS: 1,
});

export const iommu_veventq_type = enumeration('iommu_veventq_type', {
  IOMMU_VEVENTQ_TYPE_DEFAULT: 0,
  IOMMU_VEVENTQ_TYPE_ARM_SMMUV3: 1,
  IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV: 2,
});

export const iommu_hw_queue_type = enumeration('iommu_hw_queue_type', {
  IOMMU_HW_QUEUE_TYPE_DEFAULT: 0,
  IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV: 1,
});

export const iommu_viommu_alloc = struct(
  'iommu_viommu_alloc',
  0x28,
  {
    size: u32,
    flags: u32,
    type: u32.as(iommu_viommu_type),
    dev_id: u32,
    hwpt_id: u32,
    out_viommu_id: u32,
    data_len: u32,
    __reserved: rsvd(u32),
    data_uptr: u64,
  },
  UAPI_IOMMUFD,
);

export const iommu_viommu_tegra241_cmdqv = struct(
  'iommu_viommu_tegra241_cmdqv',
  0x10,
  { out_vintf_mmap_offset: u64, out_vintf_mmap_length: u64 },
  UAPI_IOMMUFD,
);

export const iommu_viommu_arm_smmuv3_invalidate = struct(
  'iommu_viommu_arm_smmuv3_invalidate',
  0x10,
  { cmd: array(u64, 2) },
  UAPI_IOMMUFD,
);

export const iommu_vdevice_alloc = struct(
  'iommu_vdevice_alloc',
  0x18,
  { size: u32, viommu_id: u32, dev_id: u32, out_vdevice_id: u32, virt_id: u64 },
  UAPI_IOMMUFD,
);

export const iommu_veventq_alloc = struct(
  'iommu_veventq_alloc',
  0x20,
  {
    size: u32,
    flags: u32,
    viommu_id: u32,
    type: u32.as(iommu_veventq_type),
    veventq_depth: u32,
    out_veventq_id: u32,
    out_veventq_fd: u32,
    __reserved: rsvd(u32),
  },
  UAPI_IOMMUFD,
);

export const iommufd_vevent_header = struct(
  'iommufd_vevent_header',
  0x8,
  { flags: u32.flagsOf(iommu_veventq_flag), sequence: u32 },
  UAPI_IOMMUFD,
);

export const iommu_vevent_arm_smmuv3 = struct('iommu_vevent_arm_smmuv3', 0x20, { evt: array(u64, 4) }, UAPI_IOMMUFD);

export const iommu_vevent_tegra241_cmdqv = struct(
  'iommu_vevent_tegra241_cmdqv',
  0x10,
  { lvcmdq_err_map: array(u64, 2) },
  UAPI_IOMMUFD,
);

export const iommu_hw_queue_alloc = struct(
  'iommu_hw_queue_alloc',
  0x28,
  {
    size: u32,
    flags: u32,
    viommu_id: u32,
    type: u32.as(iommu_hw_queue_type),
    index: u32,
    out_hw_queue_id: u32,
    nesting_parent_iova: u64,
    length: u64,
  },
  UAPI_IOMMUFD,
);
