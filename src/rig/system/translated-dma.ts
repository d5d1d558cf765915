import { MSI_WINDOW } from '../../hardware/msi-window.js';
import type { DmaAccess, DmaFaultReason } from '../../hypervisor/iommu/dma.js';
import type { PartitionIommu } from '../../hypervisor/iommu/serve-device-domains.js';
import type { Partition } from '../../hypervisor/partition.js';
import type { DmaPort } from '../../ports/dma-port.js';
import { DmaTrace } from './dma-trace.js';

/** Why an access was refused: by the IOMMU, or behind it. */
export type RefusalReason = DmaFaultReason | 'interrupt window' | 'other partition' | 'no memory';

/** A device's way to the memory of its partition, through the IOMMU as its domain has it at that moment. */
export class TranslatedDma implements DmaPort {
  private readonly partition: Pick<Partition, 'memory' | 'partitionId'>;
  private readonly iommu: PartitionIommu;
  private readonly deviceId: bigint;
  private readonly trace: DmaTrace;

  /** `deviceId` is the logical id of the device in the partition. */
  constructor(
    partition: Pick<Partition, 'memory' | 'partitionId' | 'trace' | 'isTraced'>,
    iommu: PartitionIommu,
    deviceId: bigint,
  ) {
    this.partition = partition;
    this.iommu = iommu;
    this.deviceId = deviceId;
    this.trace = new DmaTrace(partition.isTraced ? partition.trace : undefined, deviceId);
  }

  read(address: bigint, into: Uint8Array): boolean {
    return this.access(address, into.length, 'read', (gpa, done, length) =>
      this.partition.memory.read(gpa, into.subarray(done, done + length)),
    );
  }

  write(address: bigint, from: Uint8Array): boolean {
    return this.access(address, from.length, 'write', (gpa, done, length) =>
      this.partition.memory.write(gpa, from.subarray(done, done + length)),
    );
  }

  storeU32(address: bigint, value: number): boolean {
    if ((address & 3n) !== 0n) return false;
    return this.access(address, 4, 'write', (gpa) => this.partition.memory.storeU32(gpa, value));
  }

  /** All of it is translated first: nothing is done of an access that is refused. */
  private access(
    iova: bigint,
    length: number,
    access: DmaAccess,
    copy: (gpa: number, done: number, length: number) => void,
  ): boolean {
    const refuse = (reason: RefusalReason, at = iova): false => {
      this.trace.refused(at, access, reason);
      return false;
    };
    if (iova <= MSI_WINDOW.end && iova + BigInt(length) > MSI_WINDOW.start) return refuse('interrupt window');
    const result = this.iommu.dma.access(this.deviceId, iova, length, access);
    if (!result.ok) return refuse(result.fault.reason, result.fault.iova);
    if (result.partitionId !== this.partition.partitionId) return refuse('other partition');
    const { memory } = this.partition;
    const outside = result.segments.find((segment) => !memory.has(segment.gpa, segment.length));
    if (outside !== undefined) return refuse('no memory', outside.iova);
    const { isInDomain } = this;
    let done = 0;
    for (const segment of result.segments) {
      if (isInDomain) this.trace.translated(segment, access, result.staleTlbHits);
      copy(segment.gpa, done, segment.length);
      done += segment.length;
    }
    return true;
  }

  private get isInDomain(): boolean {
    return this.iommu.domains.places.of(this.deviceId).kind === 'domain';
  }
}
