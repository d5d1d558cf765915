import { bit, bits, gap } from '../../src/layout/bits.js';
import { array, rep, varhead } from '../../src/layout/list.js';
import { atomic, bytes, enumeration, guid, hole, i32, i64, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { NamedType } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';

// Made-up declarations: between them every kind, in every place where the kernel allows it.

export const colour = enumeration('colour', { RED: 0, GREEN: 1, BLUE: 7 });
export const access = enumeration('access', { READ: 1, WRITE: 2, EXEC: 4 });

export const scalars = struct('scalars', 0x2b, { a: u8, b: u16, c: u32, d: u64, e: i32, f: i64, g: guid });

export const marked = struct('marked', 0x18, {
  colour: u32.as(colour),
  access: u32.flagsOf(access),
  page: u64.aligned(4096),
  wide: u64.as(colour),
});

export const words = struct('words', 0x23, {
  one: bits(u8, { low: 1, mid: 5, high: 2 }),
  two: bits(u16, { first: 9, flag: 1, colour: bit(6, colour) }),
  four: bits(u32, { dev: 5, func: 3, rsvd0: 24 }),
  eight: bits(u64, { short: 20, across: 24, last: 20 }),
  wide: bits(u64, { flag: 1, reserved: 3, pfn: 60 }),
  whole: bits(u64, { value: 64 }),
  gapped: bits(u32, { left: 10, hole: gap(12), right: 10 }),
});

export const manyWords = struct('manyWords', 0x27, {
  mask: bits('mask', array(u64, 2), { a: 33, b: 31, c: 64 }, { word: 'as_uint64' }),
  small: bits(array(u8, 3), { d: 8, e: 3, f: 5, g: 7, h: 1 }),
  pairs: bits(array(u16, 4), { i: 16, j: 15, k: 1, l: 1, m: 15, n: 16 }),
  signed: bits(i32, { o: 31, p: 1 }),
  signed64: bits(i64, { q: 63, r: 1 }),
});

export const fixedLists = struct('fixedLists', 0x65, {
  bytes: array(u8, 3),
  shorts: array(u16.as(colour), 2),
  pad: rsvd(1),
  signed: array(i32, 2),
  bigs: array(u64, 2),
  signed64: array(i64, 1),
  pairs: array(struct({ x: u8, y: rsvd(1), z: u16 }), 2),
  unions: array(union({ small: u8, large: u32 }, { otherwise: 'small' }), 2),
  gaps: array(rsvd(2), 2),
  many: array(u8, 41),
});

export const reserved = struct('reserved', 0x55, {
  one: rsvd(1),
  three: rsvd(3),
  words: rsvd(u32, 4),
  kept: u8,
  hole: hole(5),
  quads: rsvd(u64, 2),
  long: rsvd(38),
  blob: bytes(5),
});

export const unnamed = struct('unnamed', 0x18, {
  head: anon(struct({ kind: u16, gap: rsvd(2) })),
  flags: anon(bits(u32, { on: 1, level: 7, reserved: 24 })),
  inner: anon(struct({ deep: anon(bits(u8, { lo: 4, hi: 4 })), rest: rsvd(3), last: u32 })),
  pick: anon(union({ whole: u64, half: struct({ a: u32, b: u32 }) }, { by: 'on', of: { 0: 'whole', 1: 'half' } })),
});

export const tagged = struct('tagged', 0x24, {
  source: u32,
  port: u16,
  pad: rsvd(2),
  flags: bits(u32, { mode: 2, rest: 30 }),
  byField: union(
    { msi: struct({ address: u64, data: u32, pad: rsvd(4) }), rte: u64 },
    { by: 'source', of: { 1: 'msi', 2: 'rte', 3: 'msi' } },
  ),
  byBits: union({ a: u8, b: u32 }, { by: 'flags.mode', of: { 0: 'a', 2: 'b' }, otherwise: 'a' }),
  masked: union({ c: u16, d: u32 }, { by: 'port', mask: 0x10, of: { 0: 'c', 16: 'd' } }),
});

/** The tag is a bit-field of a word that every arm begins with. */
export const selfTagged = union(
  'selfTagged',
  8,
  {
    logical: bits(u64, { id: 62, type: 2 }),
    pci: struct({ rid: u16, fill: rsvd(4), low: u8, top: bits(u8, { low: 6, type: 2 }) }),
    pad: rsvd(8),
  },
  { by: 'pci.top.type', of: { 0: 'logical', 1: 'pci', 3: 'pad' } },
);

export const cells = struct('cells', 0x10, { write: atomic(u32), read: atomic(u32), plain: u64 });

export const counted = struct('counted', 0x08, {
  count: u16,
  lengthBytes: u16,
  first: bits(u32, { n: 4, rest: 28 }),
  entries: rep(struct({ id: u8, pad: rsvd(1), value: u16 }), { count: 'count' }),
});
export const byQuotient = struct('byQuotient', 4, { size: u32, list: rep(u16, { count: { quotient: ['size', 2] } }) });
export const byBits = struct('byBits', 4, { w: bits(u32, { n: 4, rest: 28 }), list: rep(i32, { count: 'w.n' }) });

/** As a GPADL: each range says by its own length how many pages follow. */
export const ranges = struct('ranges', 8, {
  total: u32,
  count: u32,
  ranges: rep(
    struct('range', 8, {
      byteCount: u32,
      byteOffset: u32,
      pfns: rep(u64, { count: { pages: ['byteOffset', 'byteCount'] } }),
    }),
    { count: 'count', partial: true },
  ),
});

/** As a sparse set of processors: a variable header whose length two fields tell, then reps. */
export const vpSet = struct('vpSet', 0x10, {
  format: u64,
  mask: u64,
  banks: varhead(u64, { count: { popcount: 'mask' } }),
});
/** The number of bits set in a byte counts, whatever stands beside it. */
export const smallMask = struct('smallMask', 3, {
  mask: u8,
  beside: u16,
  banks: varhead(u16, { count: { popcount: 'mask' } }),
});
export const maskBits = struct('maskBits', 4, {
  w: bits(u32, { lo: 8, mask: 4, hi: 20 }),
  list: rep(u8, { count: { popcount: 'w.mask' } }),
});
export const headAndReps = struct('headAndReps', 0x18, { space: u64, set: vpSet, list: rep(u64) });
export const endless = struct('endless', 0x0c, { id: u32, list: rep(u64, { declared: 1 }) });
export const bitList = struct('bitList', 1, { n: u8, list: rep(bits(u32, { a: 5, rsvd0: 27 })) });
export const byteRest = struct('byteRest', 2, { id: u16, rest: rep(u8) });
export const signedRest = struct('signedRest', 0, { rest: rep(i64) });

/** A union whose bytes may end where the chosen arm does. */
export const openUnion = struct('openUnion', 0x14, {
  kind: u32,
  body: union(
    { short: u32, long: bytes(16), list: struct({ n: u8, items: rep(u16, { count: 'n' }) }), pad: rsvd(8) },
    { by: 'kind', of: { 1: 'short', 2: 'long', 3: 'list', 4: 'pad' } },
  ),
});

export const kernelLayouts: readonly NamedType[] = [
  scalars,
  marked,
  words,
  manyWords,
  fixedLists,
  reserved,
  unnamed,
  tagged,
  selfTagged,
  cells,
  counted,
  byQuotient,
  byBits,
  ranges,
  vpSet,
  smallMask,
  maskBits,
  headAndReps,
  endless,
  bitList,
  byteRest,
  signedRest,
  openUnion,
];
