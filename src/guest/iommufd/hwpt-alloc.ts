import { iommu_hwpt_data_type, iommufd_hwpt_alloc_flags } from '../../abi/iommufd/hwpt.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { ObjectTable } from './object-table.js';
import type { Device, Fault, Hwpt, IommufdObject } from './objects.js';

// HWPT objects: drivers/iommu/iommufd/hw_pagetable.c, as of Linux 7.0 (which error comes first, too).

export interface HwptRequest {
  /** iommufd_hwpt_alloc_flags. */
  readonly flags?: number;
  readonly deviceId: number;
  /** An IOAS, a page table that may be a parent, or a VIOMMU. */
  readonly ptId: number;
  /** Read when the flags say so. */
  readonly faultId?: number;
  /** iommu_hwpt_data_type, and the bytes of the driver's structure: a nested page table has one. */
  readonly dataType?: number;
  readonly dataLength?: number;
}

const {
  IOMMU_HWPT_ALLOC_NEST_PARENT,
  IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
  IOMMU_HWPT_FAULT_ID_VALID,
  IOMMU_HWPT_ALLOC_PASID,
} = iommufd_hwpt_alloc_flags;
const NESTED_FLAGS = IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID;
const PAGING_FLAGS = IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING | NESTED_FLAGS;
const NO_DATA = iommu_hwpt_data_type.IOMMU_HWPT_DATA_NONE;

type Base = Hwpt['on'];

/**
 * A page table on what `ptId` names; it keeps that, and its fault queue, from being destroyed. EINVAL, as Linux has it, for a
 * `ptId` that names nothing, that of a dead VDEVICE too: of all requests this alone does not say ENOENT then (VIO-04).
 */
export function allocHwpt(table: ObjectTable, request: HwptRequest): Outcome<Hwpt> {
  const { flags = 0, dataType = NO_DATA, dataLength = 0 } = request;
  if ((dataType === NO_DATA) !== (dataLength === 0)) return failure('EINVAL');
  const device = table.find('device', request.deviceId);
  if (device === undefined) return failure('ENOENT');
  const base = baseOf(table.any(request.ptId));
  if (base === undefined) return failure('EINVAL');
  const allowed = base.kind === 'ioas' ? mayPage(device, request) : mayNest(device, base, request);
  if (!allowed.ok) return allowed;
  const fault = faultOf(table, request);
  if (!fault.ok) return fault;
  const iommu = device.physical.iommu;
  const made = table.add<'hwpt'>((id) => ({
    kind: 'hwpt',
    id,
    users: 0,
    iommu,
    nestParent: (flags & IOMMU_HWPT_ALLOC_NEST_PARENT) !== 0,
    automatic: false,
    on: base,
    fault: fault.value,
  }));
  if (!made.ok) return made;
  base.users++;
  if (fault.value !== undefined) fault.value.users++;
  return made;
}

/** What a page table may be made on: not a nested one. */
function baseOf(object: IommufdObject | undefined): Base | undefined {
  if (object?.kind === 'hwpt') return object.on.kind === 'ioas' ? object : undefined;
  return object?.kind === 'ioas' || object?.kind === 'viommu' ? object : undefined;
}

function mayPage(device: Device, { flags = 0, dataLength = 0 }: HwptRequest): Outcome {
  const isTracking = (flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING) !== 0;
  const isParentWithFaults = (flags & IOMMU_HWPT_FAULT_ID_VALID) !== 0 && (flags & IOMMU_HWPT_ALLOC_NEST_PARENT) !== 0;
  if ((flags & ~PAGING_FLAGS) !== 0 || isParentWithFaults) return failure('EOPNOTSUPP');
  if (isTracking && device.physical.iommu.dirtyTracking !== true) return failure('EOPNOTSUPP');
  // No driver takes a structure of its own for a page table that is not nested.
  if (dataLength !== 0) return failure('EOPNOTSUPP');
  return success(undefined);
}

function mayNest(device: Device, base: Exclude<Base, { kind: 'ioas' }>, request: HwptRequest): Outcome {
  const { flags = 0, dataType, dataLength = 0 } = request;
  const { iommu } = device.physical;
  if (base.kind === 'viommu' && base.iommu !== iommu) return failure('EINVAL');
  if ((flags & ~NESTED_FLAGS) !== 0 || dataLength === 0) return failure('EOPNOTSUPP');
  if (base.kind === 'hwpt' && iommu.nestsOnPageTables !== true) return failure('EOPNOTSUPP');
  if (base.kind === 'hwpt' && (!base.nestParent || base.iommu !== iommu)) return failure('EINVAL');
  // The driver's part: flags that it does not have, then a structure of another kind, or less than the whole of it.
  const { nestedData, nestedPasid } = iommu;
  if ((flags & IOMMU_HWPT_ALLOC_PASID) !== 0 && nestedPasid !== true) return failure('EOPNOTSUPP');
  if (nestedData !== undefined && (dataType !== nestedData.type || dataLength < nestedData.bytes))
    return failure('EINVAL');
  return success(undefined);
}

function faultOf(table: ObjectTable, { flags = 0, faultId = 0 }: HwptRequest): Outcome<Fault | undefined> {
  if ((flags & IOMMU_HWPT_FAULT_ID_VALID) === 0) return success(undefined);
  const fault = table.find('fault', faultId);
  return fault === undefined ? failure('ENOENT') : success(fault);
}
