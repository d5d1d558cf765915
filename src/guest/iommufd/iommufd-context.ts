import { failure, type Outcome, success } from '../../ports/outcome.js';
import { attach, DeviceBindings, detach, reportPageRequest } from './device-binding.js';
import { FaultQueue, type FaultQueueOptions } from './fault-queue.js';
import { allocHwpt, type HwptRequest } from './hwpt-alloc.js';
import { ObjectTable } from './object-table.js';
import type { Device, IommufdObject, ObjectKind } from './objects.js';
import type { PageAnswer, PageRequest } from './page-request.js';
import type { PhysicalDevice, PhysicalIommu } from './physical.js';
import type { VeventQueue, VeventQueueOptions } from './vevent-queue.js';
import {
  allocVdevice,
  allocVeventq,
  allocViommu,
  releaseVdevice,
  requireUnlocked,
  type VdeviceRequest,
  type VeventqRequest,
  type ViommuRequest,
} from './viommu-alloc.js';
import { handleOf, type ViommuHandle } from './viommu-handle.js';

/**
 * Events that a vEVENTQ may keep unless the context says otherwise: VEVENTQ_MAX_DEPTH in drivers/iommu/iommufd/eventq.c. Up to
 * Linux 7.0 there was no bound.
 */
export const MAX_VEVENTQ_DEPTH = 1 << 19;

export interface IommufdOptions {
  /** Events. */
  readonly maxVeventqDepth?: number;
  /**
   * Page requests of one device that may wait for their answer; what comes on top is answered `invalid`. No group has more messages,
   * so a buffer of that many always gets on with its queue (VIO-61).
   */
  readonly maxOutstandingRequests?: number;
  /**
   * What destroying a dead id does: it frees the id, once (VIO-04); or, as Linux since 6.17 has it (iommufd_object_remove),
   * ENOENT for ever, and the id is free when the context closes.
   */
  readonly deadIds?: 'destroyable' | 'kept';
}

/** What a driver that reports events needs to know of a bound device. */
export interface BoundDevice {
  /** Id of the DEVICE object. */
  readonly id: number;
  readonly physical: PhysicalDevice;
  /** The virtual IOMMU that the page table of the device is nested on. */
  readonly viommu: ViommuHandle | undefined;
}

/** One open /dev/iommu: objects by u32 ids, ascending from 1, the lowest free one first. Ids are of this context alone. */
export class IommufdContext {
  private readonly table = new ObjectTable();
  private readonly bindings: DeviceBindings;
  private readonly maxDepth: number;
  private readonly keepsDeadIds: boolean;
  private holders = 0;
  private closing = false;

  constructor(options: IommufdOptions = {}) {
    this.bindings = new DeviceBindings(this.table, options.maxOutstandingRequests);
    this.maxDepth = options.maxVeventqDepth ?? MAX_VEVENTQ_DEPTH;
    this.keepsDeadIds = options.deadIds === 'kept';
  }

  /** Ids in use. */
  get taken(): number {
    return this.table.taken;
  }

  /** The kind of an object; undefined for ids that are free or dead. */
  kindOf(id: number): ObjectKind | undefined {
    return this.table.any(id)?.kind;
  }

  /** A new address space: its id. */
  allocIoas(): Outcome<number> {
    return this.make(() => this.table.add<'ioas'>((id) => ({ kind: 'ioas', id, users: 0 })));
  }

  /** A new page-fault queue: its id. */
  allocFault(options?: FaultQueueOptions): Outcome<number> {
    return this.make(() =>
      this.table.add<'fault'>((id) => ({ kind: 'fault', id, users: 0, queue: new FaultQueue(options) })),
    );
  }

  allocHwpt(request: HwptRequest): Outcome<number> {
    return this.make(() => allocHwpt(this.table, request));
  }

  allocViommu(request: ViommuRequest): Outcome<number> {
    return this.make(() => allocViommu(this.table, request));
  }

  allocVdevice(request: VdeviceRequest): Outcome<number> {
    return this.make(() => allocVdevice(this.table, request));
  }

  allocVeventq(request: VeventqRequest, options?: VeventQueueOptions): Outcome<number> {
    return this.make(() => allocVeventq(this.table, request, this.maxDepth, options));
  }

  /** Binds a device of the host: the id of its DEVICE. EBUSY when it is bound. */
  bindDevice(physical: PhysicalDevice): Outcome<number> {
    return this.make(() => this.bindings.bind(physical));
  }

  /** Detaches and unbinds; the VDEVICE goes by force and leaves its id dead (VIO-04). */
  unbindDevice(deviceId: number): Outcome {
    return this.withDevice(deviceId, (device) => this.bindings.unbind(device));
  }

  /** Attaches a device to a HWPT or an IOAS, from wherever it is: the id of its page table. */
  attachDevice(deviceId: number, ptId: number): Outcome<number> {
    return this.withDevice(deviceId, (device) => idOf(attach(this.table, device, ptId)));
  }

  detachDevice(deviceId: number): Outcome {
    return this.withDevice(deviceId, (device) => {
      detach(this.table, device);
      return success(undefined);
    });
  }

  /** ENOENT for ids that are free, EBUSY for objects that others need (VIO-04). */
  destroy(id: number): Outcome {
    const object = this.table.any(id);
    if (object === undefined)
      return !this.keepsDeadIds && this.table.clearTombstone(id) ? success(undefined) : failure('ENOENT');
    if (object.users > 0) return failure('EBUSY');
    if (object.kind === 'vdevice') requireUnlocked(object.viommu);
    this.table.remove(id);
    release(object);
    return success(undefined);
  }

  /** One more user of an object, such as an open descriptor: the object and the context stay until that one lets go. */
  hold(id: number): Outcome<{ letGo(): void }> {
    const object = this.table.any(id);
    if (object === undefined) return failure('ENOENT');
    object.users++;
    this.holders++;
    let held = true;
    const letGo = (): void => {
      if (!held) return;
      held = false;
      object.users--;
      this.holders--;
      if (this.closing) this.release();
    };
    return success({ letGo });
  }

  /**
   * The last descriptor of /dev/iommu closes, and those of VFIO: devices are unbound, nothing new is made (EBADF). As open queues
   * have the context open, all else goes with the last of them (iommufd_ctx_get in iommufd_eventq_init). The ids of what is left.
   */
  close(): number[] {
    this.closing = true;
    for (const { kind, id } of this.table.all) if (kind === 'device') this.unbindDevice(id);
    this.release();
    return this.table.all.map(({ id }) => id);
  }

  /** The file of a page-fault queue. */
  faultFile(id: number): FaultQueue | undefined {
    return this.table.find('fault', id)?.queue;
  }

  /** The file of a vEVENTQ. */
  veventFile(id: number): VeventQueue | undefined {
    return this.table.find('veventq', id)?.queue;
  }

  /** What the driver of the physical IOMMU gets of a virtual one. */
  viommu(id: number): ViommuHandle | undefined {
    const viommu = this.table.find('viommu', id);
    return viommu === undefined ? undefined : handleOf(viommu);
  }

  /** The bound device of a StreamID. */
  deviceOf(iommu: PhysicalIommu, streamId: number): BoundDevice | undefined {
    const device = this.bindings.find(iommu, streamId);
    if (device === undefined) return undefined;
    const on = device.hwpt?.on;
    return {
      id: device.id,
      physical: device.physical,
      viommu: on?.kind === 'viommu' ? handleOf(on) : undefined,
    };
  }

  /**
   * A page request of a device; `answer` is called once, perhaps before this returns (VIO-24, VIO-67). ENOMEM when more requests
   * of the device wait than may.
   */
  reportPageRequest(deviceId: number, request: PageRequest, answer: (answer: PageAnswer) => void): Outcome {
    return this.withDevice(deviceId, (device) => reportPageRequest(device, request, answer));
  }

  /** iommufd_fops_release: what nobody uses goes, then what it used. */
  private release(): void {
    if (this.holders > 0) return;
    for (let gone = true; gone; ) gone = this.table.all.filter(({ id }) => this.destroy(id).ok).length > 0;
    this.table.clearTombstones();
  }

  private make(alloc: () => Outcome<{ readonly id: number }>): Outcome<number> {
    return this.closing ? failure('EBADF') : idOf(alloc());
  }

  private withDevice<T>(id: number, act: (device: Device) => Outcome<T>): Outcome<T> {
    const device = this.table.find('device', id);
    return device === undefined ? failure('ENOENT') : act(device);
  }
}

function idOf(made: Outcome<{ readonly id: number }>): Outcome<number> {
  return made.ok ? success(made.value.id) : made;
}

/** Lets go of what an object held. */
function release(object: IommufdObject): void {
  switch (object.kind) {
    case 'ioas':
    case 'device':
      return;
    case 'hwpt':
      object.on.users--;
      if (object.fault !== undefined) object.fault.users--;
      return;
    case 'viommu':
      object.hwpt.users--;
      return;
    case 'vdevice':
      releaseVdevice(object);
      return;
    case 'veventq':
      object.viommu.users--;
      object.viommu.queues.delete(object.queue.type);
      object.queue.destroy();
      return;
    case 'fault':
      object.queue.destroy();
  }
}
