import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PfnRuns } from '../../src/capture/pfn-runs.js';
import { seededDraw } from '../../src/layout/sample.js';

/** What add() has to find, one number after the other. */
function plainly(numbers: readonly bigint[]): { count: number; runs: number; min: bigint; max: bigint } {
  let runs = 0;
  numbers.forEach((value, i) => {
    if (i === 0 || value !== numbers[i - 1]! + 1n) runs++;
  });
  const sorted = [...numbers].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { count: numbers.length, runs, min: sorted[0] ?? 0xffffffffffffffffn, max: sorted.at(-1) ?? 0n };
}

function found(numbers: readonly bigint[], pieces: readonly number[]): ReturnType<typeof plainly> {
  const words = new Uint32Array(BigUint64Array.from(numbers).buffer);
  const runs = new PfnRuns();
  let from = 0;
  for (const length of pieces) {
    const to = Math.min(words.length, from + length * 2);
    runs.add(words, from, to);
    from = to;
  }
  runs.add(words, from, words.length);
  return { count: runs.count, runs: runs.runs, min: runs.min, max: runs.max };
}

const add = suite('PfnRuns.add');

const rows: { note: string; numbers: bigint[] }[] = [
  { note: 'nothing', numbers: [] },
  { note: 'one number', numbers: [7n] },
  { note: 'zero first', numbers: [0n, 1n, 2n] },
  { note: 'one run', numbers: [5n, 6n, 7n, 8n] },
  { note: 'falling', numbers: [8n, 7n, 6n] },
  { note: 'the same number twice', numbers: [4n, 4n, 5n] },
  { note: 'a run over 2^32', numbers: [0xfffffffen, 0xffffffffn, 0x100000000n, 0x100000001n] },
  { note: 'low halves that follow, upper ones that do not', numbers: [0xffffffffn, 0n, 0x200000001n, 2n] },
  { note: 'a run over 2^53', numbers: [0x1fffffffffffffn, 0x20000000000000n, 0x20000000000001n, 0x20000000000002n] },
  { note: 'kernel addresses by page', numbers: [0xffff888000000n, 0xffff888000001n, 0xffff88801f000n] },
  { note: 'narrow behind wide', numbers: [0xfffffffffffffffen, 0xffffffffffffffffn, 0n, 1n] },
];

for (const { note, numbers } of rows) {
  add(note, () => {
    const want = plainly(numbers);
    assert.equal(found(numbers, []), want);
    // However they come, the numbers are one sequence.
    for (let at = 0; at <= numbers.length; at++) assert.equal(found(numbers, [at]), want, `cut at ${at}`);
    assert.equal(
      found(
        numbers,
        numbers.map(() => 1),
      ),
      want,
      'one by one',
    );
  });
}

add('agrees with the plain way on seeded numbers', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const draw = seededDraw(seed);
    const below = (most: number): number => Number(draw(16)) % most;
    const numbers: bigint[] = [];
    const tops = [0n, 0n, 1n << 32n, (1n << 53n) - 4n, 1n << 63n];
    for (let run = 0; run < 30; run++) {
      const first = tops[below(tops.length)]! + draw(6);
      const length = BigInt(below(9));
      for (let i = 0n; i < length; i++) numbers.push(first + i);
    }
    const want = plainly(numbers);
    assert.equal(found(numbers, [below(20), below(40), below(60)]), want, `seed ${seed}`);
  }
});

add.run();
