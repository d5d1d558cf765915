import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { type Outcome, success } from '../../ports/outcome.js';

/** How the driver of a function lets it reach memory (struct dma_map_ops, include/linux/dma-map-ops.h). */
export interface DmaOperations {
  /**
   * Lets the device read page frames, and write them where `writable`, until they are unmapped. Gives the device's address of
   * each. ENOSPC or ENOMEM where an IOMMU has no more room for addresses or tables.
   */
  mapPages(frames: readonly number[], writable: boolean): Outcome<readonly bigint[]>;
  /** Ends what one call of mapPages began, by all that it gave. */
  unmapPages(addresses: readonly bigint[]): void;
}

/** No IOMMU is in between, or one that does not translate: addresses are guest physical (dma-direct). */
export const DIRECT_DMA: DmaOperations = {
  mapPages: (frames) => success(frames.map((frame) => BigInt(frame * HV_HYP_PAGE_SIZE))),
  unmapPages: () => undefined,
};
