import type { Origin } from '../layout/types.js';

// Files of Linux 7.3.
export const HVGDK_MINI: Origin = { from: 'include/hyperv/hvgdk_mini.h', version: 'linux-7.3' };
export const HVGDK: Origin = { from: 'include/hyperv/hvgdk.h', version: 'linux-7.3' };
export const HVGDK_EXT: Origin = { from: 'include/hyperv/hvgdk_ext.h', version: 'linux-7.3' };
export const HVHDK: Origin = { from: 'include/hyperv/hvhdk.h', version: 'linux-7.3' };
export const HVHDK_MINI: Origin = { from: 'include/hyperv/hvhdk_mini.h', version: 'linux-7.3' };
export const LINUX_HYPERV: Origin = { from: 'include/linux/hyperv.h', version: 'linux-7.3' };
export const UAPI_HYPERV: Origin = { from: 'include/uapi/linux/hyperv.h', version: 'linux-7.3' };
export const UAPI_UUID: Origin = { from: 'include/uapi/linux/uuid.h', version: 'linux-7.3' };
export const HYPERV_VMBUS: Origin = { from: 'drivers/hv/hyperv_vmbus.h', version: 'linux-7.3' };
export const PCI_HYPERV: Origin = { from: 'drivers/pci/controller/pci-hyperv.c', version: 'linux-7.3' };
export const UAPI_MSHV: Origin = { from: 'include/uapi/linux/mshv.h', version: 'linux-7.3' };
export const UAPI_IOMMUFD: Origin = { from: 'include/uapi/linux/iommufd.h', version: 'linux-7.3' };

// Masks of Linux 6.14, where the last of these names came in.
export const ARM_SMMU_V3: Origin = {
  from: 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h',
  version: 'linux-6.14',
  note: 'macros, read and not compiled',
};

// Declared for arm64 only.
export const HVGDK_MINI_ARM64: Origin = { ...HVGDK_MINI, note: 'arm64 only' };
export const HVHDK_ARM64: Origin = { ...HVHDK, note: 'arm64 only' };

// Files of Linux 6.12.
export const HYPERV_TLFS_6_12: Origin = { from: 'include/asm-generic/hyperv-tlfs.h', version: 'linux-6.12' };
export const LINUX_HYPERV_6_12: Origin = { from: 'include/linux/hyperv.h', version: 'linux-6.12' };
export const UAPI_IOMMUFD_6_12: Origin = { from: 'include/uapi/linux/iommufd.h', version: 'linux-6.12' };

// Series on the kernel mailing lists; dates are those of the mails.
export const SERIES_RFC_2021: Origin = {
  from: 'asm-generic/hyperv-tlfs.h as patched by RFC v1 2021',
  version: 'series-rfc-2021',
  note: 'device domain RFC v1, 9 Jul 2021; also in the OHCL and CBL-Mariner 5.15 trees',
};
export const SERIES_2024: Origin = {
  from: 'uapi/linux/iommufd.h as patched by the 2024 series',
  version: 'series-2024',
  note: 'iommufd set_vdev_id v1/v2 and vIRQ v1 to v3, 2024; never merged',
};
export const SERIES_PVIOMMU_RFC: Origin = {
  from: 'hvhdk_mini.h as patched by pvIOMMU guest RFC v1',
  version: 'series-pviommu-rfc',
  note: '9 Dec 2025',
};
export const SERIES_ROOT: Origin = {
  from: 'hvhdk_mini.h as patched by PCI passthru Part I V3',
  version: 'series-root',
  note: 'V1 to V3, 21 Apr to 11 May 2026: one layout',
};
export const SERIES_ROOT_UAPI: Origin = {
  from: 'uapi/linux/mshv.h as patched by Part I V3',
  version: 'series-root',
  note: 'V1 to V3, 21 Apr to 11 May 2026',
};
export const SERIES_PASSTHRU_2: Origin = {
  from: 'hvhdk.h as patched by Part II V1',
  version: 'series-passthru-2',
  note: '11 May 2026',
};
export const SERIES_PVIOMMU_V2: Origin = {
  from: 'hvhdk_mini.h as patched by pvIOMMU guest v1 and v2',
  version: 'series-pviommu-v2',
  note: '11 May and 2 Jul 2026',
};
export const SERIES_PVIOMMU: Origin = {
  from: 'hvhdk_mini.h as patched by the pvIOMMU guest series (newest)',
  version: 'series-pviommu',
  note: 'intel-lab-lkp 2db303476de5, after v2 of 2 Jul 2026',
};
export const CBL_MARINER: Origin = {
  from: 'microsoft/CBL-Mariner-Linux-Kernel a3cc8aa95cc1',
  version: 'cbl-mariner',
};

// Documents and other implementations.
export const TLFS: Origin = { from: 'Hypervisor Top Level Functional Specification', version: 'tlfs' };
