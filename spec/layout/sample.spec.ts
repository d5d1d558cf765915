import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { bits } from '../../src/layout/bits.js';
import { decode, encodeUnchecked } from '../../src/layout/codec.js';
import { rep } from '../../src/layout/list.js';
import { onesDraw, sample, seededDraw, zeroDraw } from '../../src/layout/sample.js';
import { u8, u32 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { AnyType } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';
import { canonical } from '../support/canonical.js';
import { plain } from '../support/codec-table.js';
import {
  byBits,
  byQuotient,
  counted,
  headAndReps,
  kernelLayouts,
  openUnion,
  ranges,
  scalars,
  selfTagged,
  tagged,
  vpSet,
  words,
} from '../support/kernel-layouts.js';

const draws = suite('layout: seededDraw');

draws('is the same from the same seed, and another from another', () => {
  const take = (seed: number) => Array.from({ length: 8 }, seededDrawOf(seed)).join();
  assert.is(take(1), take(1));
  assert.is.not(take(1), take(2));
});
const seededDrawOf = (seed: number) => {
  const draw = seededDraw(seed);
  return () => draw(64);
};

draws('has been the same in every version', () => {
  const draw = seededDraw(7);
  // xorshift128+ (shifts 23, 17, 26) computed apart: fixtures made from seeds stay what they are.
  assert.equal([draw(8), draw(32), draw(64)].map(String), GOLDEN);
});
const GOLDEN = ['187', '3022378068', '15634476128485492579'];

draws('fits its bits, and uses all of them', () => {
  for (const width of [1, 5, 32, 33, 64]) {
    const draw = seededDraw(width);
    let seen = 0n;
    for (let i = 0; i < 200; i++) {
      const value = draw(width);
      assert.ok(value >= 0n && value < 1n << BigInt(width));
      seen |= value;
    }
    assert.is(seen, (1n << BigInt(width)) - 1n);
  }
});

draws('zeros and ones', () => {
  assert.equal([zeroDraw(64), onesDraw(1), onesDraw(64)], [0n, 1n, 0xffffffffffffffffn]);
});

draws.run();

const values = suite('layout: sample');

values('depends on the draw alone', () => {
  for (const type of kernelLayouts) {
    const once = canonical(sample(type, seededDraw(3)));
    assert.is(canonical(sample(type, seededDraw(3))), once, type.name);
    assert.is.not(canonical(sample(type, seededDraw(4))), once, type.name);
  }
});

values('of zeros is zeros, of ones is ones', () => {
  assert.is(bytesToHex(encodeUnchecked(scalars, sample(scalars, zeroDraw))), '00'.repeat(43));
  assert.is(bytesToHex(encodeUnchecked(scalars, sample(scalars, onesDraw))), 'ff'.repeat(43));
  assert.is(bytesToHex(encodeUnchecked(words, sample(words, onesDraw))), 'ff'.repeat(35));
});

values('is what its bytes decode to, tags and counts included', () => {
  for (const type of kernelLayouts) {
    for (let seed = 0; seed < 6; seed++) {
      const value = sample(type, seededDraw(seed), { elements: seed % 4 });
      const again = decode(type as typeof scalars, encodeUnchecked(type, value));
      assert.equal(plain(again), plain(value), `${type.name} from ${seed}`);
    }
  }
});

const counts: { note: string; type: AnyType; of: (value: never) => unknown; is: unknown }[] = [
  {
    note: 'a count',
    type: counted,
    of: (v: { count: number; entries: unknown[] }) => [v.count, v.entries.length],
    is: [3, 3],
  },
  {
    note: 'a count in bits',
    type: byBits,
    of: (v: { w: { n: number }; list: unknown[] }) => [v.w.n, v.list.length],
    is: [3, 3],
  },
  {
    note: 'a count of bytes',
    type: byQuotient,
    of: (v: { size: number; list: unknown[] }) => [v.size, v.list.length],
    is: [6, 3],
  },
  {
    note: 'a count of bits set',
    type: vpSet,
    of: (v: { mask: bigint; banks: { length: number } }) => [v.mask, v.banks.length],
    is: [7n, 3],
  },
  {
    note: 'a count of pages, one less in each',
    type: ranges,
    of: (v: { count: number; ranges: { byteCount: number; pfns: { length: number } }[] }) => [
      v.count,
      v.ranges.map((r) => [r.byteCount, r.pfns.length]),
    ],
    is: [
      3,
      [
        [8192, 2],
        [8192, 2],
        [8192, 2],
      ],
    ],
  },
  {
    note: 'a header and reps',
    type: headAndReps,
    of: (v: { set: { banks: { length: number } }; list: { length: number } }) => [v.set.banks.length, v.list.length],
    is: [3, 3],
  },
];
for (const { note, type, of, is } of counts)
  values(`${note} agrees with its list`, () =>
    assert.equal(of(sample(type, seededDraw(1), { elements: 3 }) as never), is),
  );

const arms: { note: string; type: AnyType; arm: (value: never) => object; are: string[] }[] = [
  { note: 'a sibling', type: tagged, arm: (v: { byField: object }) => v.byField, are: ['msi', 'rte'] },
  { note: 'bits of the arms', type: selfTagged, arm: (v: object) => v, are: ['logical', 'pad', 'pci'] },
  {
    note: 'a union of open size',
    type: openUnion,
    arm: (v: { body: object }) => v.body,
    are: ['list', 'long', 'pad', 'short'],
  },
];
for (const { note, type, arm, are } of arms)
  values(`every arm that ${note} can tell is drawn`, () => {
    const seen = new Set(
      Array.from({ length: 60 }, (_, seed) => Object.keys(arm(sample(type, seededDraw(seed)) as never))[0]),
    );
    assert.equal([...seen].sort(), are);
  });

values('a tag that lies in the arm of another union', () => {
  const type = struct('deep', 12, {
    head: anon(
      union(
        { whole: u32, parts: struct({ kind: u8, flags: bits(u8, { on: 1, rest: 7 }), x: u8, y: u8 }) },
        { otherwise: 'parts' },
      ),
    ),
    other: union({ text: u32, op: struct({ n: u8, m: u8 }) }, { otherwise: 'text' }),
    body: union({ a: u32, b: u8 }, { by: 'head.parts.kind', of: { 1: 'a', 2: 'b' } }),
    list: rep(u8, { count: 'other.op.n' }),
  });
  for (let seed = 0; seed < 8; seed++) {
    const value = sample(type, seededDraw(seed)) as {
      head: { parts: { kind: number } };
      body: object;
      other: { op: { n: number } };
    };
    assert.is({ 1: 'a', 2: 'b' }[value.head.parts.kind], Object.keys(value.body)[0]);
    assert.is(value.other.op.n, 2);
  }
});

values('without a tag: the arm for that, else the largest', () => {
  assert.equal(Object.keys(sample(union({ a: u8, b: u32 }, {}), zeroDraw) as object), ['b']);
  assert.equal(Object.keys(sample(union({ a: u8, b: u32 }, { otherwise: 'a' }), zeroDraw) as object), ['a']);
});

values.run();
