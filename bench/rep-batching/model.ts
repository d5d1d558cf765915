import type { Plot } from '../plot.js';

/**
 * The model: what was measured here, and so many nanoseconds more for each call. It stands for leaving the guest and coming
 * back, which this process never does; nothing else about a hypervisor is in it.
 */
export const withExit = (ns: number, size: number, exitNs: number): number => ns + exitNs / size;

/** Costs of an exit that the curve is drawn for: those of `--exit-ns`, or from a fast processor to a nested guest. */
export function exitCosts(): number[] {
  const named = process.env.HVABI_BENCH_EXIT_NS;
  return (named ? named.split(',').map(Number) : [500, 1000, 2000, 5000]).toSorted((a, b) => a - b);
}

export interface Point {
  readonly size: number;
  /** Nanoseconds for one page. */
  readonly ns: number;
}

/** A call costs `call` whatever it carries, a page `page`: from the two ends of a curve. */
export function costsOf(points: readonly Point[]): { call: number; page: number } {
  const [first, last] = [points[0]!, points.at(-1)!];
  const call = Math.max(0, (first.ns - last.ns) / (1 / first.size - 1 / last.size));
  return { call, page: first.ns - call / first.size };
}

/** Pages in a call at which the call costs as much as its pages: before it a larger batch pays fast, behind it slowly. */
export function evenBatch(points: readonly Point[], exitNs = 0): number {
  const { call, page } = costsOf(points);
  return (call + exitNs) / page;
}

/** The curve of every cost of an exit, over the measured ones. */
export function plotOf(one: readonly Point[], two: readonly Point[], costs: readonly number[]): Plot {
  const most = one.at(-1)!.size;
  const pairs = (points: readonly Point[], exitNs = 0): [number, number][] =>
    points.map(({ size, ns }) => [size, withExit(ns, size, exitNs)]);
  const ring = (exitNs: number): { ring?: number } => {
    const even = evenBatch(one, exitNs);
    return even <= most ? { ring: Math.max(1, even) } : {};
  };
  return {
    title: 'Mapping 1 GiB with map_device_gpa_pages: what a batch saves',
    xLabel: 'pages in one call',
    yLabel: 'ns for one page: input written, call dispatched, every frame stored',
    xTicks: one.map(({ size }) => size),
    series: [
      { name: 'measured, 1 CPU, no exit', kind: 'measured', points: pairs(one), ...ring(0) },
      { name: 'measured, 2 CPUs at best, no exit', kind: 'measured too', points: pairs(two) },
      ...costs.map((exitNs) => ({
        name: `model: + ${exitNs.toLocaleString('en-US')} ns for each exit`,
        kind: 'model' as const,
        points: pairs(one, exitNs),
        ...ring(exitNs),
      })),
    ],
    notes: [
      'Dashed: a model, not measured. The same times plus a fixed cost for each call, which stands for the VM exit.',
      `Ring: the call costs as much as its pages. No ring: it still costs more at ${most}, the most that a page holds.`,
    ],
  };
}
