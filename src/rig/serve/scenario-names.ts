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
