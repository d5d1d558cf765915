import * as assert from 'node:assert/strict';
import { IntervalTree } from '../../src/guest/root-iommu/interval-tree.js';
import { atLeast, type BenchCase, below } from '../case.js';
import { againstC, roundsFigure, timesOfC } from '../compile-c.js';
import { withFolder } from '../processes.js';
import { type Contestant, kept, median } from '../race.js';
import { makeDriver, PAGE } from '../root-driver.js';

/** Each interval has so many pages and is followed by a hole of one, as in bench/c/interval-lookup.c. */
const PAGES = 3;
const STEP = 4;
const FRAME = 0x400_0000;
const LOOKUPS = 200_000;
const EACH = 20_000;

/** Words that are the same in each run. */
function xorshift(): () => number {
  let state = 12345;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Numbers from 0 on in random order. */
function shuffled(count: number, next: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = next() % (i + 1);
    const one = order[i]!;
    order[i] = order[other]!;
    order[other] = one;
  }
  return order;
}

interface Filled {
  readonly tree: IntervalTree;
  /** Nanoseconds for one, in random order. */
  readonly insertNs: number;
  readonly removeNs: number;
}

function fillTree(count: number): Filled {
  const next = xorshift();
  const tree = new IntervalTree();
  const insert = (i: number) => tree.insert({ start: i * STEP, pages: PAGES, frame: FRAME + i * STEP, flags: 3 });
  let from = process.hrtime.bigint();
  for (const i of shuffled(count, next)) if (!insert(i)) throw new Error(`interval ${i} overlaps`);
  const insertNs = Number(process.hrtime.bigint() - from) / count;
  assert.equal(tree.size, count);
  const gone = shuffled(count, next).subarray(0, count >>> 1);
  from = process.hrtime.bigint();
  for (const i of gone) if (!tree.remove(i * STEP)) throw new Error(`interval ${i} is not there`);
  const removeNs = Number(process.hrtime.bigint() - from) / gone.length;
  assert.equal(tree.size, count - gone.length);
  for (const i of gone) insert(i);
  assert.equal(tree.size, count);
  return { tree, insertNs, removeNs };
}

/** The whole way of iova_to_phys, from a driver that has mapped them one by one. */
function throughDriver(count: number): Contestant {
  const { driver, domain } = makeDriver();
  for (const i of shuffled(count, xorshift())) {
    const iova = BigInt(i * STEP * PAGE);
    const request = { iova, paddr: BigInt(FRAME * PAGE) + iova, pageSize: PAGE, pageCount: PAGES, writable: true };
    if (driver.map(domain, request).errno !== undefined) throw new Error(`interval ${i} is not mapped`);
  }
  assert.equal(domain.tree.size, count);
  const next = xorshift();
  const iovas = Array.from({ length: LOOKUPS }, () =>
    BigInt(((next() % count) * STEP + (next() % PAGES)) * PAGE + 0x123),
  );
  for (const iova of iovas) assert.equal(driver.iovaToPhys(domain, iova), BigInt(FRAME * PAGE) + iova);
  assert.equal(driver.iovaToPhys(domain, BigInt(PAGES * PAGE)), undefined);
  let at = 0;
  return {
    name: 'iovaToPhys of the driver, bigint in and out',
    each: EACH,
    run() {
      let last: bigint | undefined;
      for (let i = 0; i < EACH; i++) last = driver.iovaToPhys(domain, iovas[(at + i) % LOOKUPS]!);
      at = (at + EACH) % LOOKUPS;
      return last;
    },
  };
}

function inTree(tree: IntervalTree, count: number): Contestant {
  const next = xorshift();
  const pages = Float64Array.from({ length: LOOKUPS }, () => (next() % count) * STEP + (next() % PAGES));
  for (const page of pages) if (tree.frameOf(page) !== FRAME + page) throw new Error(`page ${page} is lost`);
  let at = 0;
  return {
    name: 'the tree alone, numbers in and out',
    each: EACH,
    run() {
      let sum = 0;
      for (let i = 0; i < EACH; i++) sum += tree.frameOf(pages[(at + i) % LOOKUPS]!);
      at = (at + EACH) % LOOKUPS;
      return sum;
    },
  };
}

const bench: BenchCase = {
  question: 'How long does iova_to_phys take among a million intervals, and how long to add and to drop one?',
  run(pace) {
    const count = pace === 'full' ? 1_000_000 : 50_000;
    kept[0] = fillTree(Math.min(count, 100_000));
    const { tree, insertNs, removeNs } = fillTree(count);
    const contestants = [inTree(tree, count), throughDriver(count)];
    return withFolder((folder) => {
      const args = [5, LOOKUPS, count];
      const rounds = againstC(contestants, { source: 'interval-lookup', args }, folder, pace);
      const figures = [...rounds].map(([name, ns]) =>
        roundsFigure(name.startsWith('-') ? `C, gcc ${name}` : name, ns, 'ns'),
      );
      const all = count.toLocaleString('en-US');
      figures.push({ what: 'insert, random order', value: insertNs, unit: 'ns', note: `${all} of them` });
      figures.push({ what: 'remove, random order', value: removeNs, unit: 'ns', note: 'half of them' });
      const whole = median(rounds.get(contestants[1]!.name)!);
      const ratios = timesOfC(rounds, contestants[0]!.name, '-O2', 'lookup');
      return {
        figures,
        bars: [
          atLeast(`iova_to_phys among ${all} intervals`, 1e3 / whole, 1, 'M/s'),
          ...(ratios === undefined ? [] : [below('tree, time of C -O2', median(ratios), 2, '×')]),
        ],
      };
    });
  },
};

export default bench;
