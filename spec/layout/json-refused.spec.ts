import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EncodeError, type ErrorCode } from '../../src/bytes/errors.js';
import { bits } from '../../src/layout/bits.js';
import { encodeUnchecked } from '../../src/layout/codec.js';
import { fromJson, type Json } from '../../src/layout/json.js';
import { array, rep } from '../../src/layout/list.js';
import { i64, rsvd, u8, u16, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { AnyType } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';

const refusing = suite('layout: fromJson, what it refuses');

const nested = struct('nested', 0x15, {
  head: anon(struct({ a: u8, b: u8 })),
  u: union({ x: u8, y: array(u16, 2) }, {}),
  f: bits(u8, { on: 1, rsvd0: 7 }),
  pad: rsvd(5),
  wide: u64,
  last: u8,
});
const good = { a: 1, b: 2, u: { x: 1 }, f: { on: true }, wide: 0, last: 0 };

const refused: { note: string; json: Json; code: ErrorCode; path: string; says: string }[] = [
  {
    note: 'a missing field',
    json: { ...good, last: undefined as never },
    code: 'E_MISSING',
    path: 'last',
    says: 'is missing',
  },
  {
    note: 'a missing field of a member without a name',
    json: { a: 1, u: { x: 1 } },
    code: 'E_MISSING',
    path: 'b',
    says: 'is missing',
  },
  { note: 'a missing bit-field', json: { ...good, f: {} }, code: 'E_MISSING', path: 'f.on', says: 'is missing' },
  {
    note: 'an unknown field',
    json: { ...good, lats: 1 },
    code: 'E_UNKNOWN_FIELD',
    path: 'lats',
    says: 'is no field; the fields are a, b, u, f, pad, wide, last',
  },
  {
    note: 'an unknown field that every object has',
    json: JSON.parse('{"a":1,"b":2,"u":{"x":1},"f":{"on":true},"wide":0,"last":0,"__proto__":{}}'),
    code: 'E_UNKNOWN_FIELD',
    path: '__proto__',
    says: 'is no field',
  },
  {
    note: 'an unknown bit-field',
    json: { ...good, f: { on: true, off: 1 } },
    code: 'E_UNKNOWN_FIELD',
    path: 'f.off',
    says: 'is no bit-field',
  },
  {
    note: 'an unknown arm',
    json: { ...good, u: { z: 1 } },
    code: 'E_ARM',
    path: 'u',
    says: 'has no arm "z": takes x, y, raw',
  },
  {
    note: 'an arm that every object has',
    json: { ...good, u: { constructor: 1 } },
    code: 'E_ARM',
    path: 'u',
    says: 'has no arm "constructor": takes x, y, raw',
  },
  {
    note: 'two arms',
    json: { ...good, u: { x: 1, y: [] } },
    code: 'E_ARM',
    path: 'u',
    says: 'takes exactly one of x, y, raw',
  },
  { note: 'no arm', json: { ...good, u: {} }, code: 'E_ARM', path: 'u', says: 'takes exactly one of x, y, raw' },
  {
    note: 'a number for a union',
    json: { ...good, u: 5 },
    code: 'E_ARM',
    path: 'u',
    says: 'takes exactly one of x, y, raw',
  },
  { note: 'a number for a struct', json: 5, code: 'E_TYPE', path: '', says: 'takes an object, got 5' },
  {
    note: 'a list for bits',
    json: { ...good, f: [] },
    code: 'E_TYPE',
    path: 'f',
    says: 'takes an object of bit-fields, got []',
  },
  {
    note: 'a number for a list',
    json: { ...good, u: { y: 1 } },
    code: 'E_TYPE',
    path: 'u.y',
    says: 'takes a list, got 1',
  },
  {
    note: 'text in a list',
    json: { ...good, u: { y: [1, 'two'] } },
    code: 'E_TYPE',
    path: 'u.y[1]',
    says: 'takes an integer, got "two"',
  },
  { note: 'half a number', json: { ...good, a: 0.5 }, code: 'E_TYPE', path: 'a', says: 'takes an integer, got 0.5' },
  { note: 'null', json: { ...good, a: null }, code: 'E_TYPE', path: 'a', says: 'takes an integer, got null' },
  {
    note: 'a truth for a number',
    json: { ...good, a: true },
    code: 'E_TYPE',
    path: 'a',
    says: 'takes an integer, got true',
  },
  {
    note: 'a number that JSON has rounded',
    json: { ...good, wide: 2 ** 53 },
    code: 'E_TYPE',
    path: 'wide',
    says: 'takes an integer, got 9007199254740992',
  },
  {
    note: 'half a byte',
    json: { ...good, pad: '123' },
    code: 'E_TYPE',
    path: 'pad',
    says: 'takes hex text, got "123"',
  },
  { note: 'a number for bytes', json: { ...good, pad: 1 }, code: 'E_TYPE', path: 'pad', says: 'takes hex text, got 1' },
];
for (const { note, json, code, path, says } of refused) {
  refusing(note, () => {
    try {
      fromJson(nested, json);
    } catch (error) {
      assert.instance(error, EncodeError);
      const found = error as EncodeError;
      assert.equal([found.code, found.path, found.struct], [code, path, 'nested']);
      assert.ok(found.message.includes(`: ${says}`), found.message);
      return;
    }
    assert.unreachable('is accepted');
  });
}

refusing('what is too large is left to encode', () => {
  for (const [type, json] of [
    [struct({ a: u8 }), { a: 256 }],
    [struct({ l: rep(u64) }), { l: ['0x10000000000000000'] }],
    [struct({ l: rep(u64) }), { l: [-1] }],
    [struct({ f: bits(u8, { on: 1, x: 7 }) }), { f: { on: 2, x: 0 } }],
    [struct({ x: i64 }), { x: '0x10000000000000000' }],
  ] as [AnyType, Json][])
    assert.throws(
      () => encodeUnchecked(type, fromJson(type, json)),
      (error: unknown) => error instanceof EncodeError && error.code === 'E_RANGE',
    );
});

refusing.run();
