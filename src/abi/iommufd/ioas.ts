import { enumeration, i32, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_IOMMUFD } from '../origin.js';

// iommufd: I/O address spaces. include/uapi/linux/iommufd.h.

export const iommufd_ioas_map_flags = enumeration('iommufd_ioas_map_flags', {
  IOMMU_IOAS_MAP_FIXED_IOVA: 1,
  IOMMU_IOAS_MAP_WRITEABLE: 2,
  IOMMU_IOAS_MAP_READABLE: 4,
});

export const iommu_ioas_alloc = struct(
  'iommu_ioas_alloc',
  0xc,
  { size: u32, flags: u32, out_ioas_id: u32 },
  UAPI_IOMMUFD,
);

export const iommu_iova_range = struct('iommu_iova_range', 0x10, { start: u64, last: u64 }, UAPI_IOMMUFD);

export const iommu_ioas_iova_ranges = struct(
  'iommu_ioas_iova_ranges',
  0x20,
  { size: u32, ioas_id: u32, num_iovas: u32, __reserved: rsvd(u32), allowed_iovas: u64, out_iova_alignment: u64 },
  UAPI_IOMMUFD,
);

export const iommu_ioas_allow_iovas = struct(
  'iommu_ioas_allow_iovas',
  0x18,
  { size: u32, ioas_id: u32, num_iovas: u32, __reserved: rsvd(u32), allowed_iovas: u64 },
  UAPI_IOMMUFD,
);

export const iommu_ioas_map = struct(
  'iommu_ioas_map',
  0x28,
  {
    size: u32,
    flags: u32.flagsOf(iommufd_ioas_map_flags),
    ioas_id: u32,
    __reserved: rsvd(u32),
    user_va: u64,
    length: u64,
    iova: u64,
  },
  UAPI_IOMMUFD,
);

export const iommu_ioas_map_file = struct(
  'iommu_ioas_map_file',
  0x28,
  { size: u32, flags: u32.flagsOf(iommufd_ioas_map_flags), ioas_id: u32, fd: i32, start: u64, length: u64, iova: u64 },
  UAPI_IOMMUFD,
);

export const iommu_ioas_copy = struct(
  'iommu_ioas_copy',
  0x28,
  {
    size: u32,
    flags: u32.flagsOf(iommufd_ioas_map_flags),
    dst_ioas_id: u32,
    src_ioas_id: u32,
    length: u64,
    dst_iova: u64,
    src_iova: u64,
  },
  UAPI_IOMMUFD,
);

export const iommu_ioas_unmap = struct(
  'iommu_ioas_unmap',
  0x18,
  { size: u32, ioas_id: u32, iova: u64, length: u64 },
  UAPI_IOMMUFD,
);

export const iommu_ioas_noiommu_get_pa = struct(
  'iommu_ioas_noiommu_get_pa',
  0x28,
  { size: u32, flags: u32, ioas_id: u32, __reserved: rsvd(u32), iova: u64, length: u64, out_phys: u64 },
  UAPI_IOMMUFD,
);
