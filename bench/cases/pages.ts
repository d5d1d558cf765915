import * as assert from 'node:assert/strict';
import { runWorkers } from '../../spec/support/worker-run.js';
import type { HypercallArea } from '../../src/ports/input-pages.js';
import { type BenchCase, below, type Figure } from '../case.js';
import { makeGuest } from '../guest.js';
import { heapGrowth } from '../heap.js';
import { figuresOf, race } from '../race.js';
import type { ClaimReport, ClaimTask } from '../tasks/claim-pages.js';

const CLAIMER = new URL('../tasks/claim-pages.js', import.meta.url);
const EACH = 256;
const CALLS = 100_000;
const PAGE = 4096;
const HEADER = 40;

type Loop = (times: number) => number;

/** Not made anew for each call: a function written where it is passed costs an object each time. */
const inputLength = ({ input }: HypercallArea): number => input.byteLength;

/** Ways to have a page; each gives the sum of the bytes that it was lent. */
function loops(): Readonly<Record<string, Loop>> {
  const { pages } = makeGuest(2);
  const claiming =
    (inputBytes: (turn: number) => number, zeroed?: number): Loop =>
    (times) => {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        sum += pages.claim(0, inputBytes(i), 0, zeroed).input.byteLength;
        pages.release(0);
      }
      return sum;
    };
  return {
    'claim and release, a header': claiming(() => HEADER),
    'claim and release, a full page, its header zeroed': claiming(() => PAGE, HEADER),
    'claim and release, a full page, all of it zeroed': claiming(() => PAGE),
    'claim and release, eight lengths in turns': claiming((turn) => HEADER + 8 * (turn & 7)),
    'withInputPage, a header': (times) => {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += pages.withInputPage(0, HEADER, 0, inputLength);
      return sum;
    },
  };
}

interface Contention {
  readonly name: string;
  readonly cpus: readonly number[];
}

const CONTENTIONS: readonly Contention[] = [
  { name: '1 Worker', cpus: [0] },
  { name: '2 Workers, a CPU each', cpus: [0, 1] },
  { name: '2 Workers on one CPU', cpus: [0, 0] },
];

async function contend({ name, cpus }: Contention, milliseconds: number): Promise<Figure[]> {
  const guest = makeGuest(2);
  const counters = new Int32Array(new SharedArrayBuffer(4 * 16 * 3));
  const reports = await runWorkers<ClaimReport & { all: number }>(
    CLAIMER,
    cpus.map((cpu): ClaimTask => ({ guest: guest.handle, cpu, workers: cpus.length, milliseconds, counters })),
  );
  for (const cpu of new Set(cpus)) {
    const claims = reports.reduce((sum, { all }, index) => sum + (cpus[index] === cpu ? all : 0), 0);
    assert.equal(counters[16 * (1 + cpu)], claims, `${name}: each claim of CPU ${cpu} was alone`);
  }
  const rate = reports.reduce((sum, { claims, nanoseconds }) => sum + claims / nanoseconds, 0) * 1e3;
  const refusals = reports.reduce((sum, report) => sum + report.refusals, 0);
  const tries = reports.reduce((sum, report) => sum + report.claims, refusals);
  const note = refusals === 0 ? 'none refused' : `${((100 * refusals) / tries).toFixed(1)} % of the tries refused`;
  return [{ what: name, value: rate, unit: 'M claims/s', note }];
}

const bench: BenchCase = {
  question: "How often can a CPU's hypercall page be claimed and released, alone and against other Workers?",
  async run(pace) {
    const ways = loops();
    const wanted = [HEADER, PAGE, PAGE, HEADER + 28, HEADER];
    for (const [index, [name, loop]] of Object.entries(ways).entries()) assert.equal(loop(8), 8 * wanted[index]!, name);
    const figures = figuresOf(
      race(
        Object.entries(ways).map(([name, loop]) => ({ name, each: EACH, run: () => loop(EACH) })),
        pace,
      ).values(),
    );
    const grown = Math.max(...Object.values(ways).map((loop) => heapGrowth(loop, CALLS)));
    for (const one of CONTENTIONS) figures.push(...(await contend(one, pace === 'full' ? 1000 : 50)));
    // One object for each claim would be 12 bytes or more.
    return { figures, bars: [below('heap growth for one claim', grown, 0.1, 'bytes')] };
  },
};

export default bench;
