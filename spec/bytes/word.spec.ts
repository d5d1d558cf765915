import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hiOf, joinU64, loOf, popcount32 } from '../../src/bytes/word.js';

const bits = suite('bytes: popcount32');

const counts: [number, number][] = [
  [0, 0],
  [1, 1],
  [0x80000000, 1],
  [0xffffffff, 32],
  [0x7fffffff, 31],
  [0xaaaaaaaa, 16],
  [0x12345678, 13],
  [-1, 32],
];
for (const [word, is] of counts) bits(`0x${(word >>> 0).toString(16)}`, () => assert.is(popcount32(word), is));

bits('every single bit', () => {
  for (let i = 0; i < 32; i++) assert.is(popcount32((1 << i) >>> 0), 1);
});

bits.run();

const halves = suite('bytes: joinU64, loOf and hiOf');

const words: [bigint, number, number][] = [
  [0n, 0, 0],
  [1n, 1, 0],
  [0x100000000n, 0, 1],
  [0xffffffffffffffffn, 0xffffffff, 0xffffffff],
  [0x8000000000000001n, 1, 0x80000000],
  [0x0123456789abcdefn, 0x89abcdef, 0x01234567],
];
for (const [word, lo, hi] of words)
  halves(`0x${word.toString(16)}`, () => {
    assert.is(joinU64(lo, hi), word);
    assert.equal([loOf(word), hiOf(word)], [lo, hi]);
  });

halves('of a negative number, and of one too large, the low 64 bits', () => {
  assert.equal([loOf(-2n), hiOf(-2n)], [0xfffffffe, 0xffffffff]);
  assert.equal([loOf((1n << 70n) + 5n), hiOf((1n << 70n) + 5n)], [5, 0]);
});

halves.run();
