import { hexNumber } from '../../bytes/hex.js';
import type { DmaAccess, DmaSegment } from '../../hypervisor/iommu/dma.js';
import type { TraceSink } from '../../ports/trace-sink.js';

/** Events of a device, so that a record stays small whatever a device or its driver does. */
const MOST_DMA = 1000;
const MOST_FAULTS = 256;
const PAGE_SHIFT = 12n;
const PAGE_BYTES = 4096;

/**
 * Records what becomes of a device's accesses: a `dma` event where a page is used in a direction for the first time, or leads
 * elsewhere than the last time; all that went by a translation that the tables no longer have; an `iommu_fault` event for each
 * that is refused.
 */
export class DmaTrace {
  private readonly sink: TraceSink | undefined;
  private readonly device: string;
  private readonly most: number;
  /** Page of memory by direction and page of the device's. */
  private readonly seen = new Map<string, number>();
  private dma = 0;
  private faults = 0;

  /** `most` `dma` events are written. */
  constructor(sink: TraceSink | undefined, deviceId: bigint, most = MOST_DMA) {
    this.sink = sink;
    this.most = most;
    this.device = hexNumber(deviceId);
  }

  /** A piece of an access, and the pages of all of it for which the IOTLB had what the tables had no more. */
  translated({ iova, gpa, length }: DmaSegment, access: DmaAccess, staleTlbHits: number): void {
    if (this.sink === undefined || this.dma >= this.most) return;
    if (!this.isNews(iova, gpa, length, access) && staleTlbHits === 0) return;
    this.dma++;
    this.sink.event({
      k: 'dma',
      device: this.device,
      iova: hexNumber(iova),
      gpa: hexNumber(gpa),
      length,
      access,
      ...(staleTlbHits === 0 ? {} : { stale_tlb_hits: staleTlbHits }),
    });
  }

  refused(iova: bigint, access: DmaAccess, reason: string): void {
    if (this.sink === undefined || this.faults >= MOST_FAULTS) return;
    this.faults++;
    this.sink.event({
      k: 'iommu_fault',
      device: this.device,
      iova: hexNumber(BigInt.asUintN(64, iova)),
      access,
      reason,
    });
  }

  private isNews(iova: bigint, gpa: number, length: number, access: DmaAccess): boolean {
    const first = Math.floor(gpa / PAGE_BYTES);
    const page = iova >> PAGE_SHIFT;
    let isNews = false;
    for (let i = 0; i * PAGE_BYTES < length + (gpa % PAGE_BYTES); i++) {
      const key = `${access} ${page + BigInt(i)}`;
      if (this.seen.get(key) === first + i) continue;
      this.seen.set(key, first + i);
      isNews = true;
    }
    return isNews;
  }
}
