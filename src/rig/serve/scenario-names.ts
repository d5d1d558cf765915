/** What `hvabi serve --scenario` takes; apart from what they mean, so that a command line can be checked without loading it. */
export const SCENARIO_NAMES = [
  'boot',
  'old',
  'v12',
  'multi',
  'eject',
  'unload',
  'mmiocall',
  'tlb',
  'sparse',
  'root',
] as const;

export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** What `hvabi serve --iommu` takes: whose rules the hypervisor's side of the IOMMU has, or none. */
export const SERVED_IOMMUS = ['recorded', 'own', 'off'] as const;

export type ServedIommu = (typeof SERVED_IOMMUS)[number];
