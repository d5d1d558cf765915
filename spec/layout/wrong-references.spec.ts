import { suite } from 'uvu';
import { bits } from '../../src/layout/bits.js';
import { perArch } from '../../src/layout/group.js';
import { hypercall } from '../../src/layout/hypercall.js';
import { array, rep, varhead } from '../../src/layout/list.js';
import { bytes, u8, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { anon, union } from '../../src/layout/union.js';
import { checkWrong, loose } from '../support/wrong-table.js';

const pair = struct('pair', 2, { a: u8, b: u8 });
const pairs = struct('pairs', 1, { n: u8, list: rep(pair) });
const origin = { from: 'a specification', version: 'v1' };

const references = suite('layout: wrong references');

checkWrong(references, 'E_LAYOUT_TAG', [
  [
    'a tag that is no sibling',
    () => struct('s', 5, loose<never>({ a: u8, u: union({ x: u32 }, { by: 'kind', of: { 1: 'x' } }) })),
    's.u: "kind" is no scalar or short bit-field of this struct',
  ],
  [
    'a tag that is no bit-field of a sibling',
    () => struct('s', 5, { a: bits(u8, { t: 8 }), u: union({ x: u32 }, { by: 'a.k', of: { 1: 'x' } }) }),
    's.u: "a.k" is no scalar or short bit-field of this struct',
  ],
  [
    'a tag that is a byte string',
    () => struct('s', 5, { a: bytes(1), u: union({ x: u32 }, { by: 'a', of: { 1: 'x' } }) }),
    's.u: "a" is no scalar or short bit-field of this struct',
  ],
  [
    'a tag across the halves of a word',
    () =>
      struct('s', 12, { w: bits(u64, { a: 30, t: 8, b: 26 }), u: union({ x: u32 }, { by: 'w.t', of: { 1: 'x' } }) }),
    's.u: "w.t" is no scalar or short bit-field of this struct',
  ],
  [
    'a tag of an arm that is not there',
    () => union('u', 4, { a: struct({ t: u32 }) }, { by: 'a.kind', of: { 1: 'a' } }),
    'u.u: "a.kind" is no scalar or short bit-field of this struct',
  ],
  [
    'a tag value that the field cannot have',
    () => struct('s', 5, { k: u8, u: union({ x: u32 }, { by: 'k', of: { 256: 'x' } }) }),
    's.u: "k" never is 256',
  ],
  [
    'a tag value outside the mask',
    () => struct('s', 5, { k: u8, u: union({ x: u32 }, { by: 'k', mask: 6, of: { 1: 'x' } }) }),
    's.u: "k" never is 1',
  ],
  [
    'a tag value that is no number',
    () => struct('s', 5, { k: u8, u: union({ x: u32 }, { by: 'k', of: loose<never>({ one: 'x' }) }) }),
    's.u: "k" never is NaN',
  ],
  ['an unknown arm for a tag', () => union('u', 4, { x: u32 }, { by: 'k', of: { 1: loose('y') } }), 'u: no arm "y"'],
  [
    'an arm that only every object has',
    () => union('u', 4, { x: u32 }, { by: 'k', of: { 1: loose('toString') } }),
    'u: no arm "toString"',
  ],
  ['an unknown arm for other tags', () => union('u', 4, { x: u32 }, { otherwise: loose('y') }), 'u: no arm "y"'],
  ['a tag without values', () => union('u', 4, { x: u32 }, { by: 'k' }), 'u: `by` and `of` go together'],
  ['values without a tag', () => union('u', 4, { x: u32 }, { of: { 1: 'x' } }), 'u: `by` and `of` go together'],
  ['a union without arms', () => union('u', 0, {}), 'u: a union needs an arm'],
  [
    'an array element that refers to a sibling',
    () => array(union({ x: u32 }, { by: 'k', of: { 1: 'x' } }), 2),
    'array: refers to a sibling, but stands in no struct',
  ],
  [
    'a list element that refers to a sibling',
    () => rep(anon(union({ x: u32 }, { by: 'k', of: { 1: 'x' } }))),
    'list: refers to a sibling, but stands in no struct',
  ],
  [
    'an arm that counts by a sibling',
    () => union('u', 0, { list: rep(u8, { count: 'n' }) }),
    'u.list: refers to a sibling, but stands in no struct',
  ],
  [
    'a count that is no field',
    () => struct('s', 1, { n: u8, list: rep(u8, { count: 'm' }) }),
    's.list: "m" is no scalar or short bit-field of this struct',
  ],
  [
    'a count of bits in no field',
    () => struct('s', 1, { n: u8, list: varhead(u8, { count: { popcount: 'm' } }) }),
    's.list: "m" is no scalar or short bit-field of this struct',
  ],
  [
    'a count of pages of no field',
    () => struct('s', 1, { n: u8, list: rep(u8, { count: { pages: ['n', 'm'] } }) }),
    's.list: "m" is no scalar or short bit-field of this struct',
  ],
  [
    'a count divided by nothing',
    () => struct('s', 1, { n: u8, list: rep(u8, { count: { quotient: ['n', 0] } }) }),
    's.list: divides by 0',
  ],
  [
    'a rep that is no list of the input',
    () => hypercall('HVCALL_X', 1, origin, { input: pairs, rep: loose('n') }),
    'HVCALL_X: rep "n" is no list of its struct',
  ],
  [
    'a rep without an input',
    () => hypercall('HVCALL_X', 1, origin, { rep: loose('list') }),
    'HVCALL_X: rep "list" is no list of its struct',
  ],
  [
    'a rep that one architecture lacks',
    () =>
      hypercall('HVCALL_X', 1, origin, {
        input: perArch({ x64: pairs, arm64: struct('pairs', 1, { n: u8 }) }),
        rep: 'list',
      }),
    'HVCALL_X: rep "list" is no list of its struct',
  ],
  ['a call code of 17 bits', () => hypercall('HVCALL_X', 0x10000, origin), 'HVCALL_X: call code 65536 is not 16 bits'],
]);

references.run();
