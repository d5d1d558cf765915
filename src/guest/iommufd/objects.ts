import type { FaultQueue } from './fault-queue.js';
import type { OutstandingRequests } from './outstanding-requests.js';
import type { PhysicalDevice, PhysicalIommu } from './physical.js';
import type { VeventQueue } from './vevent-queue.js';

// The objects of one iommufd context; only this folder sees them (VIO-09).

interface Counted {
  readonly id: number;
  /** Objects that need this one: it cannot be destroyed before them. */
  users: number;
}

export interface Ioas extends Counted {
  readonly kind: 'ioas';
}

/** A device of the host, bound to the context: the identity of page faults (VIO-01). */
export interface Device extends Counted {
  readonly kind: 'device';
  readonly physical: PhysicalDevice;
  hwpt: Hwpt | undefined;
  vdevice: Vdevice | undefined;
  destroying: boolean;
  readonly requests: OutstandingRequests;
}

/** A hardware page table: on an IOAS, or the first stage on a parent, which a virtual IOMMU may stand for. */
export interface Hwpt extends Counted {
  readonly kind: 'hwpt';
  readonly iommu: PhysicalIommu;
  readonly nestParent: boolean;
  /** Made by attaching a device to an IOAS, and gone with the last one. */
  readonly automatic: boolean;
  readonly on: Ioas | Hwpt | Viommu;
  readonly fault: Fault | undefined;
}

/** A slice of one physical IOMMU for one virtual machine. */
export interface Viommu extends Counted {
  readonly kind: 'viommu';
  readonly type: number;
  readonly iommu: PhysicalIommu;
  readonly hwpt: Hwpt;
  /** By virtual id, and by device. */
  readonly vdevices: Map<bigint, Vdevice>;
  readonly byDevice: Map<PhysicalDevice, Vdevice>;
  readonly queues: Map<number, Veventq>;
}

/** A device on a virtual IOMMU: the identity of its events (VIO-01). */
export interface Vdevice extends Counted {
  readonly kind: 'vdevice';
  readonly viommu: Viommu;
  readonly device: Device;
  readonly virtId: bigint;
}

export interface Veventq extends Counted {
  readonly kind: 'veventq';
  readonly viommu: Viommu;
  readonly queue: VeventQueue;
}

export interface Fault extends Counted {
  readonly kind: 'fault';
  readonly queue: FaultQueue;
}

export type IommufdObject = Ioas | Device | Hwpt | Viommu | Vdevice | Veventq | Fault;
export type ObjectKind = IommufdObject['kind'];
export type ObjectOf<K extends ObjectKind> = Extract<IommufdObject, { kind: K }>;
