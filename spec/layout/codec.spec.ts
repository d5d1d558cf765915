import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EncodeError } from '../../src/bytes/errors.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import {
  codecOf,
  consumed,
  decode,
  decodeAt,
  encode,
  encodeInto,
  encodeUnchecked,
  lendAt,
} from '../../src/layout/codec.js';
import { canGenerateCode } from '../../src/layout/generate.js';
import { array, rep } from '../../src/layout/list.js';
import { bytes, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { U64Seq } from '../../src/layout/seq.js';
import { sizeOf } from '../../src/layout/size.js';
import { struct } from '../../src/layout/struct.js';
import type { AnyType } from '../../src/layout/types.js';
import { plain } from '../support/codec-table.js';
import { ENGINES } from '../support/engine-law.js';
import { byteRest, counted, openUnion, ranges } from '../support/kernel-layouts.js';

const pair = struct('pair', 3, { a: u8, b: u16 });
const open = struct('open', 1, { n: u8, list: rep(u16) });

for (const engine of ENGINES) {
  const reading = suite(`layout: decode, ${engine}`);

  const inputs: [string, ArrayBufferView | ArrayBufferLike][] = [
    ['a Uint8Array', Uint8Array.of(1, 2, 3)],
    ['a Buffer', Buffer.from([1, 2, 3])],
    ['a slice of a Buffer', Buffer.from([9, 1, 2, 3, 9]).subarray(1, 4)],
    ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
    ['a SharedArrayBuffer', shared(1, 2, 3).buffer],
    ['a window on one', shared(9, 1, 2, 3, 9).subarray(1, 4)],
    ['a DataView', new DataView(Uint8Array.of(9, 1, 2, 3).buffer, 1)],
  ];
  for (const [note, input] of inputs)
    reading(`takes ${note}`, () => assert.equal(decode(pair, input, { engine }), { a: 1, b: 0x0302 }));

  reading('offset and end', () => {
    const memory = Uint8Array.of(9, 9, 1, 2, 3, 9);
    assert.equal(decode(pair, memory, { engine, offset: 2, end: 5 }), { a: 1, b: 0x0302 });
    assert.equal(decode(pair, memory, { engine, offset: 2, trailing: 'ignore' }), { a: 1, b: 0x0302 });
    assert.throws(() => decode(pair, memory, { engine, offset: 2 }), /pair @0x3: 1 bytes are left \[E_TRAILING\]/);
    assert.equal(decode(pair, memory, { engine, offset: 2, end: 5, reps: 7 }), { a: 1, b: 0x0302 });
    assert.equal(plain(decode(open, memory, { engine, offset: 1, end: 4 })), { n: 9, list: [0x0201] });
  });

  reading('an end behind the bytes is the end of the bytes', () => {
    assert.equal(plain(decode(open, Uint8Array.of(1, 2, 0), { engine, end: 99 })), { n: 1, list: [2] });
  });

  reading('consumed is one past the last byte', () => {
    const view = new DataView(new ArrayBuffer(64));
    const rows: [AnyType, number][] = [
      [pair, 4 + 3],
      [u32, 4 + 4],
      [array(u16, 3), 4 + 6],
      [counted, 4 + 8],
      [byteRest, 64],
      [openUnion, 4 + 20],
    ];
    for (const [type, end] of rows) {
      decodeAt(type as typeof pair, view, 4, undefined, engine);
      assert.is(consumed(), end);
    }
  });

  reading('lists and byte strings are copies, or windows when lent', () => {
    const type = struct({ text: bytes(2), words: array(u16, 2), pad: rsvd(1), list: rep(u64) });
    const memory = hexToBytes('0102 03000400 05 0600000000000000'.replaceAll(' ', ''));
    const view = new DataView(memory.buffer);
    const copy = decodeAt(type, view, 0, undefined, engine);
    const lent = lendAt(type, view, 0, undefined, engine);
    memory.fill(0xff);
    assert.equal(
      [bytesToHex(copy.text), copy.words, copy.list.at(0), bytesToHex(copy.pad!)],
      ['0102', [3, 4], 6n, '05'],
    );
    assert.equal([bytesToHex(lent.text), lent.words.at(0), lent.list.at(0)], ['ffff', 0xffff, 0xffffffffffffffffn]);
    assert.is(bytesToHex(lent.pad!), '05', 'reserved bytes are copied: they are there only when something is wrong');
  });

  reading('a copy of shared memory is not shared', () => {
    const memory = shared(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17);
    const value = decode(struct({ a: bytes(8), pad: rsvd(1), list: rep(u64) }), memory, { engine });
    for (const part of [value.a, value.pad!, value.list.bytes()]) assert.instance(part.buffer, ArrayBuffer);
  });

  reading('equal values have one order of keys, reserved parts last', () => {
    const type = struct({ pad: rsvd(1), a: u8 });
    assert.equal(Object.keys(decode(type, Uint8Array.of(1, 2), { engine })), ['a', 'pad']);
  });

  reading.run();

  const writing = suite(`layout: encode, ${engine}`);

  writing('gives sizeof, and the lists behind it', () => {
    assert.is(bytesToHex(encode(pair, { a: 1, b: 2 }, engine)), '010200');
    assert.is(bytesToHex(encode(open, { n: 1, list: [2, 3] }, engine)), '0102000300');
    assert.is(bytesToHex(encode(open, { n: 1, list: Uint8Array.of(2, 3) }, engine)), '0102000300');
    assert.is(bytesToHex(encodeUnchecked(u32, 5, engine)), '05000000');
  });

  writing('writes into memory at an offset and says how much', () => {
    const memory = shared(...new Array(16).fill(0x5a));
    const view = new DataView(memory.buffer, 2, 12);
    assert.is(encodeInto(pair, { a: 1, b: 2 }, view, 3, engine), 3);
    assert.is(bytesToHex(memory), `${'5a'.repeat(5)}010200${'5a'.repeat(8)}`);
    assert.is(encodeInto(open, { n: 7, list: [8] }, view, 0, engine), 3);
    assert.is(bytesToHex(memory).slice(4, 10), '070800');
  });

  writing('takes lists over bytes as they are', () => {
    const list = U64Seq.from([1n, 2n]);
    const type = struct({ n: u8, list: rep(u64) });
    assert.is(bytesToHex(encode(type, { n: 0, list }, engine)), '0001000000000000000200000000000000');
    const read = decode(type, encode(type, { n: 0, list }, engine), { engine });
    assert.is(bytesToHex(encode(type, read, engine)), '0001000000000000000200000000000000');
  });

  writing('does not change the value', () => {
    const value = Object.freeze({ a: 1, b: 2 });
    encode(pair, value, engine);
    assert.equal(value, { a: 1, b: 2 });
  });

  writing('a text from a decoded GUID or an error keeps the struct name', () => {
    assert.throws(
      () => encodeUnchecked(pair, { a: 1 }, engine),
      (error: unknown) => error instanceof EncodeError && error.message === 'pair.b @0x1: is missing [E_MISSING]',
    );
  });

  writing.run();

  const codecs = suite(`layout: codecOf, ${engine}`);

  codecs('one codec does what the functions do', () => {
    const codec = codecOf(ranges, engine);
    const hex = '0500000001000000 00100000 00000000 0700000000000000'.replaceAll(' ', '');
    const view = new DataView(hexToBytes(`ff${hex}`).buffer, 1);
    const value = codec.decodeAt(view, 0);
    assert.equal(plain(value), { total: 5, count: 1, ranges: [{ byteCount: 4096, byteOffset: 0, pfns: [7n] }] });
    assert.equal(plain(codec.lendAt(view, 0)), plain(value));
    const out = new DataView(new ArrayBuffer(40));
    assert.is(codec.encodeInto(value, out, 4), 24);
    assert.is(bytesToHex(new Uint8Array(out.buffer)), `00000000${hex}${'00'.repeat(12)}`);
    assert.throws(() => codec.decodeAt(view, 20), /ranges\.count @0x4: needs 4 bytes, 0 left \[E_TRUNCATED\]/);
    assert.throws(() => codec.encodeInto(value, out, 30), /\[E_LENGTH\]/);
  });

  codecs('a failed call leaves the next one alone', () => {
    const codec = codecOf(open, engine);
    assert.throws(() => codec.decodeAt(new DataView(new ArrayBuffer(0)), 0, { end: 0, reps: 1 }), /E_TRUNCATED/);
    assert.equal(plain(codec.decodeAt(new DataView(Uint8Array.of(1, 2, 0, 3, 0).buffer), 0)), { n: 1, list: [2, 3] });
  });

  codecs.run();
}

function shared(...values: number[]): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(values.length));
  memory.set(values);
  return memory;
}

const generation = suite('layout: canGenerateCode');

generation('is true here, and generated code is what runs', () => {
  assert.is(canGenerateCode(), true);
});

generation.run();

const sizes = suite('layout: sizeOf');

const rows: { note: string; type: AnyType; value: unknown; size: number }[] = [
  { note: 'of fixed size, whatever the value', type: pair, value: undefined, size: 3 },
  { note: 'with a list', type: open, value: { n: 1, list: [1, 2, 3] }, size: 7 },
  {
    note: 'with a list of lists',
    type: ranges,
    value: { ranges: [{ pfns: [1n, 2n] }, { pfns: U64Seq.of(3) }] },
    size: 8 + 16 + 40,
  },
  { note: 'a union of open size, whole', type: openUnion, value: { body: { short: 1 } }, size: 20 },
  {
    note: 'a union of open size, ended by its tail',
    type: openUnion,
    value: { body: { short: 1, tail: new Uint8Array(3) } },
    size: 11,
  },
  { note: 'a union of open size, raw', type: openUnion, value: { body: { raw: new Uint8Array(2) } }, size: 6 },
  {
    note: 'a union of open size, its open arm',
    type: openUnion,
    value: { body: { list: { n: 2, items: [1, 2] } } },
    size: 9,
  },
  { note: 'a malformed value counts as little as possible', type: open, value: { list: { length: -3 } }, size: 1 },
  { note: 'no value', type: open, value: null, size: 1 },
];
for (const { note, type, value, size } of rows) sizes(note, () => assert.is(sizeOf(type, value), size));

sizes.run();
