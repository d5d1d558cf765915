import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import type { Partition } from '../../hypervisor/partition.js';
import type { DmaPort } from '../../ports/dma-port.js';
import type { BusIommu } from '../serve/served-bus.js';
import { TranslatedDma } from './translated-dma.js';

/** The IOMMU in front of the functions of virtual buses. */
export class IommuOfBuses implements BusIommu {
  private readonly partition: Partition;
  private readonly iommu: PartitionIommu;

  constructor(partition: Partition, iommu: PartitionIommu) {
    this.partition = partition;
    this.iommu = iommu;
  }

  dmaOf(deviceId: bigint): DmaPort {
    return new TranslatedDma(this.partition, this.iommu, deviceId);
  }

  /** Attachments do not outlive the device (PVI-25). */
  setPresent(deviceId: bigint, isPresent: boolean): void {
    if (isPresent) this.iommu.domains.addDevice(deviceId);
    else this.iommu.domains.removeDevice(deviceId);
  }
}
