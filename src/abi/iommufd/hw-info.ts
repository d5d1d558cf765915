import { versions } from '../../layout/group.js';
import { array } from '../../layout/list.js';
import { enumeration, rsvd, u8, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { anon, union } from '../../layout/union.js';
import { UAPI_IOMMUFD, UAPI_IOMMUFD_6_12 } from '../origin.js';

// iommufd: what an IOMMU can do. include/uapi/linux/iommufd.h.

export const iommu_hw_info_type = enumeration('iommu_hw_info_type', {
  IOMMU_HW_INFO_TYPE_NONE: 0,
  IOMMU_HW_INFO_TYPE_DEFAULT: 0,
  IOMMU_HW_INFO_TYPE_INTEL_VTD: 1,
  IOMMU_HW_INFO_TYPE_ARM_SMMUV3: 2,
  IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV: 3,
  IOMMU_HW_INFO_TYPE_AMD: 4,
});

export const iommufd_hw_info_flags = enumeration('iommufd_hw_info_flags', {
  IOMMU_HW_INFO_FLAG_INPUT_TYPE: 1,
});

export const iommufd_hw_capabilities = enumeration('iommufd_hw_capabilities', {
  IOMMU_HW_CAP_DIRTY_TRACKING: 1,
  IOMMU_HW_CAP_PCI_PASID_EXEC: 2,
  IOMMU_HW_CAP_PCI_PASID_PRIV: 4,
  IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED: 8,
});

export const iommu_hw_info_vtd_flags = enumeration('iommu_hw_info_vtd_flags', {
  IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17: 1,
});

export const iommu_hw_info_arm_smmuv3_flags = enumeration('iommu_hw_info_arm_smmuv3_flags', {
  IOMMU_HW_INFO_ARM_SMMUV3_ERRATA_REPEAT_TLBI_CFGI: 1,
});

export const iommu_hw_info_vtd = struct(
  'iommu_hw_info_vtd',
  0x18,
  { flags: u32.flagsOf(iommu_hw_info_vtd_flags), __reserved: rsvd(u32), cap_reg: u64, ecap_reg: u64 },
  UAPI_IOMMUFD,
);

export const iommu_hw_info_arm_smmuv3 = struct(
  'iommu_hw_info_arm_smmuv3',
  0x28,
  {
    flags: u32.flagsOf(iommu_hw_info_arm_smmuv3_flags),
    __reserved: rsvd(u32),
    idr: array(u32, 6),
    iidr: u32,
    aidr: u32,
  },
  UAPI_IOMMUFD,
);

export const iommu_hw_info_tegra241_cmdqv = struct(
  'iommu_hw_info_tegra241_cmdqv',
  0x8,
  { flags: u32, version: u8, log2vcmdqs: u8, log2vsids: u8, __reserved: rsvd(1) },
  UAPI_IOMMUFD,
);

export const iommu_hw_info_amd = struct('iommu_hw_info_amd', 0x10, { efr: u64, efr2: u64 }, UAPI_IOMMUFD);

export const iommu_hw_info = versions({
  'linux-6.12': struct(
    'iommu_hw_info',
    0x28,
    {
      size: u32,
      flags: u32.flagsOf(iommufd_hw_info_flags),
      dev_id: u32,
      data_len: u32,
      data_uptr: u64,
      out_data_type: u32.as(iommu_hw_info_type),
      out_max_pasid_log2: u8,
      __reserved: rsvd(3),
      out_capabilities: u64.flagsOf(iommufd_hw_capabilities),
    },
    UAPI_IOMMUFD_6_12,
  ),
  'linux-7.3': struct(
    'iommu_hw_info',
    0x28,
    {
      size: u32,
      flags: u32.flagsOf(iommufd_hw_info_flags),
      dev_id: u32,
      data_len: u32,
      data_uptr: u64,
      data_type: anon(
        union(
          { in_data_type: u32.as(iommu_hw_info_type), out_data_type: u32.as(iommu_hw_info_type) },
          { otherwise: 'out_data_type' },
        ),
      ),
      out_max_pasid_log2: u8,
      __reserved: rsvd(3),
      out_capabilities: u64.flagsOf(iommufd_hw_capabilities),
    },
    UAPI_IOMMUFD,
  ),
});
