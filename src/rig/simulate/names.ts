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
  'protocols',
] as const;

export type SimulationName = (typeof SIMULATION_NAMES)[number];
