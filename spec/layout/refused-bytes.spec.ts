import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError } from '../../src/bytes/errors.js';
import { decode } from '../../src/layout/codec.js';
import { explain } from '../../src/layout/explain.js';
import { rep } from '../../src/layout/list.js';
import { guid, u8, u16, u32 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { union } from '../../src/layout/union.js';
import { counted, fixedLists, openUnion, ranges, scalars, tagged, unnamed, words } from '../support/kernel-layouts.js';
import { checkRefusals } from '../support/refusal-table.js';

const short = suite('layout: bytes that end too early');

const E_TRUNCATED = 'E_TRUNCATED' as const;

checkRefusals(short, [
  { note: 'nothing', type: scalars, hex: '', code: E_TRUNCATED, path: 'a', offset: 0, says: 'needs 1 bytes, 0 left' },
  {
    note: 'in a scalar',
    type: scalars,
    hex: '00 0000 0000',
    code: E_TRUNCATED,
    path: 'c',
    offset: 3,
    says: 'needs 4 bytes, 2 left',
  },
  {
    note: 'in a GUID',
    type: struct({ a: u8, g: guid }),
    hex: `00${'00'.repeat(15)}`,
    code: E_TRUNCATED,
    path: 'g',
    offset: 1,
    says: 'needs 16 bytes, 15 left',
  },
  {
    note: 'in bits',
    type: words,
    hex: 'ad55',
    code: E_TRUNCATED,
    path: 'two',
    offset: 1,
    says: 'needs 2 bytes, 1 left',
  },
  {
    note: 'in an array',
    type: fixedLists,
    hex: '010203 0700 0100 00 ffffffff',
    code: E_TRUNCATED,
    path: 'signed',
    offset: 8,
    says: 'needs 8 bytes, 4 left',
  },
  { note: 'in an unnamed struct', type: unnamed, hex: '0102 00', code: E_TRUNCATED, path: 'gap', offset: 2 },
  { note: 'in unnamed bits of one', type: unnamed, hex: '0102 0000 ff000000', code: E_TRUNCATED, path: '', offset: 8 },
  {
    note: 'in a union',
    type: tagged,
    hex: `01000000 1000 0000 06000000 ${'00'.repeat(15)}`,
    code: E_TRUNCATED,
    path: 'byField',
    offset: 12,
    says: 'needs 16 bytes, 15 left',
  },
  {
    note: 'in the arm of a union of open size',
    type: openUnion,
    hex: `02000000 ${'00'.repeat(15)}`,
    code: E_TRUNCATED,
    path: 'body.long',
    offset: 4,
    says: 'needs 16 bytes, 15 left',
  },
  {
    note: 'before any arm of one',
    type: openUnion,
    hex: '07000000',
    code: E_TRUNCATED,
    path: 'body',
    offset: 4,
    says: 'needs 1 bytes, 0 left',
  },
  {
    note: 'in the fixed part in front of a list',
    type: counted,
    hex: '0100',
    code: E_TRUNCATED,
    path: 'lengthBytes',
    offset: 2,
  },
  {
    note: 'where the caller says so',
    type: scalars,
    hex: '00'.repeat(43),
    limits: { end: 42 },
    code: E_TRUNCATED,
    path: 'g',
    offset: 27,
    says: 'needs 16 bytes, 15 left',
  },
  {
    note: 'a tag behind the end',
    type: union(
      'behind',
      8,
      { a: struct({ x: u32, t: u32 }), b: rep(u8, { declared: 8 }) },
      { by: 'a.t', of: { 1: 'a' } },
    ),
    hex: '00000000 0100',
    code: E_TRUNCATED,
    path: '',
    offset: 0,
    says: 'needs 8 bytes, 6 left',
  },
  {
    note: 'in an element whose arm is longer',
    type: rep(
      struct('item', 9, {
        k: u8,
        u: union({ a: u8, b: struct({ x: u32, y: u32, l: rep(u8) }) }, { by: 'k', of: { 1: 'a', 2: 'b' } }),
      }),
    ),
    hex: '02 0000',
    code: E_TRUNCATED,
    path: '[0].u.b',
    offset: 1,
    says: 'needs 8 bytes, 2 left',
  },
]);

short.run();

const long = suite('layout: bytes behind the structure');

checkRefusals(long, [
  {
    note: 'of a call with no reps',
    type: struct({ a: u32, list: rep(u16) }),
    hex: '00000000 0100',
    limits: { reps: 0 },
    code: 'E_TRAILING',
    path: '',
    offset: 4,
    says: '2 bytes are left',
  },
  {
    note: 'of fixed size',
    type: struct({ a: u16 }),
    hex: '0100 02',
    code: 'E_TRAILING',
    path: '',
    offset: 2,
    says: '1 bytes are left',
  },
  {
    note: 'behind a counted list',
    type: counted,
    hex: '0100 0000 00000000 01000200 03',
    code: 'E_TRAILING',
    path: '',
    offset: 12,
  },
  {
    note: 'less than one more element',
    type: ranges,
    hex: '00000000 01000000 00000000 00000000 0000',
    code: 'E_TRAILING',
    path: '',
    offset: 16,
    says: '2 bytes are left',
  },
  { note: 'of bits', type: words.slots[0]!.type, hex: '0100', code: 'E_TRAILING', path: '', offset: 1 },
  { note: 'of a scalar', type: u32, hex: '0100000000', code: 'E_TRAILING', path: '', offset: 4 },
  {
    note: 'of a union',
    type: union({ a: u8 }, { otherwise: 'a' }),
    hex: '0100',
    code: 'E_TRAILING',
    path: '',
    offset: 1,
  },
  {
    note: 'up to where the caller says',
    type: u8,
    hex: '010203',
    limits: { end: 2 },
    code: 'E_TRAILING',
    path: '',
    offset: 1,
    says: '1 bytes are left',
  },
]);

long('are no matter when asked for', () => {
  assert.is(decode(u16, Uint8Array.of(1, 0, 9), { trailing: 'ignore' }), 1);
});

long.run();

const text = suite('layout: explain');

text('says the struct, the path, the place and what is missing', () => {
  const entry = struct('hv_entry', 0x14, {
    source: u32,
    u: union({ msi: struct({ address: u32, words: struct({ lo: u32, data: u32 }) }) }, { otherwise: 'msi' }),
    last: u32,
  });
  const error = explain(entry, new DataView(new ArrayBuffer(18)));
  assert.instance(error, DecodeError);
  assert.is(error.message, 'hv_entry.last @0x10: needs 4 bytes, 2 left [E_TRUNCATED]');
  assert.is(error.struct, 'hv_entry');
});

text('counts the offset from the start of the structure', () => {
  const error = explain(scalars, new DataView(new ArrayBuffer(20)), 16);
  assert.equal([error.path, error.offset], ['c', 3]);
});

text('a place that is no place', () => {
  assert.is(explain(scalars, new DataView(new ArrayBuffer(8)), -4).code, 'E_TRUNCATED');
  assert.is(explain(scalars, new DataView(new ArrayBuffer(8)), 100).code, 'E_TRUNCATED');
});

text.run();
