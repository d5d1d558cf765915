import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { Viommu } from './objects.js';
import type { PhysicalDevice } from './physical.js';

/** Both directions between a device and its virtual id, in one virtual IOMMU. */
export interface VdeviceLookup {
  /** The device with this virtual id, or null (VIO-06). */
  findDevice(virtId: bigint): PhysicalDevice | null;
  /** The virtual id of a device: ENOENT where it has none here, EINVAL without a device (VIO-07). 0 is an id. */
  vdevId(device: PhysicalDevice | null): Outcome<bigint>;
}

/** All that a driver sees of a virtual IOMMU: no object of iommufd behind it (VIO-09). */
export interface ViommuHandle {
  readonly type: number;
  /** Runs `look` under the lock of the virtual devices: its lookups know nothing after it returned (VIO-05). */
  withVdevices<T>(look: (lookup: VdeviceLookup) => T): T;
  /** Puts an event into the queue of its type: EINVAL without a payload, EOPNOTSUPP without a queue (VIO-41). */
  reportEvent(type: number, payload: Uint8Array | null): Outcome;
}

/** Locks held, by virtual IOMMU: whoever changes the virtual devices asks. */
const HELD = new WeakMap<Viommu, number>();

/** Whether a driver is looking at the virtual devices. */
export function vdevicesLocked(viommu: Viommu): boolean {
  return (HELD.get(viommu) ?? 0) > 0;
}

export function handleOf(viommu: Viommu): ViommuHandle {
  return {
    type: viommu.type,
    withVdevices(look) {
      let valid = true;
      const held = HELD.get(viommu) ?? 0;
      HELD.set(viommu, held + 1);
      try {
        return look({
          findDevice: (virtId) => (valid ? (viommu.vdevices.get(virtId)?.device.physical ?? null) : null),
          vdevId: (device) => (valid ? vdevIdOf(viommu, device) : failure('ENOENT')),
        });
      } finally {
        valid = false;
        HELD.set(viommu, held);
      }
    },
    reportEvent(type, payload) {
      if (payload === null || payload.length === 0) return failure('EINVAL');
      return viommu.queues.get(type)?.queue.report(payload) ?? failure('EOPNOTSUPP');
    },
  };
}

// From the devices of THIS virtual IOMMU alone: the same device may have an id in another one (VIO-08).
function vdevIdOf(viommu: Viommu, device: PhysicalDevice | null): Outcome<bigint> {
  if (device === null) return failure('EINVAL');
  const vdevice = viommu.byDevice.get(device);
  return vdevice === undefined ? failure('ENOENT') : success(vdevice.virtId);
}
