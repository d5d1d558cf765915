import { boot } from './boot.js';
import { eject } from './eject.js';
import { iommufdEvents } from './iommufd-events.js';
import type { SimulationName } from './names.js';
import { collision, hibernate, mmiocall, multi } from './plain.js';
import { pviommu } from './pviommu.js';
import { races } from './races.js';
import { rootLowMemory, rootPassthrough } from './root.js';
import type { Simulation } from './simulation.js';

/** The scenarios that are one run each; `protocols` is many runs of `multi`. */
export const SIMULATIONS: Readonly<Record<Exclude<SimulationName, 'protocols'>, Simulation>> = {
  boot,
  multi,
  eject,
  mmiocall,
  collision,
  hibernate,
  races,
  pviommu,
  'root-passthrough': rootPassthrough,
  'root-low-memory': rootLowMemory,
  'iommufd-events': iommufdEvents,
};

/** The protocol matrix (E2E-06): newest vPCI versions of the host. */
export const PROTOCOLS: readonly number[] = [0x0001_0001, 0x0001_0002, 0x0001_0003, 0x0001_0004];
