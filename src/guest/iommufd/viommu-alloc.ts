import { iommu_veventq_type, iommu_viommu_type } from '../../abi/iommufd/viommu.js';
import { failure, type Outcome } from '../../ports/outcome.js';
import type { ObjectTable } from './object-table.js';
import type { Vdevice, Veventq, Viommu } from './objects.js';
import { VeventQueue, type VeventQueueOptions } from './vevent-queue.js';
import { vdevicesLocked } from './viommu-handle.js';

// VIOMMU, VDEVICE and VEVENTQ objects: drivers/iommu/iommufd/viommu.c and eventq.c, as of Linux 7.0 (which error comes first,
// too).

export interface ViommuRequest {
  readonly flags?: number;
  /** iommu_viommu_type. */
  readonly type: number;
  readonly deviceId: number;
  readonly hwptId: number;
}

export interface VdeviceRequest {
  readonly viommuId: number;
  readonly deviceId: number;
  readonly virtId: bigint;
}

export interface VeventqRequest {
  readonly flags?: number;
  readonly reserved?: number;
  readonly viommuId: number;
  /** iommu_veventq_type. */
  readonly type: number;
  /** Events. */
  readonly depth: number;
}

/** A slice of the physical IOMMU of a device, on a page table that may be a parent (VIO-02). */
export function allocViommu(table: ObjectTable, request: ViommuRequest): Outcome<Viommu> {
  const { flags = 0, type } = request;
  if (flags !== 0 || type === iommu_viommu_type.IOMMU_VIOMMU_TYPE_DEFAULT) return failure('EOPNOTSUPP');
  const device = table.find('device', request.deviceId);
  if (device === undefined) return failure('ENOENT');
  const iommu = device.physical.iommu;
  if (!iommu.viommuTypes.includes(type)) return failure('EOPNOTSUPP');
  const hwpt = table.find('hwpt', request.hwptId);
  if (hwpt === undefined || hwpt.on.kind !== 'ioas') return failure('ENOENT');
  if (!hwpt.nestParent || hwpt.iommu !== iommu) return failure('EINVAL');
  const made = table.add<'viommu'>((id) => ({
    kind: 'viommu',
    id,
    users: 0,
    type,
    iommu,
    hwpt,
    vdevices: new Map(),
    byDevice: new Map(),
    queues: new Map(),
  }));
  if (made.ok) hwpt.users++;
  return made;
}

/** A device's virtual id on a virtual IOMMU (VIO-03). */
export function allocVdevice(table: ObjectTable, request: VdeviceRequest): Outcome<Vdevice> {
  const viommu = table.find('viommu', request.viommuId);
  const device = table.find('device', request.deviceId);
  if (viommu === undefined || device === undefined) return failure('ENOENT');
  if (device.physical.iommu !== viommu.iommu) return failure('EINVAL');
  if (request.virtId < 0n || request.virtId >> BigInt(viommu.iommu.virtIdBits) !== 0n) return failure('EINVAL');
  if (device.destroying) return failure('ENOENT');
  if (device.vdevice !== undefined || viommu.vdevices.has(request.virtId)) return failure('EEXIST');
  requireUnlocked(viommu);
  const made = table.add<'vdevice'>((id) => ({
    kind: 'vdevice',
    id,
    users: 0,
    viommu,
    device,
    virtId: request.virtId,
  }));
  if (!made.ok) return made;
  viommu.users++;
  viommu.vdevices.set(request.virtId, made.value);
  viommu.byDevice.set(device.physical, made.value);
  device.vdevice = made.value;
  return made;
}

/** Takes the virtual id away from its device. */
export function releaseVdevice(vdevice: Vdevice): void {
  const { viommu, device } = vdevice;
  requireUnlocked(viommu);
  viommu.vdevices.delete(vdevice.virtId);
  viommu.byDevice.delete(device.physical);
  viommu.users--;
  device.vdevice = undefined;
}

/** Releases a VDEVICE whose device goes; its id stays dead until it is destroyed. */
export function buryVdevice(table: ObjectTable, vdevice: Vdevice): void {
  releaseVdevice(vdevice);
  table.bury(vdevice.id);
}

/** The queue of one type of events (VIO-40), whether the driver reports any of that type or not; at most `maxDepth` events. */
export function allocVeventq(
  table: ObjectTable,
  request: VeventqRequest,
  maxDepth: number,
  options?: VeventQueueOptions,
): Outcome<Veventq> {
  const { flags = 0, reserved = 0, type, depth } = request;
  if (flags !== 0 || reserved !== 0 || type === iommu_veventq_type.IOMMU_VEVENTQ_TYPE_DEFAULT)
    return failure('EOPNOTSUPP');
  if (depth === 0 || depth > maxDepth) return failure('EINVAL');
  const viommu = table.find('viommu', request.viommuId);
  if (viommu === undefined) return failure('ENOENT');
  if (viommu.queues.has(type)) return failure('EEXIST');
  const queue = new VeventQueue(type, depth, options);
  const made = table.add<'veventq'>((id) => ({ kind: 'veventq', id, users: 0, viommu, queue }));
  if (!made.ok) return made;
  viommu.users++;
  viommu.queues.set(type, made.value);
  return made;
}

/** Throws where a driver changes the virtual devices in the middle of a lookup: Linux would wait for itself for ever. */
export function requireUnlocked(viommu: Viommu): void {
  if (vdevicesLocked(viommu)) throw new Error('a lookup holds the lock of the virtual devices');
}
