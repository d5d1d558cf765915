import { mkdirSync, writeFileSync } from 'node:fs';
import { inProject } from '../../spec/support/project.js';
import { type BenchCase, below, type Figure } from '../case.js';
import { type Plot, sketchOf, svgOf } from '../plot.js';
import { median } from '../race.js';
import { numberText } from '../report.js';
import { checkMap, makeDriver, newDomain, PAGE, timeMap } from '../root-driver.js';

const PLOT = ['bench', 'plots', 'iommu-sizes.svg'] as const;
const MIB = 2 ** 20;
/** 1 MiB to 64 GiB. */
const SIZES = Array.from({ length: 9 }, (_, i) => MIB * 4 ** i);
const QUICK = SIZES.slice(0, 6);
/** Smaller ranges are mapped side by side up to this, so that each size has the same tables to reach and the clock little to add. */
const SIDE_BY_SIDE = 64 * MIB;
/** Pages that a size is mapped over and over for. */
const SHARE = 4_000_000;
const LEAST_ROUNDS = 5;
/** Looked at page by page, once, up to here. */
const CHECKED = 2 ** 30;
const LARGE_MIB = 64;
/** Smaller ranges are one call with few pages in it: the request is what is measured. */
const CALLS_MIB = 4;

interface Point {
  readonly mib: number;
  /** Nanoseconds for a page. */
  readonly first: number;
  readonly again: number;
  readonly unmap: number;
  readonly rounds: number;
}

function measure(bytes: number): Point {
  const pages = bytes / PAGE;
  const ranges = Math.max(1, SIDE_BY_SIDE / bytes);
  const all = pages * ranges;
  const rounds = Math.max(LEAST_ROUNDS, Math.round(SHARE / all));
  const made = makeDriver({ poolPages: 1 << 20 });
  const domain = newDomain(made.driver);
  const first = timeMap(made, domain, pages).mapNs / pages;
  if (bytes <= CHECKED) checkMap(made, domain, pages);
  const again: number[] = [];
  const unmap: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const { mapNs, unmapNs } = timeMap(made, domain, pages, ranges);
    // It makes what tables there were not.
    if (round === 0) continue;
    again.push(mapNs / all);
    unmap.push(unmapNs / all);
  }
  return { mib: bytes / MIB, first, again: median(again), unmap: median(unmap), rounds };
}

const sizeText = (mib: number): string => (mib < 1024 ? `${mib} MiB` : `${mib / 1024} GiB`);

function plotOf(points: readonly Point[]): Plot {
  const line = (pick: (point: Point) => number) => points.map((point) => [point.mib, pick(point)] as const);
  return {
    title: 'What a page costs, by the size of the range that is mapped at once',
    xLabel: 'MiB, mapped and unmapped in 4 KiB pages',
    yLabel: 'ns for a page',
    xTicks: points.map(({ mib }) => mib),
    series: [
      { name: 'map', kind: 'measured', points: line(({ again }) => again) },
      { name: 'unmap', kind: 'measured too', points: line(({ unmap }) => unmap) },
      { name: 'first map of a domain', kind: 'model', points: line(({ first }) => first) },
    ],
    notes: [
      'driver, codec, dispatcher and second-level map in one thread; no exit cost',
      'dashed: the first map of a new domain, which makes its tables; all others again and again, over 64 MiB of tables that are there',
    ],
  };
}

/** Bytes that the hypervisor's tables take for each page of a 64 GiB map. */
function bytesOfPage(pages: number): number {
  const made = makeDriver({ poolPages: 1 << 20 });
  gc();
  const before = process.memoryUsage().arrayBuffers;
  const { mapped } = made.driver.map(made.domain, {
    iova: 0n,
    paddr: 0n,
    pageSize: PAGE,
    pageCount: pages,
    writable: true,
  });
  gc();
  if (mapped !== BigInt(pages) * BigInt(PAGE)) throw new Error(`${mapped} bytes are mapped`);
  return (process.memoryUsage().arrayBuffers - before) / pages;
}

function gc(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

const bench: BenchCase = {
  question: 'What does a page cost when 1 MiB is mapped at once, and when 64 GiB are?',
  run(pace) {
    const sizes = pace === 'full' ? SIZES : QUICK;
    // Before there is other memory to be collected.
    const memory = bytesOfPage(sizes.at(-1)! / PAGE);
    // What runs first would pay for the compiler.
    for (const bytes of [SIZES[0]!, SIZES[4]!, SIZES[4]!]) measure(bytes);
    const points = sizes.map(measure);
    const figures = points.map(
      ({ mib, first, again, unmap, rounds }): Figure => ({
        what: sizeText(mib),
        value: again,
        unit: 'ns/page',
        note: `unmap ${numberText(unmap)}, first map ${numberText(first)}; ${rounds} rounds`,
      }),
    );
    const steepness = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);
    const maps = steepness(points.map(({ again }) => again));
    const calls = steepness(points.filter(({ mib }) => mib >= CALLS_MIB).map(({ again }) => again));
    // An unmap has next to nothing to do for a page: below this, the one call is what is measured.
    const large = points.filter(({ mib }) => mib >= LARGE_MIB);
    const unmaps = steepness(large.map(({ unmap }) => unmap));
    figures.push({ what: 'dearest page against cheapest, map', value: maps, unit: '×' });
    figures.push({ what: `dearest page against cheapest, map from ${CALLS_MIB} MiB on`, value: calls, unit: '×' });
    figures.push({ what: `dearest page against cheapest, unmap from ${LARGE_MIB} MiB on`, value: unmaps, unit: '×' });
    figures.push({ what: `memory of the tables, ${sizeText(sizes.at(-1)! / MIB)}`, value: memory, unit: 'bytes/page' });
    const plot = plotOf(points);
    if (pace === 'full') {
      mkdirSync(inProject('bench', 'plots'), { recursive: true });
      writeFileSync(inProject(...PLOT), svgOf(plot));
    }
    return {
      figures,
      bars: [
        below('dearest page against cheapest, map', maps, 2, '×'),
        below(`dearest page against cheapest, map from ${CALLS_MIB} MiB on`, calls, 1.5, '×'),
        below(`dearest page against cheapest, unmap from ${LARGE_MIB} MiB on`, unmaps, 2, '×'),
        below('memory for a mapped page', memory, 10, 'bytes'),
      ],
      plot: { file: PLOT.slice(1).join('/'), sketch: sketchOf(plot) },
    };
  },
};

export default bench;
