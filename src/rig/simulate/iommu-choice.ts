import type { DmaMode } from '../../guest/pv-iommu/dma-mapping.js';
import type { IommuKind } from './names.js';

/** The IOMMU of a guest: what domain its functions get as they are found (`off`: it has none), and when unmaps are flushed. */
export interface IommuChoice {
  readonly domain: IommuKind;
  readonly mode: DmaMode;
}
