import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enumeration, enumMeta, i32, u32, u64 } from '../../src/layout/scalar.js';
import { nameOf, symbolOf } from '../../src/layout/symbol.js';
import { access, colour } from '../support/kernel-layouts.js';

const mixed = enumeration('mixed', { SMALL: 1, WIDE: 0x100000000n, TOP: 0xffffffffffffffffn, EXACT: 2 ** 53 });
const overlapping = enumeration('overlapping', { NONE: 0, A: 1, B: 2, BOTH: 3, HIGH: 0x80000000 });

const symbols = suite('layout: symbolOf');

const rows: [string, Parameters<typeof symbolOf>[0], number | bigint, string | undefined][] = [
  ['a constant', u32.as(colour), 7, 'BLUE'],
  ['zero', u32.as(colour), 0, 'RED'],
  ['none', u32.as(colour), 2, undefined],
  ['no names', u32, 7, undefined],
  ['a number for a wide field', u64.as(mixed), 1n, 'SMALL'],
  ['a bigint constant', u64.as(mixed), 0x100000000n, 'WIDE'],
  ['the highest', u64.as(mixed), 0xffffffffffffffffn, 'TOP'],
  ['a neighbour that a number cannot tell apart', u64.as(mixed), 2n ** 53n + 1n, undefined],
  ['a signed value', i32.as(enumeration('signed', { MINUS: -1 })), -1, 'MINUS'],
  ['one flag', u32.flagsOf(access), 2, 'WRITE'],
  ['several flags', u32.flagsOf(access), 5, 'READ | EXEC'],
  ['flags and a stray bit', u32.flagsOf(access), 9, 'READ | 0x8'],
  ['only stray bits', u32.flagsOf(access), 8, undefined],
  ['no flag', u32.flagsOf(access), 0, undefined],
  ['no flag, which has a name', u32.flagsOf(overlapping), 0, 'NONE'],
  ['flags with a name for both', u32.flagsOf(overlapping), 3, 'BOTH'],
  ['the highest flag', u32.flagsOf(overlapping), 0x80000001, 'A | HIGH'],
  ['wide flags', u64.flagsOf(mixed), 0x100000001n, 'SMALL | WIDE'],
];
for (const [note, type, value, is] of rows) symbols(note, () => assert.is(symbolOf(type, value), is));

symbols.run();

const names = suite('layout: nameOf');

names('takes a number for a bigint constant and the other way round', () => {
  const meta = enumMeta(mixed);
  assert.equal([nameOf(meta, 0x100000000), nameOf(meta, 1n), nameOf(meta, 2)], ['WIDE', 'SMALL', undefined]);
});

names.run();
