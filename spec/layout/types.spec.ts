import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bit, bits, gap } from '../../src/layout/bits.js';
import { codecOf, decode, type Lent, lendAt } from '../../src/layout/codec.js';
import { perArch, versions } from '../../src/layout/group.js';
import { hypercall } from '../../src/layout/hypercall.js';
import { array, rep, varhead } from '../../src/layout/list.js';
import { atomic, bytes, guid, i64, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import type { AnySeq, U64Seq } from '../../src/layout/seq.js';
import { struct } from '../../src/layout/struct.js';
import type { InputOf, ValueOf } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';
import { view } from '../../src/layout/view.js';
import { colour } from '../support/kernel-layouts.js';

// What the type checker infers. Each `same` compiles only when the two types are one; what it returns is what was decoded.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Spreads intersections out, so that only the fields matter. */
type Flat<T> = T extends Uint8Array | AnySeq<unknown> ? T : T extends object ? { [K in keyof T]: Flat<T[K]> } : T;
const same = <A, B>(yes: Same<Flat<A>, Flat<B>>): boolean => yes;

const zeros = new Uint8Array(64);
const types = suite('layout: inferred types');

types('scalars: number up to 32 bits, bigint of 64', () => {
  const t = struct({ a: u8, b: u16, c: u32.as(colour), d: u64, e: i64, f: guid, g: bytes(2), h: atomic(u32) });
  same<
    ValueOf<typeof t>,
    { a: number; b: number; c: number; d: bigint; e: bigint; f: string; g: Uint8Array; h: number }
  >(true);
  same<InputOf<typeof t>, ValueOf<typeof t>>(true);
  const { a, d, f, g } = decode(t, zeros, { trailing: 'ignore' });
  assert.equal([typeof a, typeof d, typeof f, g.constructor], ['number', 'bigint', 'string', Uint8Array]);
});

types('bits: 1 boolean, 2 to 32 number, 33 to 64 bigint; reserved and undeclared ones optional on the way in', () => {
  const t = bits(u64, { on: 1, two: bit(2, colour), most: 33, hole: gap(4), rsvd0: 24 });
  same<ValueOf<typeof t>, { on: boolean; two: number; most: bigint; hole: number; rsvd0: number }>(true);
  same<InputOf<typeof t>, { on: boolean; two: number; most: bigint; hole?: number; rsvd0?: number }>(true);
  const { on, two, most } = decode(t, zeros, { trailing: 'ignore' });
  assert.equal([typeof on, typeof two, typeof most], ['boolean', 'number', 'bigint']);
  const edges = bits(array(u64, 2), { a: 32, b: 32, c: 64 });
  same<ValueOf<typeof edges>, { a: number; b: number; c: bigint }>(true);
});

types('reserved bytes: optional, whether decoded or to be encoded', () => {
  const t = struct({ a: u8, pad: rsvd(3) });
  same<ValueOf<typeof t>, { a: number; pad?: Uint8Array }>(true);
  same<InputOf<typeof t>, { a: number; pad?: Uint8Array }>(true);
  assert.equal(Object.keys(decode(t, zeros, { trailing: 'ignore' })), ['a']);
});

types('members without a name are flattened, unions keep their key', () => {
  const t = struct({
    head: anon(struct({ kind: u16, flags: anon(bits(u16, { on: 1, rest: 15 })), pad: rsvd(4) })),
    u: anon(union({ a: u8, b: u64 }, { by: 'kind', of: { 1: 'a' } })),
  });
  same<
    ValueOf<typeof t>,
    {
      kind: number;
      on: boolean;
      rest: number;
      pad?: Uint8Array;
      u: { a: number; tail?: Uint8Array } | { b: bigint; tail?: Uint8Array } | { raw: Uint8Array };
    }
  >(true);
  assert.equal(Object.keys(decode(t, zeros, { trailing: 'ignore' })), ['kind', 'on', 'rest', 'u']);
});

types('a tag may be a sibling, one without a name of its own, bits of one, or bits of the arms', () => {
  const arms = { a: struct({ t: u32 }), b: u64 };
  const made = [
    struct({ k: u8, u: union(arms, { by: 'k', of: { 0: 'b' } }) }),
    struct({ f: bits(u8, { k: 8 }), u: union(arms, { by: 'f.k', of: { 0: 'b' } }) }),
    struct({ h: anon(bits(u8, { k: 8 })), u: union(arms, { by: 'k', of: { 0: 'b' } }) }),
    struct({ u: union(arms, { by: 'a.t', of: { 0: 'b' } }) }),
  ];
  for (const t of made)
    assert.equal((decode(t as (typeof made)[0], zeros, { trailing: 'ignore' }) as { u: object }).u, { b: 0n });
});

types('lists: of u64 one list of bigints, of others AnySeq, of structs an array', () => {
  const inner = struct({ a: u8 });
  const t = struct({ x: array(u16, 2), y: varhead(u64), z: rep(inner) });
  same<ValueOf<typeof t>['x'], number[]>(true);
  same<ValueOf<typeof t>['y'], U64Seq>(true);
  same<ValueOf<typeof t>['z'], { a: number }[]>(true);
  const numbers = rep(u32);
  same<ValueOf<typeof numbers>, AnySeq<number>>(true);
  same<InputOf<typeof numbers>, AnySeq<number> | ArrayLike<number>>(true);
  const bigs = rep(u64);
  same<InputOf<typeof bigs>, U64Seq | ArrayLike<bigint>>(true);
  same<InputOf<typeof t>['x'], ArrayLike<number>>(true);
  assert.is(decode(numbers, zeros).at(1), 0);
});

types('lent: byte strings and lists as windows, the rest as it is', () => {
  const t = struct({
    a: u8,
    b: array(u16, 2),
    c: array(u64, 1),
    d: array(struct({ e: array(u8, 2) }), 1),
    f: bytes(3),
  });
  type L = Lent<ValueOf<typeof t>>;
  same<L['a'], number>(true);
  same<L['b'], AnySeq<number>>(true);
  same<L['c'], U64Seq>(true);
  same<L['f'], Uint8Array>(true);
  const lent = lendAt(t, new DataView(zeros.buffer));
  assert.equal([lent.b.at(0), lent.c.at(0), lent.f.length], [0, 0n, 3]);
});

types('views: halves of 64 bits, cells, inner views', () => {
  const t = struct({
    a: u32,
    b: u64,
    cell: atomic(u32),
    inner: struct({ c: u64 }),
    h: anon(struct({ d: u64 })),
    u: union({ e: u64, f: u8 }, { otherwise: 'e' }),
    list: array(struct({ g: u8 }), 2),
    flags: bits(u8, { on: 1, rest: 7 }),
  });
  const v = view(t, zeros);
  same<typeof v.a, number>(true);
  same<typeof v.b_lo, number>(true);
  same<typeof v.inner.c_hi, number>(true);
  same<typeof v.d_lo, number>(true);
  same<typeof v.u.e_hi, number>(true);
  same<typeof v.flags.on, boolean>(true);
  same<NonNullable<ReturnType<typeof v.list.at>>['g'], number>(true);
  assert.equal([v.b_lo, v.inner.c_hi, v.d_lo, v.u.e_hi, v.flags.on, v.list.at(1)?.g], [0, 0, 0, 0, false, 0]);
});

types('groups and calls: one layout by name, a rep by key', () => {
  const v1 = struct('s', 1, { a: u8 });
  const v2 = struct('s', 9, { a: u8, list: rep(u64, { declared: 1 }) });
  const both = versions({ v1, v2 });
  same<ValueOf<(typeof both.of)['v1']>, { a: number }>(true);
  const archs = perArch({ x64: v1, arm64: v2 });
  same<typeof archs.arm64, typeof v2>(true);
  const call = hypercall('HVCALL_X', 1, { from: 'a specification', version: 'v1' }, { input: v2, rep: 'list' });
  assert.is(call.rep, 'list');
});

types('a codec keeps the types', () => {
  const codec = codecOf(struct({ a: u64 }));
  same<ReturnType<typeof codec.decodeAt>, { a: bigint }>(true);
  same<Parameters<typeof codec.encodeInto>[0], { a: bigint }>(true);
  assert.is(codec.encodeInto({ a: 1n }, new DataView(new ArrayBuffer(8)), 0), 8);
});

types.run();
