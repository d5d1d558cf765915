import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LayoutError } from '../../src/bytes/errors.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { bits } from '../../src/layout/bits.js';
import { decode } from '../../src/layout/codec.js';
import { array, rep, varhead } from '../../src/layout/list.js';
import { atomic, bytes, guid, i64, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { anon, union } from '../../src/layout/union.js';
import { view } from '../../src/layout/view.js';
import { abiLayouts } from '../support/declared-layouts.js';
import {
  byteRest,
  counted,
  headAndReps,
  kernelLayouts,
  ranges,
  scalars,
  selfTagged,
} from '../support/kernel-layouts.js';

// Reading and writing of every kind are in the rows of the other specs; here is what a view is.

const memory = suite('layout: view, the memory under it');

memory('reads and writes in place', () => {
  const bytes = new Uint8Array(43);
  const v = view(scalars, bytes);
  v.b = 0x1234;
  assert.is(bytesToHex(bytes.subarray(0, 4)), '00341200');
  bytes[2] = 0xff;
  assert.is(v.b, 0xff34);
});

const kinds: [string, (size: number) => { input: ArrayBufferView | ArrayBufferLike; bytes: () => Uint8Array }][] = [
  ['an ArrayBuffer', (n) => same(new ArrayBuffer(n))],
  ['a SharedArrayBuffer', (n) => same(new SharedArrayBuffer(n))],
  ['a Buffer', (n) => over(Buffer.alloc(n))],
  ['a slice of a Buffer', (n) => over(Buffer.alloc(n + 9).subarray(5, 5 + n))],
  ['a Uint8Array over shared memory', (n) => over(new Uint8Array(new SharedArrayBuffer(n + 8), 3, n))],
  ['a DataView', (n) => over(new DataView(new ArrayBuffer(n + 8), 1, n))],
  ['a Uint32Array', (n) => over(new Uint32Array(Math.ceil(n / 4)))],
];

function same(buffer: ArrayBufferLike) {
  return { input: buffer, bytes: () => new Uint8Array(buffer) };
}
function over(input: ArrayBufferView) {
  return { input, bytes: () => new Uint8Array(input.buffer, input.byteOffset, input.byteLength) };
}

for (const [note, make] of kinds) {
  memory(`over ${note}`, () => {
    const { input, bytes } = make(44);
    const v = view(scalars, input, 1);
    v.d = 0x0123456789abcdefn;
    v.g = '00112233-4455-6677-8899-aabbccddeeff';
    assert.is(bytesToHex(bytes()).slice(0, 32), '0000000000000000efcdab8967452301');
    assert.equal([v.d_lo, v.d_hi, v.g], [0x89abcdef, 0x01234567, '00112233-4455-6677-8899-aabbccddeeff']);
    assert.is(decode(scalars, input, { offset: 1, trailing: 'ignore' }).d, 0x0123456789abcdefn);
  });
}

memory('at any offset, aligned or not', () => {
  const bytes = hexToBytes('00112233445566778899aabbccddeeff');
  const t = struct({ a: u16, b: u32, c: u64 });
  for (let at = 0; at <= 2; at++) {
    const v = view(t, bytes, at);
    assert.is(v.b, new DataView(bytes.buffer).getUint32(at + 2, true));
    assert.is(v.c_hi, new DataView(bytes.buffer).getUint32(at + 10, true));
  }
});

memory('outside the bytes is a RangeError, even where the buffer goes on', () => {
  const buffer = new ArrayBuffer(64);
  const t = struct({ a: u32, b: bytes(4), c: rsvd(4), d: guid, e: array(u8, 4), f: bits(u8, { x: 1, y: 7 }) });
  const v = view(t, new Uint8Array(buffer, 8, 8), 6);
  for (const read of [() => v.a, () => v.b, () => v.c, () => v.d, () => v.e.at(0), () => v.f.x])
    assert.throws(read, RangeError);
  assert.throws(() => {
    v.b = new Uint8Array(4);
  }, RangeError);
});

memory('a type without fields has no view', () => {
  assert.throws(
    () => view(array(u8, 2) as never, new Uint8Array(2)),
    (error: unknown) =>
      error instanceof LayoutError &&
      error.code === 'E_LAYOUT_KIND' &&
      /array: has no fields to view/.test(error.message),
  );
});

memory.run();

const fields = suite('layout: view, its fields');

fields('every struct of the ABI has one, with every field of its value', () => {
  for (const { title, type } of [...kernelLayouts.map((type) => ({ title: type.name, type })), ...abiLayouts]) {
    const size = type.size + 16;
    const value = decode(type, new Uint8Array(size), { trailing: 'ignore' }) as object;
    const v = view(type, new Uint8Array(size)) as object;
    for (const key of Object.keys(value)) if (key !== 'raw' && key !== 'tail') assert.ok(key in v, `${title}.${key}`);
  }
});

fields('names that views use themselves are free for fields', () => {
  const t = struct('own', 6, { d: u8, o: u8, c: u8, length: u8, at: u8, view: u8 });
  const v = view(t, Uint8Array.of(1, 2, 3, 4, 5, 6));
  assert.equal([v.d, v.o, v.c, v.length, v.at, v.view], [1, 2, 3, 4, 5, 6]);
});

fields('a field with the name of a half is that field', () => {
  const before = view(struct({ x_lo: u8, x: u64, x_hi: u8 }), hexToBytes('07 0100000002000000 08'.replaceAll(' ', '')));
  assert.equal([before.x_lo, before.x, before.x_hi], [7, 0x200000001n, 8]);
  const after = view(struct({ x: u64, x_hi: u8 }), hexToBytes('010000000200000008'));
  assert.equal([after.x, after.x_hi], [0x200000001n, 8]);
});

fields('setters keep the bits beside theirs', () => {
  const t = struct({
    a: bits(u64, { lo: 20, across: 24, wide: 20 }),
    b: bits(u64, { flag: 1, most: 63 }),
    c: bits(u8, { x: 3, y: 1, z: 4 }),
  });
  const bytes = new Uint8Array(17).fill(0xff);
  const v = view(t, bytes);
  v.a.across = 0;
  v.b.most = 0n;
  v.c.y = false;
  assert.is(bytesToHex(bytes), 'ffff0f0000f0ffff0100000000000000f7');
  v.a.across = 0x123456;
  v.b.most = 0x4000000000000001n;
  v.b.flag = false;
  v.c.x = 2;
  assert.is(bytesToHex(bytes), 'ffff6f4523f1ffff0200000000000080f2');
  assert.equal([v.a.lo, v.a.across, v.a.wide, v.b.most, v.c.z], [0xfffff, 0x123456, 0xfffff, 0x4000000000000001n, 15]);
  v.a.across = 0x1ffffff;
  v.c.x = 15;
  assert.equal(
    [v.a.lo, v.a.across, v.a.wide, v.c.x, v.c.y],
    [0xfffff, 0xffffff, 0xfffff, 7, false],
    'the rest of it is cut',
  );
});

fields('arms of a union lie over each other', () => {
  const v = view(selfTagged, hexToBytes('34120000000000c1'));
  assert.equal([v.logical.type, v.pci.rid, v.pci.top.low, v.pad.length], [3, 0x1234, 1, 8]);
  v.pci.rid = 0xffff;
  assert.is(v.logical.id, 0x010000000000ffffn);
});

fields('a u64 arm has halves', () => {
  const v = view(union({ whole: u64, part: u8 }, { otherwise: 'whole' }), hexToBytes('0100000002000000'));
  assert.equal([v.whole_lo, v.whole_hi], [1, 2]);
});

fields('i64 has no halves and is signed', () => {
  const v = view(struct({ x: i64 }), new Uint8Array(8));
  v.x = -2n;
  assert.is(v.x, -2n);
  assert.not.ok('x_lo' in v);
});

fields.run();

const moving = suite('layout: view, $move and $offset');

moving('goes to another place, with its inner views and lists', () => {
  const t = struct({ a: u8, inner: struct({ b: u8 }), list: array(u8, 1), cell: atomic(u32) });
  const first = hexToBytes('01020300000000000000'); // no field of it is aligned at 0
  const second = hexToBytes('ff0506070900000000000000');
  const v = view(struct({ a: u8, inner: struct({ b: u8 }), list: array(u8, 1) }), first);
  const kept = v.inner;
  assert.equal([v.a, v.inner.b, v.list.at(0), v.$offset], [1, 2, 3, 0]);
  v.$move(new DataView(second.buffer), 1);
  assert.equal([v.a, v.inner.b, v.list.at(0), v.$offset], [5, 6, 7, 1]);
  assert.is(kept.b, 2, 'what was taken before stays where it was');
  const cells = view(t, second, 1);
  assert.is(cells.cell.load(), 9);
});

moving('hands out one inner view per place', () => {
  const v = view(scalarsInside, new Uint8Array(8));
  assert.is(v.inner, v.inner);
});
const scalarsInside = struct({ inner: struct({ a: u64 }) });

moving.run();

const lists = suite('layout: view, lists');

lists('follow the field that counts them', () => {
  const bytes = hexToBytes('0000000000000000 01000200 03000400'.replaceAll(' ', ''));
  const v = view(counted, bytes);
  assert.is(v.entries.length, 0);
  v.count = 2;
  assert.is(v.entries.length, 2);
  v.entries.at(1)!.value = 0x1234;
  assert.is(bytesToHex(bytes.subarray(12)), '03003412');
  v.count = 9;
  assert.is(v.entries.length, 2, 'no more than there are bytes');
});

lists('behind a variable header begin where it ends', () => {
  const v = view(headAndReps, new Uint8Array(24 + 32));
  assert.equal([v.set.banks.length, v.list.length], [0, 4]);
  v.set.mask = 7n;
  v.set.banks.set(2, 3n);
  assert.equal([v.set.banks.length, v.list.length], [3, 1]);
  v.list.set(0, 9n);
  assert.equal([v.set.banks.toArray(), v.list.toArray()], [[0n, 0n, 3n], [9n]]);
});

lists('of elements of varying size', () => {
  const bytes = hexToBytes(
    '0500000003000000 00100000 00000000 0100000000000000 00000000 00000000 01100000 ff0f0000 02000000000000000300000000000000'.replaceAll(
      ' ',
      '',
    ),
  );
  const v = view(ranges, bytes);
  assert.is(v.ranges.length, 3);
  assert.equal(
    [0, 1, 2].map((i) => v.ranges.at(i)!.pfns.toArray()),
    [[1n], [], [2n, 3n]],
  );
  assert.is(v.ranges.at(3), undefined);
});

lists('whose elements end too early say so', () => {
  const item = struct('item', 9, {
    k: u8,
    u: union({ a: u8, b: struct({ x: u64, l: rep(u8) }) }, { by: 'k', of: { 1: 'a', 2: 'b' } }),
  });
  const v = view(struct({ list: rep(item) }), hexToBytes('0200'));
  assert.throws(() => v.list, /item\.u\.b @0x1: needs 8 bytes, 1 left \[E_TRUNCATED\]/);
});

lists('in an unnamed struct count by its own fields', () => {
  const t = struct({ lead: u32, body: anon(struct({ n: u8, list: rep(u8, { count: 'n' }) })) });
  const v = view(t, hexToBytes('ffffffff 02 0a0b0c'.replaceAll(' ', '')));
  assert.equal([v.n, v.list.length, v.list.at(1)], [2, 2, 0x0b]);
});

lists('of a union arm and without a rule take what there is', () => {
  const v = view(union({ a: u32, b: rep(u16) }, {}), Uint8Array.of(1, 0, 2, 0, 3));
  assert.equal([v.b.length, v.b.at(1)], [2, 2]);
  assert.is(view(byteRest, new Uint8Array(2)).rest.length, 0);
  assert.is(view(struct({ n: u8, h: varhead(u64, { count: { popcount: 'n' } }) }), Uint8Array.of(255)).h.length, 0);
});

lists('of GUIDs, byte strings and arrays', () => {
  const t = struct({
    g: array(guid, 1),
    b: array(bytes(2), 2),
    a: array(array(u8, 2), 2),
    x: array(anon(struct({ y: u8 })), 1),
  });
  const v = view(t, hexToBytes(`${'00'.repeat(16)}010203040506070809`));
  assert.is(v.g.at(0), '00000000-0000-0000-0000-000000000000');
  assert.is(bytesToHex(v.b.at(1)!), '0304');
  assert.is(v.a.at(1)?.at(0), 7);
  assert.is(v.x.at(0)?.y, 9);
});

lists.run();
