import type { IommuDevice } from '../../guest/root-iommu/iommu-device.js';
import type { IommuDomain } from '../../guest/root-iommu/iommu-domain.js';
import type { RootIommu } from '../../guest/root-iommu/root-iommu.js';
import type { Outcome } from '../../ports/outcome.js';

/**
 * What VFIO type 1 makes of a user's maps and unmaps (drivers/vfio/vfio_iommu_type1.c): one map for each stretch of pages that
 * follow each other in memory, and unmaps of stretches found by asking where addresses lead.
 */
export class VfioContainer {
  private readonly iommu: RootIommu;
  private readonly domain: IommuDomain;
  private readonly devices: readonly IommuDevice[];
  /** Pages by first I/O address. */
  private readonly mappings = new Map<bigint, number>();

  private constructor(iommu: RootIommu, devices: readonly IommuDevice[], domain: IommuDomain) {
    this.iommu = iommu;
    this.devices = devices;
    this.domain = domain;
  }

  /**
   * Takes the devices of a group out of their drivers' domain and puts them into one of their own; undefined, and they go back,
   * where there is none to be had.
   */
  static open(
    iommu: RootIommu,
    devices: readonly IommuDevice[],
    makeDomain: () => Outcome<IommuDomain>,
  ): VfioContainer | undefined {
    for (const device of devices) iommu.attach(iommu.blocked, device);
    const domain = makeDomain();
    const next = domain.ok ? domain.value : iommu.identity;
    for (const device of devices) iommu.attach(next, device);
    return domain.ok ? new VfioContainer(iommu, devices, domain.value) : undefined;
  }

  /** `frames`: where each page lies. False when the driver refused; then nothing of it stays. */
  map(iova: bigint, frames: readonly number[], writable: boolean): boolean {
    for (let from = 0; from < frames.length; ) {
      let to = from + 1;
      while (to < frames.length && frames[to] === frames[to - 1]! + 1) to++;
      const { errno } = this.iommu.map(this.domain, {
        iova: iova + (BigInt(from) << 12n),
        paddr: BigInt(frames[from]!) << 12n,
        pageSize: 4096,
        pageCount: to - from,
        writable,
      });
      if (errno !== undefined) {
        this.drop(iova, from);
        return false;
      }
      from = to;
    }
    this.mappings.set(iova, frames.length);
    return true;
  }

  /** Pages that were unmapped: all of a mapping that begins there. */
  unmap(iova: bigint): number {
    const pages = this.mappings.get(iova);
    if (pages === undefined) return 0;
    this.mappings.delete(iova);
    this.drop(iova, pages);
    return pages;
  }

  /** The devices go back to the default domain, and with the container goes what is left in it. */
  close(): void {
    const { iommu } = this;
    for (const device of this.devices) iommu.attach(iommu.blocked, device);
    const left = Array.from(this.mappings).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [iova] of left) this.unmap(iova);
    iommu.free(this.domain);
    for (const device of this.devices) iommu.attach(iommu.identity, device);
  }

  private drop(iova: bigint, pages: number): void {
    const end = iova + (BigInt(pages) << 12n);
    for (let at = iova; at < end; ) {
      const leads = this.iommu.iovaToPhys(this.domain, at);
      // Linux reads 0 as "nowhere".
      if (leads === undefined || leads === 0n) {
        at += 4096n;
        continue;
      }
      let length = 4096n;
      while (at + length < end && this.iommu.iovaToPhys(this.domain, at + length) === leads + length) length += 4096n;
      const gone = this.iommu.unmap(this.domain, at, 4096, Number(length >> 12n));
      if (gone === 0n) return;
      at += gone;
    }
  }
}
