import {
  HVCALL_ATTACH_DEVICE,
  HVCALL_CONFIGURE_DEVICE_DOMAIN,
  HVCALL_CREATE_DEVICE_DOMAIN,
  HVCALL_GET_IOMMU_CAPABILITIES,
  HVCALL_GET_LOGICAL_DEVICE_PROPERTY,
} from '../../abi/hypercalls/device-domains.js';
import type { Event } from '../../capture/event.js';
import type { FlushStrategy } from '../../guest/pv-iommu/flush-entries.js';
import type { DriverGeneration } from '../../guest/root-iommu/driver-generation.js';
import { type DriverHabits, FLUSHES, GENERATIONS, HABITS, type RecordedDriver } from './choices.js';
import { comparePvDriver, PV_CALLS } from './compare-pv.js';
import { compareRootDriver, type DriverComparison, ROOT_CALLS } from './compare-root.js';
import { callsOf } from './driver-calls.js';

/** What of the recorded driver is known; what is absent is found out: the choice under which the fewest calls differ. */
export interface CompareDriverOptions {
  readonly driver?: RecordedDriver;
  readonly generation?: DriverGeneration;
  readonly habits?: DriverHabits;
  /** By address, the address that a device's requests carry. */
  readonly requesters?: Readonly<Record<string, string>>;
  readonly flush?: FlushStrategy;
  readonly detachFirst?: boolean;
}

export interface ComparedDriver extends DriverComparison {
  readonly driver: RecordedDriver;
  /** The options that were given or found, by their names. */
  readonly choice: Readonly<Record<string, string | boolean>>;
}

/**
 * Makes our IOMMU driver do what a recorded one was asked for, with the recorded answers, and compares its calls in order: code,
 * control word, input with its list. Undefined for a recording without calls of such a driver. Throws DecodeError E_RECORD for
 * calls that cannot be read.
 */
export function compareDriver(events: Iterable<Event>, options: CompareDriverOptions = {}): ComparedDriver | undefined {
  const all = [...events];
  const codes = new Set(callsOf(all, [...ROOT_CALLS, ...PV_CALLS]).map(({ code }) => code));
  const driver = options.driver ?? driverOf(codes);
  if (driver === undefined) return undefined;
  return driver === 'guest' ? bestOf(guestRuns(all, options)) : bestOf(rootRuns(all, driver, options));
}

/** A guest configures its domains and asks about devices; an L1VH partition has no domains. */
function driverOf(codes: ReadonlySet<number>): RecordedDriver | undefined {
  if (codes.has(HVCALL_CONFIGURE_DEVICE_DOMAIN.code) || codes.has(HVCALL_GET_LOGICAL_DEVICE_PROPERTY.code))
    return 'guest';
  if (codes.has(HVCALL_CREATE_DEVICE_DOMAIN.code) || codes.has(HVCALL_GET_IOMMU_CAPABILITIES.code)) return 'root';
  if (codes.has(HVCALL_ATTACH_DEVICE.code)) return 'l1vh';
  return codes.size > 0 ? 'root' : undefined;
}

function* rootRuns(
  events: readonly Event[],
  flavour: 'root' | 'l1vh',
  options: CompareDriverOptions,
): Generator<ComparedDriver> {
  const { requesters } = options;
  for (const habits of options.habits === undefined ? HABITS : [options.habits])
    for (const generation of options.generation === undefined ? GENERATIONS : [options.generation]) {
      const found = compareRootDriver(events, {
        flavour,
        generation,
        ...(habits === 'own' ? {} : { habits }),
        ...(requesters === undefined ? {} : { requesters }),
      });
      yield { ...found, driver: flavour, choice: { generation, habits } };
    }
}

function* guestRuns(events: readonly Event[], options: CompareDriverOptions): Generator<ComparedDriver> {
  for (const detachFirst of options.detachFirst === undefined ? [false, true] : [options.detachFirst])
    for (const flush of options.flush === undefined ? FLUSHES : [options.flush])
      yield {
        ...comparePvDriver(events, { flush, detachFirst }),
        driver: 'guest',
        choice: { flush, detachFirst },
      };
}

/** The first run with the fewest differences; none behind one without any is made. */
function bestOf(runs: Iterable<ComparedDriver>): ComparedDriver | undefined {
  let best: ComparedDriver | undefined;
  for (const run of runs) {
    if (best === undefined || run.differences.length < best.differences.length) best = run;
    if (best.differences.length === 0) break;
  }
  return best;
}
