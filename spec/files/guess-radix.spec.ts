import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guessRadix } from '../../src/files/sample.js';

interface Case {
  readonly what: string;
  /** Address, bytes and how many of these may be padding, of neighbouring lines. */
  readonly rows: readonly (readonly [address: string, length: number, padding?: number])[];
  readonly candidates: readonly number[];
  readonly radix: number | undefined;
  readonly tied?: boolean;
}

const ALL = [16, 8, 10];

const cases: readonly Case[] = [
  {
    what: 'hex steps',
    rows: [
      ['0000000', 16],
      ['0000010', 16],
    ],
    candidates: [8, 10, 16],
    radix: 16,
  },
  {
    what: 'octal steps',
    rows: [
      ['0000000', 16],
      ['0000020', 16],
    ],
    candidates: ALL,
    radix: 8,
  },
  {
    what: 'decimal steps',
    rows: [
      ['0000000', 16],
      ['0000016', 16],
    ],
    candidates: ALL,
    radix: 10,
  },
  { what: 'one row at zero', rows: [['0000000', 16]], candidates: ALL, radix: 16 },
  { what: 'one row elsewhere', rows: [['0000020', 16]], candidates: ALL, radix: 16, tied: true },
  { what: 'a letter', rows: [['00000a0', 16]], candidates: [8, 10, 16], radix: 16 },
  { what: 'a nine among octal candidates', rows: [['0000009', 16]], candidates: [8], radix: undefined },
  {
    what: 'the end without padding',
    rows: [
      ['0000000', 16],
      ['0000020', 0],
    ],
    candidates: ALL,
    radix: 8,
  },
  {
    what: 'the end with padding',
    rows: [
      ['0000000', 16, 3],
      ['0000015', 0],
    ],
    candidates: [16, 10],
    radix: 10,
  },
  {
    what: 'an end that would cut what is no padding',
    rows: [
      ['0000000', 16, 1],
      ['0000015', 0],
    ],
    candidates: ALL,
    radix: 10,
  },
  {
    what: 'an exact end before one that cuts',
    rows: [
      ['0000000', 16, 3],
      ['0000016', 0],
    ],
    candidates: [8, 10],
    radix: 10,
  },
];

const test = suite('files/guessRadix');

for (const { what, rows, candidates, radix, tied } of cases) {
  test(`${what}: ${radix ?? 'none'}`, () => {
    const lines = rows.map(([address, length, padding], index) => ({ index, address, length, padding: padding ?? 0 }));
    const guess = guessRadix(lines, candidates);
    assert.is(guess?.radix, radix);
    if (guess !== undefined) assert.is(guess.tied, tied === true);
  });
}

test('rows with something between them do not count as neighbours', () => {
  const apart = [
    { index: 0, address: '0000000', length: 16, padding: 0 },
    { index: 2, address: '0000020', length: 16, padding: 0 },
  ];
  assert.equal(guessRadix(apart, [16, 8]), { radix: 16, steps: 0, tied: true });
});

test.run();
