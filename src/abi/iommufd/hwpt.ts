import { array } from '../../layout/list.js';
import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_IOMMUFD } from '../origin.js';

// iommufd: hardware page tables. include/uapi/linux/iommufd.h.

export const iommufd_hwpt_alloc_flags = enumeration('iommufd_hwpt_alloc_flags', {
  IOMMU_HWPT_ALLOC_NEST_PARENT: 1,
  IOMMU_HWPT_ALLOC_DIRTY_TRACKING: 2,
  IOMMU_HWPT_FAULT_ID_VALID: 4,
  IOMMU_HWPT_ALLOC_PASID: 8,
});

export const iommu_hwpt_data_type = enumeration('iommu_hwpt_data_type', {
  IOMMU_HWPT_DATA_NONE: 0,
  IOMMU_HWPT_DATA_VTD_S1: 1,
  IOMMU_HWPT_DATA_ARM_SMMUV3: 2,
  IOMMU_HWPT_DATA_AMD_GUEST: 3,
});

export const iommu_hwpt_vtd_s1_flags = enumeration('iommu_hwpt_vtd_s1_flags', {
  IOMMU_VTD_S1_SRE: 1,
  IOMMU_VTD_S1_EAFE: 2,
  IOMMU_VTD_S1_WPE: 4,
});

export const iommufd_hwpt_set_dirty_tracking_flags = enumeration('iommufd_hwpt_set_dirty_tracking_flags', {
  IOMMU_HWPT_DIRTY_TRACKING_ENABLE: 1,
});

export const iommufd_hwpt_get_dirty_bitmap_flags = enumeration('iommufd_hwpt_get_dirty_bitmap_flags', {
  IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR: 1,
});

export const iommu_hwpt_invalidate_data_type = enumeration('iommu_hwpt_invalidate_data_type', {
  IOMMU_HWPT_INVALIDATE_DATA_VTD_S1: 0,
  IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3: 1,
});

export const iommu_hwpt_vtd_s1_invalidate_flags = enumeration('iommu_hwpt_vtd_s1_invalidate_flags', {
  IOMMU_VTD_INV_FLAGS_LEAF: 1,
});

export const iommu_hwpt_vtd_s1 = struct(
  'iommu_hwpt_vtd_s1',
  0x18,
  { flags: u64.flagsOf(iommu_hwpt_vtd_s1_flags), pgtbl_addr: u64, addr_width: u32, __reserved: rsvd(u32) },
  UAPI_IOMMUFD,
);

export const iommu_hwpt_arm_smmuv3 = struct('iommu_hwpt_arm_smmuv3', 0x10, { ste: array(u64, 2) }, UAPI_IOMMUFD);

export const iommu_hwpt_amd_guest = struct('iommu_hwpt_amd_guest', 0x20, { dte: array(u64, 4) }, UAPI_IOMMUFD);

export const iommu_hwpt_alloc = struct(
  'iommu_hwpt_alloc',
  0x30,
  {
    size: u32,
    flags: u32.flagsOf(iommufd_hwpt_alloc_flags),
    dev_id: u32,
    pt_id: u32,
    out_hwpt_id: u32,
    __reserved: rsvd(u32),
    data_type: u32.as(iommu_hwpt_data_type),
    data_len: u32,
    data_uptr: u64,
    fault_id: u32,
    __reserved2: rsvd(u32),
  },
  UAPI_IOMMUFD,
);

export const iommu_hwpt_set_dirty_tracking = struct(
  'iommu_hwpt_set_dirty_tracking',
  0x10,
  { size: u32, flags: u32.flagsOf(iommufd_hwpt_set_dirty_tracking_flags), hwpt_id: u32, __reserved: rsvd(u32) },
  UAPI_IOMMUFD,
);

export const iommu_hwpt_get_dirty_bitmap = struct(
  'iommu_hwpt_get_dirty_bitmap',
  0x30,
  {
    size: u32,
    hwpt_id: u32,
    flags: u32.flagsOf(iommufd_hwpt_get_dirty_bitmap_flags),
    __reserved: rsvd(u32),
    iova: u64,
    length: u64,
    page_size: u64,
    data: u64,
  },
  UAPI_IOMMUFD,
);

export const iommu_hwpt_vtd_s1_invalidate = struct(
  'iommu_hwpt_vtd_s1_invalidate',
  0x18,
  { addr: u64, npages: u64, flags: u32.flagsOf(iommu_hwpt_vtd_s1_invalidate_flags), __reserved: rsvd(u32) },
  UAPI_IOMMUFD,
);

export const iommu_hwpt_invalidate = struct(
  'iommu_hwpt_invalidate',
  0x20,
  {
    size: u32,
    hwpt_id: u32,
    data_uptr: u64,
    data_type: u32.as(iommu_hwpt_invalidate_data_type),
    entry_len: u32,
    entry_num: u32,
    __reserved: rsvd(u32),
  },
  UAPI_IOMMUFD,
);
