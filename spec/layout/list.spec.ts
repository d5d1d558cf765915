import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { array, rep, varhead } from '../../src/layout/list.js';
import { u8, u16, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { checkRows, row } from '../support/codec-table.js';
import {
  bitList,
  byBits,
  byQuotient,
  byteRest,
  counted,
  endless,
  fixedLists,
  headAndReps,
  maskBits,
  ranges,
  signedRest,
  smallMask,
  vpSet,
} from '../support/kernel-layouts.js';

const arrays = suite('layout: array');

const fortyOne = Array.from({ length: 41 }, (_, i) => i);
const fortyOneHex = fortyOne.map((i) => i.toString(16).padStart(2, '0')).join('');

checkRows(arrays, [
  row(
    'of scalars, structs, unions and reserved bytes',
    fixedLists,
    `010203 0700 0100 00 ffffffff 02000000 0100000000000000 0000000000000080 feffffffffffffff
     01 00 0200 03 09 0400 05000000 06070000 0000 0102 ${fortyOneHex}`,
    {
      bytes: [1, 2, 3],
      shorts: [7, 1],
      signed: [-1, 2],
      bigs: [1n, 0x8000000000000000n],
      signed64: [-2n],
      pairs: [
        { x: 1, z: 2 },
        { x: 3, y: Uint8Array.of(9), z: 4 },
      ],
      unions: [{ small: 5 }, { small: 6, tail: Uint8Array.of(7, 0, 0) }],
      gaps: [new Uint8Array(2), Uint8Array.of(1, 2)],
      many: fortyOne,
    },
    { viewed: false },
  ),
  row(
    'short ones are filled with zeros',
    fixedLists,
    `01 0000 0000 0000 00 00000000 00000000 0000000000000000 0000000000000000 0000000000000000
     01 00 0200 00 00 0000 00000000 00000000 0000 0000 ${'00'.repeat(41)}`,
    {
      bytes: [1, 0, 0],
      shorts: [0, 0],
      signed: [0, 0],
      bigs: [0n, 0n],
      signed64: [0n],
      pairs: [
        { x: 1, z: 2 },
        { x: 0, z: 0 },
      ],
      unions: [{ small: 0 }, { small: 0 }],
      gaps: [new Uint8Array(2), new Uint8Array(2)],
      many: new Array(41).fill(0),
    },
    {
      input: {
        bytes: Uint8Array.of(1),
        shorts: [],
        signed: [],
        bigs: [],
        signed64: [],
        pairs: [{ x: 1, z: 2 }],
        unions: [],
        gaps: [],
        many: [],
      },
    },
  ),
  row(
    'of arrays',
    struct({ grid: array(array(u8, 2), 2) }),
    '01020304',
    {
      grid: [
        [1, 2],
        [3, 4],
      ],
    },
    { viewed: false },
  ),
]);

arrays.run();

const reps = suite('layout: rep');

checkRows(reps, [
  row('counted by a sibling', counted, '0200 0000 13000000 01 00 0200 03 05 0400', {
    count: 2,
    lengthBytes: 0,
    first: { n: 3, rest: 1 },
    entries: [
      { id: 1, value: 2 },
      { id: 3, pad: Uint8Array.of(5), value: 4 },
    ],
  }),
  row('empty', counted, '0000 ffff 00000000', { count: 0, lengthBytes: 65535, first: { n: 0, rest: 0 }, entries: [] }),
  row('a count that asks for more than there is', counted, '0900 0000 00000000 01 00 0200', {
    count: 9,
    lengthBytes: 0,
    first: { n: 0, rest: 0 },
    entries: [{ id: 1, value: 2 }],
  }),
  row('counted in bytes', byQuotient, '05000000 0100 0200', { size: 5, list: [1, 2] }),
  row('counted by a bit-field', byBits, '21000000 feffffff', { w: { n: 1, rest: 2 }, list: [-2] }),
  row(
    'of elements that have lists of their own, by pages touched',
    ranges,
    `05000000 02000000
    01100000 ff0f0000 0100000000000000 0200000000000000
    01000000 00000000 0300000000000000`,
    {
      total: 5,
      count: 2,
      ranges: [
        { byteCount: 0x1001, byteOffset: 0xfff, pfns: [1n, 2n] },
        { byteCount: 1, byteOffset: 0, pfns: [3n] },
      ],
    },
  ),
  row('to the end of the bytes', endless, '01000000 0200000000000000 ffffffffffffffff', {
    id: 1,
    list: [2n, 0xffffffffffffffffn],
  }),
  row('to the end, empty although C counts one element', endless, '01000000', { id: 1, list: [] }),
  row('of bits', bitList, '02 01000000 3f000000', {
    n: 2,
    list: [
      { a: 1, rsvd0: 0 },
      { a: 31, rsvd0: 1 },
    ],
  }),
  row('of bytes', byteRest, '0100 aabbcc', { id: 1, rest: [0xaa, 0xbb, 0xcc] }),
  row('of signed integers', signedRest, 'ffffffffffffffff 0100000000000000', { rest: [-1n, 1n] }, { viewed: false }),
  row('counted by the call', endless, '01000000 0200000000000000', { id: 1, list: [2n] }, { limits: { reps: 1 } }),
  row(
    'counted by the call, more than there is',
    endless,
    '01000000 0200000000000000',
    { id: 1, list: [2n] },
    {
      limits: { reps: 5 },
    },
  ),
  row('a sibling outranks the call', byQuotient, '02000000 0100', { size: 2, list: [1] }, { limits: { reps: 0 } }),
]);

reps.run();

const headers = suite('layout: varhead');

checkRows(headers, [
  row('as many as the mask has bits', vpSet, `0000000000000000 0100000000000080 1100000000000000 2200000000000000`, {
    format: 0n,
    mask: 0x8000000000000001n,
    banks: [0x11n, 0x22n],
  }),
  row('a mask of one byte, what stands beside it set', smallMask, '05 ffff 0100 0200', {
    mask: 5,
    beside: 0xffff,
    banks: [1, 2],
  }),
  row('a mask in a bit-field', maskBits, 'ff0df0ff 0102 03', {
    w: { lo: 255, mask: 13, hi: 0xfff00 },
    list: [1, 2, 3],
  }),
  row(
    'a list behind it',
    headAndReps,
    `0100000000000000 0000000000000000 0500000000000000
    1100000000000000 2200000000000000 0700000000000000`,
    {
      space: 1n,
      set: { format: 0n, mask: 5n, banks: [0x11n, 0x22n] },
      list: [7n],
    },
  ),
  row(
    'the control word outranks the mask',
    headAndReps,
    `0100000000000000 0000000000000000 0500000000000000
    1100000000000000 2200000000000000 0700000000000000`,
    {
      space: 1n,
      set: { format: 0n, mask: 5n, banks: [0x11n] },
      list: [0x22n, 7n],
    },
    { limits: { varEnd: 32, reps: 2 } },
  ),
  row(
    'the control word says more than there are bytes',
    headAndReps,
    '0100000000000000 0000000000000000 0500000000000000 1100000000000000',
    { space: 1n, set: { format: 0n, mask: 5n, banks: [0x11n] }, list: [] },
    { limits: { varEnd: 64 } },
  ),
  row(
    'the control word gives none',
    headAndReps,
    '0100000000000000 0000000000000000 0500000000000000',
    {
      space: 1n,
      set: { format: 0n, mask: 5n, banks: [] },
      list: [],
    },
    { limits: { varEnd: 24 } },
  ),
]);

headers.run();

const sizes = suite('layout: sizes of lists');

const table: {
  note: string;
  made: { size: number; minSize: number; flexible: boolean };
  is: [number, number, boolean];
}[] = [
  { note: 'an array has its own', made: array(u16, 3), is: [6, 6, false] },
  { note: 'a rep has none', made: rep(u64), is: [0, 0, true] },
  { note: 'a rep has what C declares, but needs none of it', made: rep(u64, { declared: 2 }), is: [16, 0, true] },
  { note: 'a varhead has none', made: varhead(u64), is: [0, 0, true] },
];
for (const { note, made, is } of table) sizes(note, () => assert.equal([made.size, made.minSize, made.flexible], is));

sizes.run();
