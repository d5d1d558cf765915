import type { RootIommuOptions } from './root-iommu.js';

/**
 * Generations of the Linux series that make different calls for the same work. `newest`: the version that stands alone (mid 2026);
 * `v3`: the one before it (May 2026), which also gives devices to partitions and drives an L1VH partition.
 */
export type DriverGeneration = 'newest' | 'v3';

/** What a generation decides; `flavour` and what the machine is like are for the caller to add. */
export type GenerationOptions = Required<
  Pick<
    RootIommuOptions,
    'aliases' | 'detachPolicy' | 'release' | 'directTakesId' | 'legacyDirectMap' | 'asksCapabilities'
  >
>;

/** Options that make the driver send what that generation sends where nothing fails, so that recordings can be made again. */
export const DRIVER_GENERATIONS: Readonly<Record<DriverGeneration, GenerationOptions>> = {
  newest: {
    aliases: 'attach',
    detachPolicy: 'move',
    release: 'block',
    directTakesId: false,
    legacyDirectMap: false,
    asksCapabilities: true,
  },
  v3: {
    aliases: 'attach',
    detachPolicy: 'always',
    release: 'detach',
    directTakesId: true,
    legacyDirectMap: true,
    asksCapabilities: false,
  },
};
