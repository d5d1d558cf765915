import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { bit, bits } from '../../src/layout/bits.js';
import { decode, encodeUnchecked } from '../../src/layout/codec.js';
import { fromJson, type Json, toJson } from '../../src/layout/json.js';
import { rep } from '../../src/layout/list.js';
import { enumeration, guid, i32, i64, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { U64Seq } from '../../src/layout/seq.js';
import { struct } from '../../src/layout/struct.js';
import type { AnyType } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';
import { counted, headAndReps, openUnion, scalars, tagged, unnamed, words } from '../support/kernel-layouts.js';

const both = suite('layout: toJson and fromJson');

const table: { note: string; type: AnyType; hex: string; json: Json }[] = [
  {
    note: 'scalars: 64 bits as 0x and 16 digits',
    type: scalars,
    hex: '12 5634 efcdab89 efcdab8967452301 feffffff fdffffffffffffff 33221100554477668899aabbccddeeff',
    json: {
      a: 18,
      b: 13398,
      c: 2309737967,
      d: '0x0123456789abcdef',
      e: -2,
      f: '0xfffffffffffffffd',
      g: '00112233-4455-6677-8899-aabbccddeeff',
    },
  },
  {
    note: 'bits: booleans, numbers, and text from 33 bits on',
    type: words,
    hex: 'ad 551f bdcdab00 4523f1debcaa8967 ebcdab8967452301 1032547698badcfe 55f1aaaa',
    json: {
      one: { low: true, mid: 22, high: 2 },
      two: { first: 341, flag: true, colour: 7 },
      four: { dev: 29, func: 5, rsvd0: 43981 },
      eight: { short: 74565, across: 11259375, last: 424090 },
      wide: { flag: true, reserved: 5, pfn: '0x00123456789abcde' },
      whole: { value: '0xfedcba9876543210' },
      gapped: { left: 341, hole: 2748, right: 682 },
    },
  },
  {
    note: 'members without a name, reserved bytes as hex',
    type: unnamed,
    hex: '0102 0000 ff000000 c3 000001 05000000 01000000 02000000',
    json: {
      kind: 513,
      on: true,
      level: 127,
      reserved: 0,
      lo: 3,
      hi: 12,
      last: 5,
      pick: { half: { a: 1, b: 2 } },
      rest: '000001',
    },
  },
  {
    note: 'tails and raw arms as hex',
    type: tagged,
    hex: '09000000 1080 0000 03000000 000102030405060708090a0b0c0d0e0f ff000001 ffffffff',
    json: {
      source: 9,
      port: 32784,
      flags: { mode: 3, rest: 0 },
      byField: { raw: '000102030405060708090a0b0c0d0e0f' },
      byBits: { a: 255, tail: '000001' },
      masked: { d: 4294967295 },
    },
  },
  {
    note: 'an empty tail',
    type: openUnion,
    hex: '01000000 2a000000',
    json: { kind: 1, body: { short: 42, tail: '' } },
  },
  {
    note: 'lists of structs',
    type: counted,
    hex: '0100 0000 00000000 01 05 0200',
    json: { count: 1, lengthBytes: 0, first: { n: 0, rest: 0 }, entries: [{ id: 1, value: 2, pad: '05' }] },
  },
  {
    note: 'lists over bytes',
    type: headAndReps,
    hex: '0100000000000000 0000000000000000 0100000000000000 1100000000000000 ffffffffffffffff',
    json: {
      space: '0x0000000000000001',
      set: { format: '0x0000000000000000', mask: '0x0000000000000001', banks: ['0x0000000000000011'] },
      list: ['0xffffffffffffffff'],
    },
  },
];

for (const { note, type, hex, json } of table) {
  both(note, () => {
    const bytes = hexToBytes(hex.replaceAll(' ', ''));
    const value = decode(type as typeof scalars, bytes);
    assert.equal(toJson(value), json);
    const again = fromJson(type, JSON.parse(JSON.stringify(toJson(value))) as Json);
    assert.is(bytesToHex(encodeUnchecked(type, again)), bytesToHex(bytes));
  });
}

both('what JSON has no word for is null or left out', () => {
  assert.equal(toJson({ a: undefined, b: null, c: () => 1, d: Symbol.iterator }), { b: null, c: null, d: null });
  assert.equal(toJson([undefined, U64Seq.of(1), 1.5, 'text', true]), [null, ['0x0000000000000000'], 1.5, 'text', true]);
});

both.run();

const reading = suite('layout: fromJson, what it takes');

const top = enumeration('top', { HIGH: 0xffff000000000000n, LOW: 1 });
const all = struct('all', 0x18, {
  a: u32.asC(top),
  b: i32,
  c: u64.as(top),
  f: bits(u32, { on: 1, kind: bit(3, top), rest: 28 }),
  pad: rsvd(4),
});
const hexOf = (type: AnyType, json: Json, defaults = false) =>
  bytesToHex(encodeUnchecked(type, fromJson(type, json, { defaults })));

const takes: { note: string; json: Json; hex: string }[] = [
  {
    note: 'numbers',
    json: { a: 2, b: -1, c: 3, f: { on: 1, kind: 2, rest: 0 } },
    hex: '02000000 ffffffff 0300000000000000 05000000 00000000',
  },
  {
    note: 'decimal and hex text',
    json: { a: '2', b: '-1', c: '0xFFFFFFFFFFFFFFFF', f: { on: '0', kind: '0x7', rest: '1' } },
    hex: '02000000 ffffffff ffffffffffffffff 1e000000 00000000',
  },
  {
    note: 'names of constants',
    json: { a: 'LOW', b: 0, c: 'HIGH', f: { on: true, kind: 'LOW', rest: 0 } },
    hex: '01000000 00000000 000000000000ffff 03000000 00000000',
  },
  {
    note: 'reserved bytes',
    json: { a: 0, b: 0, c: 0, f: { on: false, kind: 0, rest: 0 }, pad: '01020304' },
    hex: '00000000 00000000 0000000000000000 00000000 01020304',
  },
];
for (const { note, json, hex } of takes) reading(note, () => assert.is(hexOf(all, json), hex.replaceAll(' ', '')));

reading('reserved bits may be left out', () => {
  const t = bits(u64, { on: 1, rsvd0: 3, reserved1: 60 });
  assert.is(hexOf(t, { on: true }), '0100000000000000');
});

reading('signed 64 bits as toJson writes them, and as people do', () => {
  const t = struct({ x: i64, l: rep(i64) });
  assert.is(
    hexOf(t, { x: '0xffffffffffffffff', l: ['-2', 3] }),
    `${'ff'.repeat(8)}fe${'ff'.repeat(7)}0300000000000000`,
  );
});

reading.run();

const filling = suite('layout: fromJson, defaults');

const defaults: { note: string; type: AnyType; json: Json; hex: string }[] = [
  { note: 'nothing at all', type: all, json: {}, hex: '00'.repeat(24) },
  { note: 'every kind', type: scalars, json: { b: 1 }, hex: `000100${'00'.repeat(40)}` },
  { note: 'of bits those that are missing', type: words, json: { one: { mid: 1 } }, hex: `02${'00'.repeat(34)}` },
  { note: 'lists are empty', type: counted, json: { count: 0 }, hex: '00'.repeat(8) },
  {
    note: 'elements are filled too',
    type: counted,
    json: { count: 1, entries: [{ value: 2 }] },
    hex: `0100${'00'.repeat(6)}00000200`,
  },
  {
    note: 'a union takes the arm meant for unknown tags',
    type: struct({ u: union({ a: u8, b: u16 }, { otherwise: 'b' }) }),
    json: {},
    hex: '0000',
  },
  {
    note: 'a union without one takes its first',
    type: struct({ u: union({ a: u8, b: u16 }, {}) }),
    json: {},
    hex: '0000',
  },
  {
    note: 'arms are filled too',
    type: struct({ u: union({ a: u8, b: struct({ x: u8, y: u8 }) }, {}) }),
    json: { u: { b: { y: 7 } } },
    hex: '0007',
  },
  {
    note: 'members without a name',
    type: struct({ h: anon(struct({ a: u8, b: anon(bits(u8, { c: 8 })) })) }),
    json: { c: 5 },
    hex: '0005',
  },
  { note: 'GUIDs', type: struct({ g: guid }), json: {}, hex: '00'.repeat(16) },
];
for (const { note, type, json, hex } of defaults) filling(note, () => assert.is(hexOf(type, json, true), hex));

filling.run();
