import { enumeration, rsvd, u32, u64 } from '../../layout/scalar.js';
import { struct } from '../../layout/struct.js';
import { UAPI_IOMMUFD } from '../origin.js';

// iommufd: I/O page faults. include/uapi/linux/iommufd.h.

export const iommu_hwpt_pgfault_flags = enumeration('iommu_hwpt_pgfault_flags', {
  IOMMU_PGFAULT_FLAGS_PASID_VALID: 1,
  IOMMU_PGFAULT_FLAGS_LAST_PAGE: 2,
});

export const iommu_hwpt_pgfault_perm = enumeration('iommu_hwpt_pgfault_perm', {
  IOMMU_PGFAULT_PERM_READ: 1,
  IOMMU_PGFAULT_PERM_WRITE: 2,
  IOMMU_PGFAULT_PERM_EXEC: 4,
  IOMMU_PGFAULT_PERM_PRIV: 8,
});

export const iommufd_page_response_code = enumeration('iommufd_page_response_code', {
  IOMMUFD_PAGE_RESP_SUCCESS: 0,
  IOMMUFD_PAGE_RESP_INVALID: 1,
});

export const iommu_hwpt_pgfault = struct(
  'iommu_hwpt_pgfault',
  0x28,
  {
    flags: u32.flagsOf(iommu_hwpt_pgfault_flags),
    dev_id: u32,
    pasid: u32,
    grpid: u32,
    perm: u32.flagsOf(iommu_hwpt_pgfault_perm),
    __reserved: rsvd(u32),
    addr: u64,
    length: u32,
    cookie: u32,
  },
  UAPI_IOMMUFD,
);

export const iommu_hwpt_page_response = struct(
  'iommu_hwpt_page_response',
  0x8,
  { cookie: u32, code: u32.as(iommufd_page_response_code) },
  UAPI_IOMMUFD,
);

export const iommu_fault_alloc = struct(
  'iommu_fault_alloc',
  0x10,
  { size: u32, flags: u32, out_fault_id: u32, out_fault_fd: u32 },
  UAPI_IOMMUFD,
);
