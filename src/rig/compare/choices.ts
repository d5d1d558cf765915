import type { FlushStrategy } from '../../guest/pv-iommu/flush-entries.js';
import type { DriverGeneration } from '../../guest/root-iommu/driver-generation.js';
import type { SeriesHabits } from './series-habits.js';

// What a recorded driver may be, in the order in which it is tried. Names alone: the command line reads them at every start.

export type RecordedDriver = 'root' | 'l1vh' | 'guest';
export const RECORDED_DRIVERS: readonly RecordedDriver[] = ['root', 'l1vh', 'guest'];

export const GENERATIONS: readonly DriverGeneration[] = ['newest', 'v3'];

/** `own`: our driver as it is, also where something fails. */
export type DriverHabits = SeriesHabits | 'own';
export const HABITS: readonly DriverHabits[] = ['own', 'newest', 'v3', 'unlimited'];

export const FLUSHES: readonly FlushStrategy[] = ['single', 'exact', 'domain'];
