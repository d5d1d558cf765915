import * as assert from 'node:assert/strict';
import { atLeast, type BenchCase, type Figure, type Pace } from '../case.js';
import { median } from '../race.js';
import { type BenchDriver, checkMap, makeDriver, timeMap } from '../root-driver.js';

/** 1 GiB. */
const PAGES = 262_144;
/** The first ones compile, and make the tables. */
const WARM_UP = 5;

interface Rates {
  readonly maps: readonly number[];
  readonly unmaps: readonly number[];
}

/** Millions of pages a second. `make` gives the driver of a round; the same one again has its tables already. */
function ratesOf(make: () => BenchDriver, rounds: number): Rates {
  const maps: number[] = [];
  const unmaps: number[] = [];
  for (let round = 0; round < rounds + WARM_UP; round++) {
    const made = make();
    const { mapNs, unmapNs } = timeMap(made, made.domain, PAGES);
    if (round < WARM_UP) continue;
    maps.push((PAGES * 1e3) / mapNs);
    unmaps.push((PAGES * 1e3) / unmapNs);
  }
  return { maps, unmaps };
}

function figure(what: string, rates: readonly number[]): Figure {
  const note = `${rates.length} rounds, ${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
  return { what, value: median(rates), unit: 'M pages/s', note };
}

/** Drivers whose hypervisor has memory for next to nothing, and how often the last one deposited. */
function starved(pagesPerTable: number) {
  let last: { readonly made: BenchDriver; readonly free: number } | undefined;
  const make = (): BenchDriver => {
    const made = makeDriver({ poolPages: 2, pagesPerTable }, 256);
    last = { made, free: made.frames.free };
    return made;
  };
  const deposited = (): number => last!.free - last!.made.frames.free;
  return { make, deposited };
}

function depositing(pagesPerTable: number, pace: Pace): { readonly rates: Rates; readonly deposits: number } {
  const { make, deposited } = starved(pagesPerTable);
  const rates = ratesOf(make, pace === 'full' ? 20 : 2);
  const deposits = deposited() / 256;
  assert.ok(Number.isInteger(deposits) && deposits >= 2, `${deposited()} pages were deposited`);
  return { rates, deposits };
}

const bench: BenchCase = {
  question:
    'How fast does a root partition map and unmap 1 GiB in 4 KiB pages: driver, codec, dispatcher, second-level map?',
  run(pace) {
    const same = makeDriver();
    checkMap(same, same.domain, PAGES);
    const { maps, unmaps } = ratesOf(() => same, pace === 'full' ? 40 : 4);
    const fresh = ratesOf(() => makeDriver(), pace === 'full' ? 20 : 2);
    const one = depositing(1, pace);
    const many = depositing(64, pace);
    return {
      figures: [
        figure('map, 518 calls', maps),
        figure('unmap, 65 calls', unmaps),
        figure('map, into a new domain, which makes its tables', fresh.maps),
        figure(`map, new domain, ${one.deposits} deposits of 256 pages`, one.rates.maps),
        figure(`map, new domain, tables of 64 pages, ${many.deposits} deposits`, many.rates.maps),
        figure('unmap behind that', many.rates.unmaps),
      ],
      bars: [
        atLeast('map of 1 GiB', median(maps), 50, 'M pages/s'),
        atLeast('unmap of 1 GiB', median(unmaps), 50, 'M pages/s'),
        atLeast('map of 1 GiB with deposits', median(one.rates.maps), 50, 'M pages/s'),
      ],
    };
  },
};

export default bench;
