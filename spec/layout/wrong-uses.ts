// Uses that the type checker refuses. Each line behind a directive has one error, and it is at the token named in
// backticks: wrong-uses.spec.ts compiles this file without the directives and looks where the errors are.
import { bits } from '../../src/layout/bits.js';
import { codecOf, decode, encode, lendAt } from '../../src/layout/codec.js';
import { perArch, versions } from '../../src/layout/group.js';
import { hypercall } from '../../src/layout/hypercall.js';
import { array, rep } from '../../src/layout/list.js';
import { messages } from '../../src/layout/messages.js';
import { atomic, enumeration, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { anon, union } from '../../src/layout/union.js';
import { view } from '../../src/layout/view.js';

const origin = { from: 'a specification', version: 'v1' };
const flags = bits('flags', u64, { on: 1, level: 7, rsvd0: 8, pfn: 48 });
const inner = struct('inner', 4, { x: u16, y: u16 });
const entry = struct('entry', 0x1c, {
  source: u32,
  flags,
  u: union({ msi: inner, rte: u64 }, { by: 'source', of: { 1: 'msi' } }),
  head: anon(struct({ deep: u32 })),
  pad: rsvd(4),
  list: rep(u64),
});
const good = { source: 1, flags: { on: true, level: 1, pfn: 1n }, u: { rte: 1n }, deep: 1, list: [1n] };
const bytes = new Uint8Array(64);

export const declarations = [
  struct('s', 5, {
    a: u8,
    // @ts-expect-error `u` has a tag that is no sibling
    u: union({ x: u32 }, { by: 'kind', of: { 1: 'x' } }),
  }),
  struct('s', 5, {
    a: u8,
    // @ts-expect-error `u` has a tag in bits that are no sibling
    u: union({ x: u32 }, { by: 'flags.kind', of: { 1: 'x' } }),
  }),
  struct('s', 5, {
    a: u8,
    // @ts-expect-error `u` has a tag that is no sibling, and no name
    u: anon(union({ x: u32 }, { by: 'kind', of: { 1: 'x' } })),
  }),
  struct({
    a: u8,
    // @ts-expect-error `u` has a tag that is no sibling, in an inner struct
    u: union({ x: u32 }, { by: 'kind', of: { 1: 'x' } }),
  }),
  struct('s', 1, {
    // @ts-expect-error `a` is no declaration
    a: 8,
  }),
  union(
    { x: u8, y: u32 },
    {
      by: 'kind',
      of: {
        1: 'x',
        // @ts-expect-error `2` names no arm
        2: 'z',
      },
    },
  ),
  union(
    'named',
    4,
    { x: u8, y: u32 },
    {
      // @ts-expect-error `otherwise` names no arm
      otherwise: 'z',
    },
  ),
  // @ts-expect-error `bits` has a field without a width
  bits('b', u8, { a: 4, b: '4' }),
  enumeration('e', {
    ONE: 1,
    // @ts-expect-error `TWO` is no integer
    TWO: '2',
  }),
  // @ts-expect-error `u64` is no u32
  atomic(u64),
  // @ts-expect-error `{ x64: inner }` lacks an architecture
  perArch({ x64: inner }),
  versions({
    v1: inner,
    // @ts-expect-error `v2` has no name of its own
    v2: u8,
  }),
  hypercall('HVCALL_X', 1, origin, {
    input: entry,
    // @ts-expect-error `rep` is no list of the input
    rep: 'source',
  }),
  hypercall('HVCALL_X', 1, origin, {
    input: entry,
    // @ts-expect-error `rep` is no field of the input
    rep: 'lists',
  }),
  hypercall('HVCALL_X', 1, origin, {
    output: inner,
    // @ts-expect-error `outRep` is no list of the output
    outRep: 'x',
  }),
  messages('m', {
    A: {
      code: 1,
      // @ts-expect-error `direction` is none
      direction: 'guest->guest',
      is: [],
    },
  }),
  // @ts-expect-error `v2` is no version of it
  versions({ v1: inner, v0: inner }).of.v2,
];

export const values = [
  encode(entry, {
    ...good,
    // @ts-expect-error `source` takes a number
    source: 1n,
  }),
  encode(entry, {
    ...good,
    flags: {
      ...good.flags,
      // @ts-expect-error `pfn` takes a bigint
      pfn: 1,
    },
  }),
  encode(entry, {
    ...good,
    flags: {
      ...good.flags,
      // @ts-expect-error `on` takes a boolean
      on: 1,
    },
  }),
  encode(entry, {
    ...good,
    // @ts-expect-error `flags` lacks a bit-field
    flags: { on: true, pfn: 1n },
  }),
  encode(entry, {
    ...good,
    // @ts-expect-error `u` has no arm
    u: {},
  }),
  encode(entry, {
    ...good,
    u: {
      // @ts-expect-error `ioapic` is no arm
      ioapic: 1n,
    },
  }),
  encode(entry, {
    ...good,
    u: {
      // @ts-expect-error `rte` takes a bigint
      rte: 1,
    },
  }),
  encode(entry, {
    ...good,
    u: {
      msi: {
        x: 1,
        // @ts-expect-error `z` is no field of the arm
        z: 1,
      },
    },
  }),
  encode(entry, {
    ...good,
    // @ts-expect-error `pad` takes bytes
    pad: 0,
  }),
  encode(entry, {
    ...good,
    // @ts-expect-error `list` takes bigints
    list: [1],
  }),
  encode(entry, {
    ...good,
    // @ts-expect-error `head` has no name in values
    head: { deep: 1 },
  }),
  encode(entry, {
    ...good,
    // @ts-expect-error `sorce` is no field
    sorce: 1,
  }),
  // @ts-expect-error `{ x: 1 }` lacks a field
  encode(inner, { x: 1 }),
  // @ts-expect-error `'text'` is no list
  encode(array(u8, 2), 'text'),
  // @ts-expect-error `1` takes a bigint
  codecOf(u64).encodeInto(1, new DataView(bytes.buffer), 0),
];

const read = decode(entry, bytes);
const lent = lendAt(entry, new DataView(bytes.buffer));
const seen = view(entry, bytes);

export const readings = [
  // @ts-expect-error `sorce` is no field
  read.sorce,
  // @ts-expect-error `head` has no name in values
  read.head,
  // @ts-expect-error `x` belongs to an arm that need not be there
  read.u.x,
  // @ts-expect-error `level` belongs to the bits
  read.level,
  // @ts-expect-error `rsvd1` is no bit-field
  read.flags.rsvd1,
  // @ts-expect-error `first` is not what lists have
  read.list.first(),
  // @ts-expect-error `read.pad` may be absent
  read.pad.length,
  // @ts-expect-error `read.flags.pfn + 1` mixes bigint and number
  read.flags.pfn + 1,
  // @ts-expect-error `push` is not what lent lists have
  lent.list.push(1n),
  // @ts-expect-error `source_lo` is no half of 64 bits
  seen.source_lo,
  // @ts-expect-error `head` has no name in views
  seen.head,
  // @ts-expect-error `raw` is no arm
  seen.u.raw,
  // @ts-expect-error `u64` has no fields to view
  view(u64, bytes),
];
// @ts-expect-error `seen.source` takes a number
seen.source = 1n;
// @ts-expect-error `seen.u.rte_hi` takes a number
seen.u.rte_hi = 1n;
// @ts-expect-error `$offset` is moved with $move
seen.$offset = 4;
