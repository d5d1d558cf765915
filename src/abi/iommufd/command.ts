import { enumeration, rsvd, u16, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_IOMMUFD } from '../origin.js';

// iommufd: ioctl numbers and options. include/uapi/linux/iommufd.h.

export const iommufd_cmd = enumeration('iommufd_cmd', {
  IOMMUFD_CMD_BASE: 0x80,
  IOMMUFD_CMD_DESTROY: 0x80,
  IOMMUFD_CMD_IOAS_ALLOC: 0x81,
  IOMMUFD_CMD_IOAS_ALLOW_IOVAS: 0x82,
  IOMMUFD_CMD_IOAS_COPY: 0x83,
  IOMMUFD_CMD_IOAS_IOVA_RANGES: 0x84,
  IOMMUFD_CMD_IOAS_MAP: 0x85,
  IOMMUFD_CMD_IOAS_UNMAP: 0x86,
  IOMMUFD_CMD_OPTION: 0x87,
  IOMMUFD_CMD_VFIO_IOAS: 0x88,
  IOMMUFD_CMD_HWPT_ALLOC: 0x89,
  IOMMUFD_CMD_GET_HW_INFO: 0x8a,
  IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING: 0x8b,
  IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP: 0x8c,
  IOMMUFD_CMD_HWPT_INVALIDATE: 0x8d,
  IOMMUFD_CMD_FAULT_QUEUE_ALLOC: 0x8e,
  IOMMUFD_CMD_IOAS_MAP_FILE: 0x8f,
  IOMMUFD_CMD_VIOMMU_ALLOC: 0x90,
  IOMMUFD_CMD_VDEVICE_ALLOC: 0x91,
  IOMMUFD_CMD_IOAS_CHANGE_PROCESS: 0x92,
  IOMMUFD_CMD_VEVENTQ_ALLOC: 0x93,
  IOMMUFD_CMD_HW_QUEUE_ALLOC: 0x94,
  IOMMUFD_CMD_IOAS_NOIOMMU_GET_PA: 0x95,
});

export const iommufd_ioctl = enumeration('iommufd_ioctl', {
  IOMMUFD_TYPE: 0x3b,
  IOMMU_DESTROY: 0x3b80,
  IOMMU_IOAS_ALLOC: 0x3b81,
  IOMMU_IOAS_ALLOW_IOVAS: 0x3b82,
  IOMMU_IOAS_COPY: 0x3b83,
  IOMMU_IOAS_IOVA_RANGES: 0x3b84,
  IOMMU_IOAS_MAP: 0x3b85,
  IOMMU_IOAS_UNMAP: 0x3b86,
  IOMMU_OPTION: 0x3b87,
  IOMMU_VFIO_IOAS: 0x3b88,
  IOMMU_HWPT_ALLOC: 0x3b89,
  IOMMU_GET_HW_INFO: 0x3b8a,
  IOMMU_HWPT_SET_DIRTY_TRACKING: 0x3b8b,
  IOMMU_HWPT_GET_DIRTY_BITMAP: 0x3b8c,
  IOMMU_HWPT_INVALIDATE: 0x3b8d,
  IOMMU_FAULT_QUEUE_ALLOC: 0x3b8e,
  IOMMU_IOAS_MAP_FILE: 0x3b8f,
  IOMMU_VIOMMU_ALLOC: 0x3b90,
  IOMMU_VDEVICE_ALLOC: 0x3b91,
  IOMMU_IOAS_CHANGE_PROCESS: 0x3b92,
  IOMMU_VEVENTQ_ALLOC: 0x3b93,
  IOMMU_HW_QUEUE_ALLOC: 0x3b94,
  IOMMU_IOAS_NOIOMMU_GET_PA: 0x3b95,
});

export const iommufd_option = enumeration('iommufd_option', {
  IOMMU_OPTION_RLIMIT_MODE: 0,
  IOMMU_OPTION_HUGE_PAGES: 1,
});

export const iommufd_option_ops = enumeration('iommufd_option_ops', {
  IOMMU_OPTION_OP_SET: 0,
  IOMMU_OPTION_OP_GET: 1,
});

export const iommufd_vfio_ioas_op = enumeration('iommufd_vfio_ioas_op', {
  IOMMU_VFIO_IOAS_GET: 0,
  IOMMU_VFIO_IOAS_SET: 1,
  IOMMU_VFIO_IOAS_CLEAR: 2,
});

export const iommu_destroy = struct('iommu_destroy', 0x8, { size: u32, id: u32 }, UAPI_IOMMUFD);

export const iommu_option = struct(
  'iommu_option',
  0x18,
  {
    size: u32,
    option_id: u32.as(iommufd_option),
    op: u16.as(iommufd_option_ops),
    __reserved: rsvd(u16),
    object_id: u32,
    val64: u64,
  },
  UAPI_IOMMUFD,
);

export const iommu_vfio_ioas = struct(
  'iommu_vfio_ioas',
  0xc,
  { size: u32, ioas_id: u32, op: u16.as(iommufd_vfio_ioas_op), __reserved: rsvd(u16) },
  UAPI_IOMMUFD,
);

export const iommu_ioas_change_process = struct(
  'iommu_ioas_change_process',
  0x8,
  { size: u32, __reserved: rsvd(u32) },
  UAPI_IOMMUFD,
);
