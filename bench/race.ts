import Benchmark from 'benchmark';
import type { Figure, Pace } from './case.js';

export interface Contestant {
  readonly name: string;
  /** Operations in one call of `run`. */
  readonly each: number;
  /** Does the work; what it returns is kept, so that no engine can leave the work out. */
  run(): unknown;
}

export interface Timing {
  readonly name: string;
  /** Median over all samples, nanoseconds for one operation. */
  readonly ns: number;
  /** Half the distance between the quartiles, as a part of the median. */
  readonly spread: number;
  readonly samples: number;
}

const PACES = {
  full: { rounds: 3, seconds: 0.8, samples: 20 },
  quick: { rounds: 1, seconds: 0.1, samples: 5 },
} as const;

/** What the contestants returned: reachable from outside, so that it has to be made. */
export const kept: unknown[] = new Array(64).fill(undefined);

/**
 * Times the contestants with benchmark.js in turns, several rounds each: a machine that is slow for a while is then slow
 * for all. The figure is the median of the samples of all rounds.
 */
export function race(contestants: readonly Contestant[], pace: Pace): Map<string, Timing> {
  const { rounds, seconds, samples } = PACES[pace];
  const found = new Map<string, number[]>(contestants.map((one) => [one.name, []]));
  let slot = 0;
  for (let round = 0; round < rounds; round++) {
    for (const one of contestants) {
      const bench = new Benchmark(
        one.name,
        () => {
          kept[slot++ & 63] = one.run();
        },
        { maxTime: seconds, minSamples: samples },
      );
      bench.run();
      if (bench.error) throw bench.error;
      for (const period of bench.stats.sample) found.get(one.name)!.push((period * 1e9) / one.each);
    }
  }
  return new Map(contestants.map(({ name }) => [name, timingOf(name, found.get(name)!)]));
}

function timingOf(name: string, samples: number[]): Timing {
  const sorted = samples.toSorted((a, b) => a - b);
  const ns = quantile(sorted, 0.5);
  return { name, ns, spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / ns, samples: sorted.length };
}

export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** One line for each contestant. */
export function figuresOf(timings: Iterable<Timing>): Figure[] {
  return [...timings].map(({ name, ns, spread, samples }) => ({
    what: name,
    value: ns,
    unit: 'ns',
    note: `±${(spread * 100).toFixed(1)} %, ${samples} samples`,
  }));
}

/** How many times as fast `name` is as `peer`. */
export function ratio(timings: ReadonlyMap<string, Timing>, name: string, peer: string): number {
  return timings.get(peer)!.ns / timings.get(name)!.ns;
}
