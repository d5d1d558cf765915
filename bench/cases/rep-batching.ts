import { mkdirSync, writeFileSync } from 'node:fs';
import { inProject } from '../../spec/support/project.js';
import { CONVENTIONS, fastCapacity } from '../../src/hypercall/conventions.js';
import { inputSide } from '../../src/layout/hypercall.js';
import { atLeast, type BenchCase, type Figure, type Pace } from '../case.js';
import { sketchOf, svgOf } from '../plot.js';
import { Cpus, type Measured, measureAll } from '../rep-batching/cpus.js';
import { costsOf, evenBatch, exitCosts, type Point, plotOf, withExit } from '../rep-batching/model.js';
import {
  batchSizes,
  mostFastReps,
  mostReps,
  OPERATIONS,
  type OperationName,
  PAGES,
} from '../rep-batching/operations.js';
import { numberText } from '../report.js';

const PLOT = ['bench', 'plots', 'rep-batching.svg'] as const;
const REGISTERS = fastCapacity(CONVENTIONS.x64);
/** Reps after which a busy hypervisor returns, in the row that shows what that costs. */
const STOP_AFTER = 64;

const rangeText = ({ range }: Measured): string => `${numberText(range[0])} to ${numberText(range[1])}`;
const countText = (count: number): string => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
const bytesText = (bytes: number): string =>
  bytes >= 1e6 ? `${numberText(bytes / 1e6)} MB` : `${numberText(bytes / 1e3)} kB`;
const inputBytes = (name: OperationName, calls: number): number => {
  const { header, element } = inputSide(OPERATIONS[name].call);
  return calls * header + PAGES * element;
};

/** Sizes that a smoke test looks at. */
const fewer = (sizes: readonly number[], pace: Pace): readonly number[] =>
  pace === 'full' ? sizes : [sizes[0]!, sizes.at(-1)!];

interface Curve {
  readonly figures: Figure[];
  readonly one: Point[];
  readonly two: Point[];
}

/**
 * One operation at each batch size: encode, dispatch and both on one CPU, both on two. Of two CPUs the fastest round counts:
 * whoever else runs on the machine takes one of them away, which is no property of the calls.
 */
async function curveOf(name: OperationName, sizes: readonly number[], pace: Pace): Promise<Curve> {
  const one = new Cpus(name, 1);
  const two = new Cpus(name, 2);
  const measured = await measureAll(
    sizes.flatMap((size) => [
      { cpus: one, way: 'encode', size },
      { cpus: one, way: 'dispatch', size },
      { cpus: one, way: 'total', size },
      { cpus: two, way: 'total', size },
    ]),
    pace,
  );
  await Promise.all([one.end(), two.end()]);
  const curve: Curve = { figures: [], one: [], two: [] };
  for (const [index, size] of sizes.entries()) {
    const [encode, dispatch, total, both] = measured.slice(4 * index) as [Measured, Measured, Measured, Measured];
    curve.one.push({ size, ns: total.ns });
    curve.two.push({ size, ns: both.range[0] });
    curve.figures.push({
      what: `${name}, ${size} a call`,
      value: total.ns,
      unit: 'ns/page',
      note:
        `${rangeText(total)}; encode ${numberText(encode.ns)}, dispatch ${numberText(dispatch.ns)}; ` +
        `2 CPUs ${numberText(both.range[0])} at best, ${numberText(both.ns)} median; ` +
        `${countText(total.calls)} calls, ${bytesText(inputBytes(name, total.calls))}`,
    });
  }
  return curve;
}

/** Inputs in registers instead of a page. */
async function fastFigures(name: OperationName, pace: Pace): Promise<Figure[]> {
  const most = mostFastReps(name, REGISTERS);
  const sizes = fewer(most > 256 ? [1, 16, most] : batchSizes(name, 2, most), pace);
  const cpus = new Cpus(name, 1, { fastBytes: REGISTERS });
  const measured = await measureAll(
    sizes.map((size) => ({ cpus, way: 'fast', size })),
    pace,
  );
  await cpus.end();
  return sizes.map((size, index) => {
    const fast = measured[index]!;
    return {
      what: `${name}, fast, ${size} a call`,
      value: fast.ns,
      unit: 'ns/page',
      note: `${rangeText(fast)}; ${countText(fast.calls)} calls; ${most} fit the ${REGISTERS} bytes of x64 registers`,
    };
  });
}

async function stoppedFigure(pace: Pace): Promise<Figure> {
  const size = mostReps('map');
  const cpus = new Cpus('map', 1, { stopAfter: STOP_AFTER });
  const [stopped] = await measureAll([{ cpus, way: 'total', size }], pace);
  await cpus.end();
  return {
    what: `map, ${size} a call, the stub returns after ${STOP_AFTER} reps`,
    value: stopped!.ns,
    unit: 'ns/page',
    note: `${rangeText(stopped!)}; ${countText(stopped!.calls)} exits`,
  };
}

/** What the curve becomes when each call has an exit's cost. */
function modelFigures(one: readonly Point[], costs: readonly number[]): Figure[] {
  const most = one.at(-1)!;
  return costs.map((exitNs) => {
    const [first, full] = [one[0]!, most].map(({ size, ns }) => withExit(ns, size, exitNs)) as [number, number];
    const half = one.findLast(({ size }) => size <= most.size / 1.5) ?? most;
    const saved = 1 - full / withExit(half.ns, half.size, exitNs);
    return {
      what: `MODEL, + ${countText(exitNs)} ns an exit: map, ${most.size} a call`,
      value: full,
      unit: 'ns/page',
      note:
        `${numberText(first / full)} times less than 1 a call (${numberText(first)}); 1 GiB in ${numberText((full * PAGES) / 1e6)} ms; ` +
        `the call costs as much as its pages at ${countText(Math.round(evenBatch(one, exitNs)))} a call; ` +
        `from ${half.size} to ${most.size} saves ${(saved * 100).toFixed(0)} %`,
    };
  });
}

const bench: BenchCase = {
  question: `What does batching save when 1 GiB (${PAGES} pages) is mapped, and where does it stop paying?`,
  async run(pace) {
    const map = await curveOf('map', fewer(batchSizes('map'), pace), pace);
    const [first, full] = [map.one[0]!, map.one.at(-1)!];
    const figures: Figure[] = [...map.figures, await stoppedFigure(pace)];
    const others = (Object.keys(OPERATIONS) as OperationName[]).filter((name) => name !== 'map');
    for (const name of others) figures.push(...(await curveOf(name, fewer(batchSizes(name, 4), pace), pace)).figures);
    for (const name of ['map', ...others] as const) figures.push(...(await fastFigures(name, pace)));

    const { call, page } = costsOf(map.one);
    figures.push(
      { what: `map, ${full.size} a call against 1`, value: first.ns / full.ns, unit: '×', note: 'measured, no exit' },
      {
        what: 'map, what a call costs without its pages',
        value: call,
        unit: 'ns',
        note: `a page costs ${numberText(page)} ns; as much as the call at ${countText(Math.round(call / page))} a call`,
      },
      ...modelFigures(map.one, exitCosts()),
    );
    const plot = plotOf(map.one, map.two, exitCosts());
    if (pace === 'full') {
      mkdirSync(inProject('bench', 'plots'), { recursive: true });
      writeFileSync(inProject(...PLOT), svgOf(plot));
    }
    return {
      figures,
      bars: [atLeast(`pages mapped at ${full.size} a call, encode and dispatch`, 1e3 / full.ns, 150, 'M pages/s')],
      plot: { file: PLOT.slice(1).join('/'), sketch: sketchOf(plot) },
    };
  },
};

export default bench;
