import { type DomainState, type IommuDomain, StaticDomain } from './iommu-domain.js';

/** What is known of a domain. */
export interface DomainReport {
  readonly kind: IommuDomain['kind'];
  readonly id: number;
  readonly state: DomainState;
  readonly numAttached: number;
  /** Names of the devices, as lspci writes them. */
  readonly devices: readonly string[];
  readonly intervals: number;
  readonly targetPartition?: bigint;
}

export function reportDomain(domain: IommuDomain): DomainReport {
  const made = domain instanceof StaticDomain ? undefined : domain;
  return {
    kind: domain.kind,
    id: domain.id,
    state: made?.state ?? 'live',
    numAttached: domain.numAttached,
    devices: Array.from(domain.devices, (device) => device.name),
    intervals: made?.tree?.size ?? 0,
    ...(domain.kind === 'direct' ? { targetPartition: domain.targetPartition } : {}),
  };
}
