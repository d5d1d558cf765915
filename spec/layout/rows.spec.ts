import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bit, bits, gap } from '../../src/layout/bits.js';
import { array, rep, varhead } from '../../src/layout/list.js';
import { rows } from '../../src/layout/rows.js';
import { atomic, bytes, guid, hole, i32, i64, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { AnyType } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';
import { colour } from '../support/kernel-layouts.js';

// Each row as `path bitOffset+bitSize kind[count] type`, as a debugger would list the members.

const point = struct('point', 4, { x: u16, y: u16 });
const flags = bits('flags', u32, { on: 1, level: 31 });
const word = bits('word', u64, { lo: 12, hi: 52 }, { word: 'as_uint64' });
const either = union('either', 8, { a: u64, b: u32 });

const cases: { note: string; type: AnyType; is: string[] }[] = [
  {
    note: 'scalars have their own names',
    type: struct({ a: u8, b: u16, c: u32, d: u64, e: i32, f: i64, g: guid, h: atomic(u32) }),
    is: [
      'a 0+8 int u8',
      'b 8+16 int u16',
      'c 24+32 int u32',
      'd 56+64 int u64',
      'e 120+32 int i32',
      'f 152+64 int i64',
      'g 216+128 guid',
      'h 344+32 int u32',
    ],
  },
  {
    note: 'names of values are no C enum, unless C has it so',
    type: struct({ a: u32.as(colour), b: u32.asC(colour), c: array(u32.asC(colour), 2) }),
    is: ['a 0+32 int u32', 'b 32+32 enum colour', 'c 64+64 enum[2] colour'],
  },
  {
    note: 'reserved bytes are members, padding of the compiler is none',
    type: struct({ a: rsvd(3), b: rsvd(u32), c: rsvd(u64, 2), d: hole(5), e: rsvd(1), f: u8 }),
    is: ['a 0+24 int[3] u8', 'b 24+32 int u32', 'c 56+128 int[2] u64', 'e 224+8 int u8', 'f 232+8 int u8'],
  },
  {
    note: 'byte strings and arrays are one row',
    type: struct({ a: bytes(6), b: array(u16, 3), c: array(guid, 2) }),
    is: ['a 0+48 int[6] u8', 'b 48+48 int[3] u16', 'c 96+256 guid[2]'],
  },
  {
    note: 'an array of structs is one row without leaves',
    type: struct({ a: array(point, 2), b: array(struct({ z: u8 }), 2) }),
    is: ['a 0+64 struct[2] point', 'b 64+16 struct[2]'],
  },
  {
    note: 'a member of a named type is a row and its leaves',
    type: struct({ lead: u8, p: point }),
    is: ['lead 0+8 int u8', 'p 8+32 struct point', 'p.x 8+16 int u16', 'p.y 24+16 int u16'],
  },
  {
    note: 'one of an unnamed type only its leaves',
    type: struct({ lead: u8, p: struct({ x: u16 }) }),
    is: ['lead 0+8 int u8', 'p.x 8+16 int u16'],
  },
  {
    note: 'one without a name nothing of its own',
    type: struct({ lead: u8, p: anon(point), q: anon(struct({ r: anon(bits(u8, { s: 8 })) })) }),
    is: ['lead 0+8 int u8', 'x 8+16 int u16', 'y 24+16 int u16', 's 40+8 int'],
  },
  {
    note: 'arms lie over each other',
    type: struct({ lead: u64, u: either }),
    is: ['lead 0+64 int u64', 'u 64+64 union either', 'u.a 64+64 int u64', 'u.b 64+32 int u32'],
  },
  {
    note: 'an unnamed union, with and without a name in its struct',
    type: struct({
      u: union({ a: u8, b: point }, {}),
      v: anon(union({ c: u8, d: anon(struct({ e: u8, f: u8 })) }, {})),
    }),
    is: [
      'u.a 0+8 int u8',
      'u.b 0+32 struct point',
      'u.b.x 0+16 int u16',
      'u.b.y 16+16 int u16',
      'c 32+8 int u8',
      'e 32+8 int u8',
      'f 40+8 int u8',
    ],
  },
  {
    note: 'bit-fields are a row each, at their bits',
    type: struct({ lead: u8, f: flags }),
    is: ['lead 0+8 int u8', 'f 8+32 struct flags', 'f.on 8+1 int', 'f.level 9+31 int'],
  },
  {
    note: 'with a name for the whole word they are a union',
    type: struct({ w: word }),
    is: ['w 0+64 union word', 'w.lo 0+12 int', 'w.hi 12+52 int', 'w.as_uint64 0+64 int'],
  },
  {
    note: 'in an inner struct of their own',
    type: bits(u32, { a: 8, b: 24 }, { word: 'as_uint32', group: 'bits' }),
    is: ['bits.a 0+8 int', 'bits.b 8+24 int', 'as_uint32 0+32 int'],
  },
  {
    note: 'over several words',
    type: bits(array(u64, 2), { a: 64, b: 64 }, { word: 'as_uint64' }),
    is: ['a 0+64 int', 'b 64+64 int', 'as_uint64 0+128 int[2]'],
  },
  {
    note: 'bits of no member are no row',
    type: bits(u8, { a: 2, hole: gap(3), b: bit(3, colour) }),
    is: ['a 0+2 int', 'b 5+3 int'],
  },
  {
    note: 'a flexible array has no bits',
    type: struct({ n: u8, list: rep(u64) }),
    is: ['n 0+8 int u8', 'list 8+0 flexible-array u64'],
  },
  {
    note: 'one of structs has no leaves',
    type: struct({ n: u8, list: rep(point) }),
    is: ['n 0+8 int u8', 'list 8+0 flexible-array point'],
  },
  {
    note: 'a variable header is one too',
    type: struct({ mask: u64, banks: varhead(u64, { count: { popcount: 'mask' } }) }),
    is: ['mask 0+64 int u64', 'banks 64+0 flexible-array u64'],
  },
  {
    note: 'an old-style array has what C declares',
    type: struct({ n: u8, list: rep(point, { declared: 1 }) }),
    is: ['n 0+8 int u8', 'list 8+32 struct[1] point'],
  },
  { note: 'a union and bits as the whole', type: either, is: ['a 0+64 int u64', 'b 0+32 int u32'] },
  { note: 'a scalar as the whole has no members', type: u32, is: [] },
];

const law = suite('layout: rows');

for (const { note, type, is } of cases) {
  law(note, () => {
    const seen = rows(type).map(({ path, bitOffset, bitSize, kind, count, type: name }) =>
      [path, `${bitOffset}+${bitSize}`, `${kind}${count === undefined ? '' : `[${count}]`}`, name]
        .filter(Boolean)
        .join(' '),
    );
    assert.equal(seen, is);
  });
}

law.run();
