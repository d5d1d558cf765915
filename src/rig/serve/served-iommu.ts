import { type RecordedHost, recordedHost } from '../../hypervisor/iommu/recorded-host.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import type { PartitionOptions } from '../../hypervisor/partition-options.js';
import type { ServedIommu } from './scenario-names.js';

type IommuSide = Pick<PartitionOptions, 'iommu'> & Partial<Omit<RecordedHost, 'isRoot'>>;

/**
 * What a partition has for its IOMMU: the rules of the host on which drivers of the Linux series were recorded, which are those
 * that the drivers are known to work with, or this hypervisor's own (docs/iommu.md). All ids of the partition's kind are
 * devices: functions of virtual buses, and those of the machine that a root partition runs on.
 */
export function iommuSide(isRoot: boolean, iommu: ServedIommu = 'off'): IommuSide {
  if (iommu === 'off') return {};
  return iommu === 'own' ? { iommu: { devices: () => true } } : recordedHost(isRoot ? 'root' : 'guest');
}

/** Domains and accesses, for the end. */
export function iommuText({ domains, dma }: PartitionIommu): string {
  const list = domains.list();
  const devices = list.reduce((sum, domain) => sum + domain.devices.length, 0);
  const pages = list.reduce((sum, domain) => sum + domain.mapped, 0);
  return [
    counted(list.length, 'domain'),
    `${counted(devices, 'device')} in them`,
    ...(pages === 0 ? [] : [`${counted(pages, 'page')} mapped`]),
    `${counted(dma.faultCount, 'access', 'accesses')} refused`,
    ...(dma.staleTlbHits === 0 ? [] : [`${dma.staleTlbHits} by translations that were gone`]),
  ].join(', ');
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
