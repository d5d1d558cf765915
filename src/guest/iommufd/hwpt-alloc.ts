import { iommufd_hwpt_alloc_flags } from '../../abi/iommufd/hwpt.js';
import { failure, type Outcome } from '../../ports/outcome.js';
import type { ObjectTable } from './object-table.js';
import type { Hwpt } from './objects.js';

// HWPT objects. drivers/iommu/iommufd/hw_pagetable.c.

export interface HwptRequest {
  /** iommufd_hwpt_alloc_flags. */
  readonly flags?: number;
  readonly deviceId: number;
  /** An IOAS, a page table that may be a parent, or a VIOMMU. */
  readonly ptId: number;
  /** Read when the flags say so. */
  readonly faultId?: number;
}

const {
  IOMMU_HWPT_ALLOC_NEST_PARENT,
  IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
  IOMMU_HWPT_FAULT_ID_VALID,
  IOMMU_HWPT_ALLOC_PASID,
} = iommufd_hwpt_alloc_flags;
const KNOWN_FLAGS =
  IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID;
const NESTED_FLAGS = IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID;

/** A page table on what `ptId` names; it keeps that, and its fault queue, from being destroyed. */
export function allocHwpt(table: ObjectTable, request: HwptRequest): Outcome<Hwpt> {
  const flags = request.flags ?? 0;
  const nestParent = (flags & IOMMU_HWPT_ALLOC_NEST_PARENT) !== 0;
  const withFault = (flags & IOMMU_HWPT_FAULT_ID_VALID) !== 0;
  if ((flags & ~KNOWN_FLAGS) !== 0 || (nestParent && withFault)) return failure('EOPNOTSUPP');
  const device = table.find('device', request.deviceId);
  const on = table.any(request.ptId);
  if (device === undefined || on === undefined) return failure('ENOENT');
  if (on.kind !== 'ioas' && on.kind !== 'hwpt' && on.kind !== 'viommu') return failure('EINVAL');
  if (on.kind !== 'ioas') {
    if ((flags & ~NESTED_FLAGS) !== 0) return failure('EOPNOTSUPP');
    if (on.iommu !== device.physical.iommu) return failure('EINVAL');
    if (on.kind === 'hwpt' && !on.nestParent) return failure('EINVAL');
  }
  const fault = withFault ? table.find('fault', request.faultId ?? 0) : undefined;
  if (withFault && fault === undefined) return failure('ENOENT');
  const iommu = device.physical.iommu;
  const made = table.add<'hwpt'>((id) => ({
    kind: 'hwpt',
    id,
    users: 0,
    iommu,
    nestParent,
    automatic: false,
    on,
    fault,
  }));
  if (!made.ok) return made;
  on.users++;
  if (fault !== undefined) fault.users++;
  return made;
}
