import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { ObjectTable } from './object-table.js';
import type { Device, Fault, Hwpt, Ioas } from './objects.js';
import { answerAll, OutstandingRequests } from './outstanding-requests.js';
import type { PageAnswer, PageRequest } from './page-request.js';
import type { PhysicalDevice, PhysicalIommu } from './physical.js';
import { buryVdevice, requireUnlocked } from './viommu-alloc.js';

// DEVICE objects: what VFIO does for a device of the host. drivers/iommu/iommufd/device.c, as of Linux 7.0.

/** Bound devices by IOMMU and StreamID. */
export class DeviceBindings {
  private readonly table: ObjectTable;
  private readonly maxOutstandingRequests: number | undefined;
  private readonly byStream = new Map<PhysicalIommu, Map<number, Device>>();

  constructor(table: ObjectTable, maxOutstandingRequests?: number) {
    this.table = table;
    this.maxOutstandingRequests = maxOutstandingRequests;
  }

  /** The bound device of a StreamID. */
  find(iommu: PhysicalIommu, streamId: number): Device | undefined {
    return this.byStream.get(iommu)?.get(streamId);
  }

  /** EBUSY for a device that is bound: in Linux VFIO does not let it come to that. */
  bind(physical: PhysicalDevice): Outcome<Device> {
    const streams = this.byStream.get(physical.iommu) ?? new Map<number, Device>();
    if (streams.has(physical.streamId)) return failure('EBUSY');
    const made = this.table.add<'device'>((id) => ({
      kind: 'device',
      id,
      // Whoever bound it is its first user: only unbinding makes it go.
      users: 1,
      physical,
      hwpt: undefined,
      vdevice: undefined,
      destroying: false,
      requests: new OutstandingRequests(this.maxOutstandingRequests),
    }));
    if (!made.ok) return made;
    this.byStream.set(physical.iommu, streams.set(physical.streamId, made.value));
    return made;
  }

  /** Detaches the device, destroys its VDEVICE by force, frees its id (VIO-04). */
  unbind(device: Device): Outcome {
    // Answers to page faults run while the device goes: what they ask for finds it gone.
    if (device.destroying) return failure('ENOENT');
    if (device.vdevice !== undefined) requireUnlocked(device.vdevice.viommu);
    device.destroying = true;
    detach(this.table, device);
    if (device.vdevice !== undefined) buryVdevice(this.table, device.vdevice);
    this.byStream.get(device.physical.iommu)?.delete(device.physical.streamId);
    this.table.remove(device.id);
    return success(undefined);
  }
}

/** Attaches to a page table, or moves there; on an IOAS to a page table that is made for it. */
export function attach(table: ObjectTable, device: Device, ptId: number): Outcome<Hwpt> {
  if (device.destroying) return failure('ENOENT');
  const target = table.any(ptId);
  if (target === undefined) return failure('ENOENT');
  if (target.kind !== 'hwpt' && target.kind !== 'ioas') return failure('EINVAL');
  const found = target.kind === 'hwpt' ? success(target) : automaticHwpt(table, device, target);
  if (!found.ok) return found;
  const hwpt = found.value;
  if (hwpt.iommu !== device.physical.iommu) return failure('EINVAL');
  if (hwpt === device.hwpt) return found;
  moveTo(table, device, hwpt);
  return found;
}

/** Takes the device off its page table; its page faults are answered (VIO-65). */
export function detach(table: ObjectTable, device: Device): void {
  moveTo(table, device, undefined);
}

// The new page table is in place before the first answer runs: what that reports goes there.
function moveTo(table: ObjectTable, device: Device, hwpt: Hwpt | undefined): void {
  const { hwpt: old } = device;
  if (hwpt !== undefined) hwpt.users++;
  device.hwpt = hwpt;
  const incomplete = device.requests.takeIncomplete();
  if (old === undefined) return;
  old.users--;
  if (old.automatic && old.users === 0) {
    old.on.users--;
    table.remove(old.id);
  }
  old.fault?.queue.dropDevice(device.id);
  answerAll(incomplete, 'invalid');
}

function automaticHwpt(table: ObjectTable, device: Device, ioas: Ioas): Outcome<Hwpt> {
  const iommu = device.physical.iommu;
  for (const object of table.all)
    if (object.kind === 'hwpt' && object.automatic && object.on === ioas && object.iommu === iommu)
      return success(object);
  const made = table.add<'hwpt'>((id) => ({
    kind: 'hwpt',
    id,
    users: 0,
    iommu,
    nestParent: false,
    automatic: true,
    on: ioas,
    fault: undefined,
  }));
  if (made.ok) ioas.users++;
  return made;
}

/**
 * A page request of a device: its group goes to the fault queue of its page table once it is complete. With the request answered:
 * EINVAL where nobody handles page faults (VIO-24), or those with a PASID; ENOMEM where too many of the device wait.
 */
export function reportPageRequest(device: Device, request: PageRequest, answer: (answer: PageAnswer) => void): Outcome {
  const fault = handlerOf(device, request)?.queue;
  if (fault === undefined) {
    answer('invalid');
    return failure('EINVAL');
  }
  const taken = device.requests.take(request, answer);
  if (!taken.ok) return taken;
  const group = taken.value;
  if (group === undefined) return success(undefined);
  return fault.report({
    deviceId: device.id,
    requests: group.map((one) => one.request),
    answer: (given) => answerAll(group, given),
  });
}

// find_fault_handler in drivers/iommu/io-pgfault.c. Nothing is attached to a PASID here, so one means something to the guest's own
// table alone, which is in front of a nested page table.
function handlerOf({ hwpt }: Device, { pasid }: PageRequest): Fault | undefined {
  return pasid !== undefined && hwpt?.on.kind === 'ioas' ? undefined : hwpt?.fault;
}
