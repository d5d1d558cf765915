import { hv_device_type } from '../../abi/hv/device-id.js';
import type { DeviceDomain } from './device-domain.js';

/** A device in a partition's own address space (0x82). */
export interface DirectAttachment {
  readonly partitionId: bigint;
  readonly logicalId: bigint;
}

/** Where a device is: in a domain, in a partition's address space, or where no IOMMU is in its way. */
export type Place =
  | { readonly kind: 'domain'; readonly domain: DeviceDomain }
  | { readonly kind: 'direct'; readonly attachment: DirectAttachment }
  | { readonly kind: 'untranslated' };

const UNTRANSLATED: Place = { kind: 'untranslated' };

export interface DevicePlacesOptions {
  readonly devices: readonly bigint[] | ((deviceId: bigint) => boolean);
  /** hv_device_type of the ids that the partition calls its devices by. */
  readonly idType: number;
  /** Where devices are that nobody has attached; without it no IOMMU is in their way. */
  readonly home: DeviceDomain | undefined;
}

/** Devices and where they are. Only those that were moved take room. */
export class DevicePlaces {
  private readonly listed: Set<bigint> | undefined;
  private readonly isThere: (deviceId: bigint) => boolean;
  private readonly removed = new Set<bigint>();
  private readonly moved = new Map<bigint, Place>();
  private readonly idType: number;
  private readonly home: Place;
  /** Direct attachments by partition and logical id. */
  private readonly direct = new Map<string, bigint>();

  constructor({ devices, idType, home }: DevicePlacesOptions) {
    const listed = typeof devices === 'function' ? undefined : new Set(devices);
    this.listed = listed;
    this.isThere = typeof devices === 'function' ? devices : (deviceId) => listed?.has(deviceId) ?? false;
    this.idType = idType;
    this.home = home === undefined ? UNTRANSLATED : { kind: 'domain', domain: home };
  }

  knows(deviceId: bigint): boolean {
    return Number(deviceId >> 62n) === this.idType && !this.removed.has(deviceId) && this.isThere(deviceId);
  }

  /** A device comes, or comes back; it starts where all do. */
  add(deviceId: bigint): void {
    this.removed.delete(deviceId);
    this.listed?.add(deviceId);
  }

  /** A device is gone, and its attachment with it. */
  remove(deviceId: bigint): void {
    this.leave(deviceId);
    this.removed.add(deviceId);
  }

  of(deviceId: bigint): Place {
    return this.moved.get(deviceId) ?? this.home;
  }

  /** Takes a device out of where it is, and puts it into a domain. */
  enter(deviceId: bigint, domain: DeviceDomain): void {
    this.leave(deviceId);
    domain.devices.add(deviceId);
    this.moved.set(deviceId, { kind: 'domain', domain });
  }

  /** Back to where devices start. */
  leave(deviceId: bigint): void {
    const place = this.moved.get(deviceId);
    if (place?.kind === 'domain') place.domain.devices.delete(deviceId);
    if (place?.kind === 'direct') this.direct.delete(keyOf(place.attachment));
    this.moved.delete(deviceId);
  }

  /** False when the pair of partition and logical id, or the device, is given already. */
  canAttachDirectly(deviceId: bigint, attachment: DirectAttachment): boolean {
    return !this.direct.has(keyOf(attachment)) && this.of(deviceId).kind !== 'direct';
  }

  /** To be asked for with canAttachDirectly() before. */
  attachDirectly(deviceId: bigint, attachment: DirectAttachment): void {
    this.leave(deviceId);
    this.direct.set(keyOf(attachment), deviceId);
    this.moved.set(deviceId, { kind: 'direct', attachment });
  }

  /** The device that goes back; undefined when the pair is not given. */
  detachDirectly(attachment: DirectAttachment): bigint | undefined {
    const deviceId = this.direct.get(keyOf(attachment));
    if (deviceId !== undefined) this.leave(deviceId);
    return deviceId;
  }
}

/** Type of the ids that partitions call devices by: those of the machine's own bus, or those that they were given. */
export function idTypeOf(isRoot: boolean): number {
  return isRoot ? hv_device_type.HV_DEVICE_TYPE_PCI : hv_device_type.HV_DEVICE_TYPE_LOGICAL;
}

function keyOf({ partitionId, logicalId }: DirectAttachment): string {
  return `${partitionId.toString(16)} ${logicalId.toString(16)}`;
}
