import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import { rep } from '../../src/layout/list.js';
import { u8, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { union } from '../../src/layout/union.js';
import { checkRows, row } from '../support/codec-table.js';
import { openUnion, selfTagged, tagged } from '../support/kernel-layouts.js';

const rows = suite('layout: union');

checkRows(rows, [
  row(
    'a sibling, bits of a sibling and a masked sibling tell the arm',
    tagged,
    '01000000 1000 0000 06000000 2211000000000000 03000000 00000000 efbeadde 07000000',
    {
      source: 1,
      port: 0x10,
      flags: { mode: 2, rest: 1 },
      byField: { msi: { address: 0x1122n, data: 3 } },
      byBits: { b: 0xdeadbeef },
      masked: { d: 7 },
    },
  ),
  row(
    'bytes behind a shorter arm are its tail; an unknown tag takes the other arm',
    tagged,
    '02000000 2f00 0000 01000000 0100000000000080 0000000000000005 7f000001 34120000',
    {
      source: 2,
      port: 0x2f,
      flags: { mode: 1, rest: 0 },
      byField: { rte: 0x8000000000000001n, tail: hexToBytes('0000000000000005') },
      byBits: { a: 0x7f, tail: Uint8Array.of(0, 0, 1) },
      masked: { c: 0x1234 },
    },
    { viewed: false },
  ),
  row(
    'an unknown tag without another arm gives the raw bytes',
    tagged,
    '09000000 1080 0001 03000000 000102030405060708090a0b0c0d0e0f ff000000 ffffffff',
    {
      source: 9,
      port: 0x8010,
      flags: { mode: 3, rest: 0 },
      byField: { raw: hexToBytes('000102030405060708090a0b0c0d0e0f') },
      byBits: { a: 255 },
      masked: { d: 0xffffffff },
      pad: Uint8Array.of(0, 1),
    },
    { viewed: false },
  ),
  row(
    'a shorter tail is filled with zeros',
    struct({ u: union({ a: u8, b: u32 }, { otherwise: 'a' }) }),
    '01 020000',
    {
      u: { a: 1, tail: Uint8Array.of(2, 0, 0) },
    },
    { input: { u: { a: 1, tail: Uint8Array.of(2) } }, viewed: false },
  ),
  row(
    'bits that all arms have tell the arm: 0',
    selfTagged,
    '0500000000000000',
    { logical: { id: 5n, type: 0 } },
    {
      viewed: false,
    },
  ),
  row('1', selfTagged, '3412 00000000 aa 41', { pci: { rid: 0x1234, low: 0xaa, top: { low: 1, type: 1 } } }),
  row('3, an arm of reserved bytes', selfTagged, '00000000000000c0', { pad: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xc0) }),
  row('2, which none is', selfTagged, '0000000000000080', { raw: hexToBytes('0000000000000080') }, { viewed: false }),
  row(
    'without a tag: raw',
    union('either', 8, { a: u32, b: u64 }),
    '0100000000000000',
    {
      raw: hexToBytes('0100000000000000'),
    },
    { viewed: false },
  ),
  row(
    'without a tag: the arm meant for that',
    union('mostly', 8, { a: u32, b: u64 }, { otherwise: 'b' }),
    '0100000000000000',
    {
      b: 1n,
    },
    { viewed: false },
  ),
]);

rows.run();

const open = suite('layout: union of open size');

const whole = (tail: string) => ({ kind: 1, body: { short: 42, ...(tail ? { tail: hexToBytes(tail) } : {}) } });

checkRows(open, [
  row('all its bytes, zeros behind the arm', openUnion, `01000000 2a000000 ${'00'.repeat(12)}`, whole('')),
  row(
    'all its bytes, something behind the arm',
    openUnion,
    `01000000 2a000000 ${'00'.repeat(11)}07`,
    whole(`${'00'.repeat(11)}07`),
    {
      viewed: false,
    },
  ),
  row(
    'the bytes end with the arm',
    openUnion,
    '01000000 2a000000',
    { kind: 1, body: { short: 42, tail: new Uint8Array(0) } },
    {
      viewed: false,
    },
  ),
  row('or a little later', openUnion, '01000000 2a000000 000000', whole('000000'), { viewed: false }),
  row(
    'an arm that ends with a list',
    openUnion,
    '03000000 02 0100 0200',
    { kind: 3, body: { list: { n: 2, items: [1, 2] } } },
    {
      viewed: false,
    },
  ),
  row('an arm of reserved bytes', openUnion, `04000000 ${'00'.repeat(16)}`, {
    kind: 4,
    body: { pad: new Uint8Array(8) },
  }),
  row('no arm', openUnion, '09000000 010203', { kind: 9, body: { raw: Uint8Array.of(1, 2, 3) } }, { viewed: false }),
]);

open.run();

const alone = suite('layout: a union taken by itself');

const inside = union('inside', 8, { a: u32, b: u64 }, { by: 'kind', of: { 1: 'a' } });

checkRows(alone, [
  row(
    'has no sibling to tell its arm',
    inside,
    '0100000000000000',
    { raw: hexToBytes('0100000000000000') },
    {
      viewed: false,
    },
  ),
  row('has one in a struct', struct({ kind: u32, u: inside }), '01000000 0200000000000000', { kind: 1, u: { a: 2 } }),
]);

alone.run();

const sizes = suite('layout: sizes of unions');

sizes('a union is as large as its largest arm', () => {
  const made = union({ a: u8, b: u64 }, {});
  assert.equal([made.size, made.minSize, made.flexible, made.name], [8, 8, false, '']);
});

sizes('one with an open arm needs the least of them', () => {
  const made = union({ a: u32, b: struct({ n: u8, list: rep(u8) }) }, {});
  assert.equal([made.size, made.minSize, made.flexible], [4, 1, true]);
});

sizes('and its own tag', () => {
  const made = union({ a: struct({ x: u32, t: u32 }), b: rep(u8, { declared: 8 }) }, { by: 'a.t', of: { 1: 'a' } });
  assert.equal([made.size, made.minSize, made.flexible], [8, 8, true]);
});

sizes.run();
