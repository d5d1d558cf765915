import * as assert from 'node:assert/strict';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { type BenchCase, below } from '../case.js';
import { againstC, roundsFigure, timesOfC } from '../compile-c.js';
import { withFolder } from '../processes.js';
import { type Contestant, median } from '../race.js';
import { FULL_PAGE } from '../samples.js';

const FIRST = 0x10_0000;
/** Where the list of map_device_gpa_pages starts in the page at 0x1000. */
const LIST = 0x1028;
const EACH = 256;
/** A full page, and short lists: there the call into the kernel counts. */
const LENGTHS = [FULL_PAGE, 64, 8, 1];

function requireList(memory: SharedGuestMemory, first: number, count: number): void {
  for (let i = 0; i < count; i++) assert.equal(memory.readU64(LIST + 8 * i), BigInt(first + i));
  assert.equal(memory.readU64(LIST + 8 * count), 0n);
}

const work = (count: number): string => `${count} entries`;

function contestant(name: string, memory: SharedGuestMemory, count: number): Contestant {
  memory.clear(0, memory.size);
  // Across the carry into the upper half.
  memory.fillPfns(LIST, 0xffff_fff0, count);
  requireList(memory, 0xffff_fff0, count);
  return {
    name: `${name}, ${work(count)}`,
    each: EACH,
    run() {
      for (let i = 0; i < EACH; i++) memory.fillPfns(LIST, FIRST + i, count);
    },
  };
}

const bench: BenchCase = {
  question: 'How long does a list of consecutive page frames take to write: kernel, plain stores, C?',
  run(pace) {
    const kernel = SharedGuestMemory.create(0x3000);
    const plain = SharedGuestMemory.create(0x3000, { kernel: false });
    assert.equal(kernel.hasKernel, true, 'this host has the kernel');
    const contestants = LENGTHS.flatMap((count) => [
      contestant('kernel', kernel, count),
      contestant('plain stores', plain, count),
    ]);
    return withFolder((folder) => {
      const rounds = againstC(contestants, { source: 'fill', args: [10, 20_000, ...LENGTHS] }, folder, pace);
      const figures = [...rounds].map(([name, ns]) =>
        roundsFigure(name.startsWith('-') ? `C, gcc ${name}` : name, ns, 'ns'),
      );
      const ratios = timesOfC(rounds, contestants[0]!.name, '-O2', work(FULL_PAGE));
      const bars = ratios === undefined ? [] : [below(`time of C -O2, ${work(FULL_PAGE)}`, median(ratios), 1.5, '×')];
      return { figures, bars };
    });
  },
};

export default bench;
