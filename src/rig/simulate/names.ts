/** What `hvabi simulate` takes; apart from what they mean, so that a command line can be checked without loading it. */
export const SIMULATION_NAMES = [
  'boot',
  'multi',
  'eject',
  'mmiocall',
  'collision',
  'hibernate',
  'races',
  'pviommu',
  'root-passthrough',
  'root-low-memory',
  'iommufd-events',
  'protocols',
] as const;

/** What functions get from the guest's IOMMU as they are found; `off`: there is none. */
export const IOMMU_KINDS = ['paging', 'identity', 'blocked', 'off'] as const;
export type IommuKind = (typeof IOMMU_KINDS)[number];

/** When unmaps are flushed. */
export const DMA_MODES = ['lazy', 'strict'] as const;

export type SimulationName = (typeof SIMULATION_NAMES)[number];
