import { suite } from 'uvu';
import { bit, bits } from '../../src/layout/bits.js';
import { versions } from '../../src/layout/group.js';
import { array, rep, varhead } from '../../src/layout/list.js';
import { atomic, bytes, enumeration, hole, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { anon, union } from '../../src/layout/union.js';
import { checkWrong } from '../support/wrong-table.js';

const pair = struct('pair', 2, { a: u8, b: u8 });
const pairs = struct('pairs', 1, { n: u8, list: rep(pair) });
const numbers = enumeration('numbers', { ONE: 1 });

const sizes = suite('layout: wrong sizes');

checkWrong(sizes, 'E_LAYOUT_SIZE', [
  ['a struct claims too much', () => struct('s', 9, { a: u64 }), 's: claims 0x9 bytes, its fields have 0x8'],
  ['a struct claims too little', () => struct('s', 7, { a: u64 }), 's: claims 0x7 bytes, its fields have 0x8'],
  [
    'a union claims the sum of its arms',
    () => union('u', 9, { a: u8, b: u64 }),
    'u: claims 0x9 bytes, its largest arm has 0x8',
  ],
  ['no reserved bytes', () => rsvd(0), '0 is no number of elements or bytes'],
  ['a hole of half a byte', () => hole(0.5), '0.5 is no number of elements or bytes'],
  ['a negative byte string', () => bytes(-1), '-1 is no number of elements or bytes'],
  ['an array of none', () => array(u8, 0), '0 is no number of elements or bytes'],
  ['a list that declares half an element', () => rep(u64, { declared: 0.5 }), '0.5 is no number of elements or bytes'],
]);

sizes.run();

const widths = suite('layout: wrong widths');

checkWrong(widths, 'E_LAYOUT_BITS', [
  [
    'widths that do not fill the word',
    () => bits('b', u32, { a: 5, b: 26 }),
    'b: widths add up to 31 bits, the word has 32',
  ],
  [
    'widths that are more than the word',
    () => bits('b', u8, { a: 8, b: 1 }),
    'b: widths add up to 9 bits, the word has 8',
  ],
  [
    'a field across the end of the word',
    () => bits('b', u8, { a: 5, b: 4 }),
    'b.b: bits 5 to 8 cross from one u8 to the next',
  ],
  [
    'a field across two words of an array',
    () => bits('b', array(u64, 2), { a: 60, b: 8, c: 60 }),
    'b.b: bits 60 to 67 cross from one u64 to the next',
  ],
  ['a width of none', () => bits('b', u8, { a: 0, b: 8 }), 'b.a: width 0 is not 1 to 64'],
  ['a width of 65', () => bits('b', array(u64, 2), { a: 65, b: 63 }), 'b.a: width 65 is not 1 to 64'],
  ['half a bit', () => bits('b', u8, { a: 7.5, b: 0.5 }), 'b.a: width 7.5 is not 1 to 64'],
]);

widths.run();

const order = suite('layout: wrong order');

checkWrong(order, 'E_LAYOUT_ORDER', [
  [
    'a fixed field behind a list',
    () => struct('s', 1, { list: rep(u8), n: u8 }),
    's.n: stands behind list, whose size varies',
  ],
  [
    'a fixed field behind a struct with a list',
    () => struct('s', 2, { inner: pairs, n: u8 }),
    's.n: stands behind inner, whose size varies',
  ],
  [
    'a fixed field behind a union of open size',
    () => struct('s', 5, { u: union({ a: u32, l: rep(u8) }), n: u8 }),
    's.n: stands behind u, whose size varies',
  ],
  [
    'a variable header behind a list',
    () => struct('s', 1, { n: u8, list: rep(u8, { count: 'n' }), head: varhead(u64) }),
    's.head: stands behind list, whose size varies',
  ],
  [
    'a list behind one that takes all the rest',
    () => struct('s', 0, { one: rep(u8), two: rep(u8) }),
    's.two: stands behind one, whose size varies',
  ],
  [
    'a list behind a struct that takes all the rest',
    () => struct('s', 1, { inner: pairs, two: rep(u8) }),
    's.two: stands behind inner, whose size varies',
  ],
]);

order.run();

const kinds = suite('layout: wrong kinds');

checkWrong(kinds, 'E_LAYOUT_KIND', [
  [
    'a scalar without a name',
    () => struct('s', 1, { a: anon(u8) }),
    's.a: only a struct, union or bits can be without a name',
  ],
  ['an array of elements of open size', () => array(pairs, 2), 'elements of a fixed array have a fixed size; use rep'],
  ['a list of elements without a size', () => rep(rep(u8)), 'elements of a list need a size'],
  ['an atomic of 16 bits', () => atomic(u16), 'atomic takes u32'],
  ['names from an ordinary object', () => u32.as({ ONE: 1 }), 'not made by enumeration()'],
  ['bit names from an ordinary object', () => bit(2, { ...numbers }), 'not made by enumeration()'],
  [
    'bits in an array of structs',
    () => bits('b', array(pair, 2), { a: 32 }),
    'b: bits stand in a scalar or an array of one',
  ],
  ['one version', () => versions({ v1: pair }), 'pair: versions() takes two or more'],
]);

kinds.run();
