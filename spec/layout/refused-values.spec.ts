import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EncodeError } from '../../src/bytes/errors.js';
import { bits } from '../../src/layout/bits.js';
import { encodeInto, encodeUnchecked } from '../../src/layout/codec.js';
import { array, rep } from '../../src/layout/list.js';
import { atomic, bytes, guid, i32, i64, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { I64Seq, U8Seq, U64Seq } from '../../src/layout/seq.js';
import { struct } from '../../src/layout/struct.js';
import type { Declared } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';
import { ENGINES } from '../support/engine-law.js';
import { openUnion, selfTagged, tagged } from '../support/kernel-layouts.js';
import { checkRefusals, type Refusal } from '../support/refusal-table.js';

const one = (of: Declared) => struct({ before: u8, f: of as never });
const at = (type: Declared, f: unknown, code: Refusal['code'], says: string, path = 'f'): Refusal => ({
  note: says,
  type: one(type),
  value: { before: 0, f },
  code,
  path,
  offset: 1,
  says,
});

const scalars = suite('layout: scalars that are refused');

checkRefusals(scalars, [
  at(u8, undefined, 'E_MISSING', 'is missing'),
  at(u8, null, 'E_TYPE', 'takes a number, got null'),
  at(u8, 256, 'E_RANGE', '256 is no u8'),
  at(u8, -1, 'E_RANGE', '-1 is no u8'),
  at(u8, 1n, 'E_TYPE', 'takes a number, got 1n'),
  at(u8, '1', 'E_TYPE', 'takes a number, got "1"'),
  at(u8, true, 'E_TYPE', 'takes a number, got true'),
  at(u8, [1], 'E_TYPE', 'takes a number, got 1'),
  at(u16, 65536, 'E_RANGE', '65536 is no u16'),
  at(u16, 1.5, 'E_RANGE', '1.5 is no u16'),
  at(u32, 2 ** 32, 'E_RANGE', '4294967296 is no u32'),
  at(u32, Number.NaN, 'E_RANGE', 'NaN is no u32'),
  at(u32, Number.POSITIVE_INFINITY, 'E_RANGE', 'Infinity is no u32'),
  at(i32, 2 ** 31, 'E_RANGE', '2147483648 is no i32'),
  at(i32, -(2 ** 31) - 1, 'E_RANGE', '-2147483649 is no i32'),
  at(u64, 1, 'E_TYPE', 'takes a bigint, got 1'),
  at(u64, -1n, 'E_RANGE', '-1n is no u64'),
  at(u64, 1n << 64n, 'E_RANGE', '18446744073709551616n is no u64'),
  at(i64, 1n << 63n, 'E_RANGE', '9223372036854775808n is no i64'),
  at(atomic(u32), -5, 'E_RANGE', '-5 is no u32'),
  at(guid, '0011', 'E_TYPE', 'takes GUID text, got "0011"'),
  at(guid, undefined, 'E_MISSING', 'is missing'),
  at(guid, 5, 'E_TYPE', 'takes GUID text, got 5'),
]);

scalars.run();

const areas = suite('layout: bytes and lists that are refused');

checkRefusals(areas, [
  at(rsvd(2), Uint8Array.of(1), 'E_LENGTH', 'takes 2 bytes, got 1'),
  at(rsvd(2), [0, 0], 'E_TYPE', 'takes a Uint8Array, got 0,0'),
  at(bytes(2), undefined, 'E_MISSING', 'is missing'),
  at(bytes(2), Uint8Array.of(1, 2, 3), 'E_LENGTH', 'takes 2 bytes, got 3'),
  at(bytes(2), 'ab', 'E_TYPE', 'takes a Uint8Array, got "ab"'),
  at(array(u8, 2), [1, 2, 3], 'E_LENGTH', 'takes at most 2 elements, got 3'),
  at(array(u8, 2), undefined, 'E_MISSING', 'is missing'),
  at(array(u8, 2), { length: 1.5 }, 'E_TYPE', 'takes a list, got [object Object]'),
  at(array(u8, 2), '12', 'E_TYPE', 'takes a list, got "12"'),
  at(rep(u64), {}, 'E_TYPE', 'takes a list, got [object Object]'),
  at(rep(u64), { length: -1 }, 'E_TYPE', 'takes a list, got [object Object]'),
  at(rep(u64), undefined, 'E_MISSING', 'is missing'),
  { ...at(array(u8, 2), [1, 300], 'E_RANGE', '300 is no u8', 'f[1]'), offset: 2 },
  { ...at(rep(u64), [1n, 2], 'E_TYPE', 'takes a bigint, got 2', 'f[1]'), offset: 9 },
  { ...at(rep(u64), [1n, -2n], 'E_RANGE', '-2n is no u64', 'f[1]'), offset: 9 },
  at(rep(u64), new U8Seq(new DataView(new ArrayBuffer(1)), 0, 1), 'E_TYPE', 'takes a bigint, got 0', 'f[0]'),
  at(rep(u64), new I64Seq(new DataView(new BigInt64Array([-1n]).buffer), 0, 1), 'E_RANGE', '-1n is no u64', 'f[0]'),
  { ...at(rep(struct({ a: u8, b: u16 })), [{ a: 1, b: 2 }, { a: 1 }], 'E_MISSING', 'is missing', 'f[1].b'), offset: 5 },
]);

areas.run();

const parts = suite('layout: bits, structs and unions that are refused');

const flags = bits(u64, { on: 1, low: 7, rsvd0: 8, high: 48 });
const good = { on: true, low: 1, high: 1n };
const pick = union({ a: u8, b: u32 }, { otherwise: 'a' });

checkRefusals(parts, [
  at(flags, undefined, 'E_MISSING', 'is missing'),
  at(flags, 5n, 'E_TYPE', 'takes an object, got 5n'),
  at(flags, { ...good, on: undefined }, 'E_MISSING', 'is missing', 'f.on'),
  at(flags, { ...good, on: 2 }, 'E_RANGE', '2 does not fit 1 bits', 'f.on'),
  at(flags, { ...good, on: 1n }, 'E_TYPE', 'takes a boolean, got 1n', 'f.on'),
  at(flags, { ...good, low: 128 }, 'E_RANGE', '128 does not fit 7 bits', 'f.low'),
  at(flags, { ...good, low: true }, 'E_TYPE', 'takes a number, got true', 'f.low'),
  at(flags, { ...good, low: 0.5 }, 'E_RANGE', '0.5 is no integer', 'f.low'),
  at(flags, { ...good, rsvd0: null }, 'E_TYPE', 'takes a number, got null', 'f.rsvd0'),
  at(flags, { ...good, high: 1 }, 'E_TYPE', 'takes a bigint, got 1', 'f.high'),
  at(flags, { ...good, high: -1n }, 'E_RANGE', '-1n does not fit 48 bits', 'f.high'),
  at(bits(u64, { reserved: 64 }), { reserved: 0 }, 'E_TYPE', 'takes a bigint, got 0', 'f.reserved'),
  at(bits(u8, { reserved: 8 }), 7, 'E_TYPE', 'takes an object, got 7'),
  at(struct({ pad: rsvd(2) }), 7, 'E_TYPE', 'takes an object, got 7'),
  at(struct({ a: u8 }), null, 'E_TYPE', 'takes an object, got null'),
  at(struct({ a: u8 }), undefined, 'E_MISSING', 'is missing'),
  at(pick, undefined, 'E_MISSING', 'is missing'),
  at(pick, {}, 'E_ARM', 'takes exactly one of a, b, raw; got none'),
  at(pick, { c: 1 }, 'E_ARM', 'takes exactly one of a, b, raw; got c'),
  at(pick, { a: 1, b: 2 }, 'E_ARM', 'takes exactly one of a, b, raw; got a, b'),
  at(pick, { a: 1, raw: new Uint8Array(4) }, 'E_ARM', 'takes exactly one of a, b, raw; got a, raw'),
  at(pick, { a: 300 }, 'E_RANGE', '300 is no u8', 'f.a'),
  at(pick, { raw: new Uint8Array(3) }, 'E_LENGTH', 'takes 4 bytes, got 3', 'f.raw'),
  { ...at(pick, { a: 1, tail: new Uint8Array(4) }, 'E_LENGTH', 'takes at most 3 bytes, got 4', 'f.tail'), offset: 2 },
  { ...at(pick, { a: 1, tail: [0] }, 'E_TYPE', 'takes a Uint8Array, got 0', 'f.tail'), offset: 2 },
  { ...at(pick, { b: 1, tail: new Uint8Array(1) }, 'E_LENGTH', 'takes at most 0 bytes, got 1', 'f.tail'), offset: 5 },
  {
    note: 'deep in an unnamed part',
    type: struct({ x: anon(struct({ y: anon(bits(u8, { z: 8 })) })) }),
    value: { z: 256 },
    code: 'E_RANGE',
    path: 'z',
    offset: 0,
  },
  {
    note: 'in an unnamed union',
    type: struct({ x: anon(pick) }),
    value: { x: {} },
    code: 'E_ARM',
    path: 'x',
    offset: 0,
  },
  {
    note: 'in the arm of a union of open size',
    type: openUnion,
    value: { kind: 3, body: { list: { n: 1, items: [70000] } } },
    code: 'E_RANGE',
    path: 'body.list.items[0]',
    offset: 5,
  },
  {
    note: 'raw bytes past a union of open size',
    type: openUnion,
    value: { kind: 9, body: { raw: new Uint8Array(17) } },
    code: 'E_LENGTH',
    path: 'body.raw',
    offset: 4,
  },
  {
    note: 'the first of several',
    type: tagged,
    value: { source: -1, port: -1 },
    code: 'E_RANGE',
    path: 'source',
    offset: 0,
  },
  { note: 'a union as the whole', type: selfTagged, value: { pci: {} }, code: 'E_MISSING', path: 'pci.rid', offset: 0 },
]);

parts('keys of no field are no matter', () => {
  for (const engine of ENGINES) {
    const value = { before: 1, f: { a: 2, stranger: 3 }, stranger: 4 };
    assert.equal([...encodeUnchecked(one(pick), value, engine)], [1, 2, 0, 0, 0]);
  }
});

parts.run();

const room = suite('layout: areas that are too small');

const open = struct({ n: u32, list: rep(u64) });
const rows: { note: string; type: Declared; value: unknown; path: string; offset: number }[] = [
  { note: 'for the fixed part', type: struct({ a: u32, b: u64 }), value: { a: 1, b: 2n }, path: '', offset: 0 },
  { note: 'for a list of numbers', type: open, value: { n: 1, list: [1n] }, path: 'list[0]', offset: 4 },
  { note: 'for a list over bytes', type: open, value: { n: 1, list: U64Seq.of(2) }, path: 'list[0]', offset: 4 },
  { note: 'for bytes in a list', type: rep(bytes(11)), value: [new Uint8Array(11)], path: '[0]', offset: 0 },
  { note: 'for zeros in a list', type: rep(rsvd(40)), value: [undefined], path: '[0]', offset: 0 },
  {
    note: 'for the tail of an open union',
    type: openUnion,
    value: { kind: 1, body: { short: 1 } },
    path: 'body.tail',
    offset: 8,
  },
  {
    note: 'for raw bytes',
    type: openUnion,
    value: { kind: 9, body: { raw: new Uint8Array(8) } },
    path: 'body',
    offset: 4,
  },
];
for (const { note, type, value, path, offset } of rows) {
  room(`${note}, and nothing behind is touched`, () => {
    for (const engine of ENGINES) {
      const memory = new Uint8Array(64).fill(0x5a);
      try {
        encodeInto(type, value as never, new DataView(memory.buffer, 8, 10), 0, engine);
        assert.unreachable(`${engine}: is accepted`);
      } catch (error) {
        assert.instance(error, EncodeError, `${engine}: ${String(error)}`);
        const { code, path: where, offset: place } = error as EncodeError;
        assert.equal({ engine, code, where, place }, { engine, code: 'E_LENGTH', where: path, place: offset });
      }
      const outside = [...memory.subarray(0, 8), ...memory.subarray(18)];
      assert.ok(
        outside.every((b) => b === 0x5a),
        `${engine}: wrote outside of its area`,
      );
    }
  });
}

room.run();
