import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wordOf } from '../../src/capture/event.js';

const test = suite('capture: words of an event');

const word = (value: unknown) => wordOf({ k: 'hypercall', control: value }, 'control');

test('64-bit words are text, numbers are those that JSON does not round', () => {
  for (const [value, expected] of [
    ['0x6401fa000000b3', 0x6401fa000000b3n],
    ['28149284204052659', 28149284204052659n],
    ['0xffffffffffffffff', 2n ** 64n - 1n],
    [2 ** 53 - 1, 2n ** 53n - 1n],
    [180, 180n],
    [-1, 2n ** 64n - 1n],
  ] as const)
    assert.is(word(value), expected, String(value));
});

test('numbers that were rounded, and words that are none', () => {
  for (const value of [
    Number('0x6401fa000000b3'),
    2 ** 53,
    -(2 ** 53),
    1.5,
    Number.NaN,
    'b3',
    '',
    null,
    undefined,
    true,
  ])
    assert.throws(
      () => word(value),
      (error: Error & { code?: string }) => error.code === 'E_RECORD',
      String(value),
    );
});

test.run();
