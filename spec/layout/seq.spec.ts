import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { isListLike, isSeq, seqOver, U8Seq, U64Seq } from '../../src/layout/seq.js';

const kinds = suite('layout: lists over bytes');

const bytes = hexToBytes('ff0102030405068088888888ffffff7f');
const table: { scalar: Parameters<typeof seqOver>[0]; count: number; elements: (number | bigint)[] }[] = [
  { scalar: 'u8', count: 3, elements: [0xff, 1, 2] },
  { scalar: 'u16', count: 4, elements: [0x01ff, 0x0302, 0x0504, 0x8006] },
  { scalar: 'u32', count: 4, elements: [0x030201ff, 0x80060504, 0x88888888, 0x7fffffff] },
  { scalar: 'i32', count: 2, elements: [0x030201ff, -0x7ff9fafc] },
  { scalar: 'u64', count: 2, elements: [0x80060504030201ffn, 0x7fffffff88888888n] },
  { scalar: 'i64', count: 2, elements: [-0x7ff9fafbfcfdfe01n, 0x7fffffff88888888n] },
];
for (const { scalar, count, elements } of table) {
  for (const lend of [true, false]) {
    kinds(`${scalar}, ${lend ? 'lent' : 'copied'}`, () => {
      const list = seqOver(scalar, viewOf(bytes), 0, count, lend);
      assert.is(list.length, count);
      assert.is(list.scalar, scalar);
      assert.equal(list.toArray(), elements);
      assert.equal([...list], elements);
      assert.equal(
        elements.map((_, i) => list.at(i)),
        elements,
      );
      assert.equal([list.at(-1), list.at(count)], [undefined, undefined]);
      assert.is(bytesToHex(list.bytes()), bytesToHex(bytes).slice(0, count * list.elementSize * 2));
      assert.is(list.bytes().buffer === bytes.buffer, lend);
      assert.ok(isSeq(list));
    });
  }
}

kinds('from an offset, of a view that does not begin its buffer', () => {
  const list = seqOver('u16', new DataView(bytes.buffer, 1, 8), 1, 2, true);
  assert.equal(list.toArray(), [0x0302, 0x0504]);
});

kinds('empty', () => {
  const list = seqOver('u64', viewOf(bytes), 16, 0, true);
  assert.equal([list.length, list.toArray(), list.at(0), list.bytes().length], [0, [], undefined, 0]);
});

kinds('a copy keeps what it was', () => {
  const memory = Uint8Array.of(1, 2);
  const copy = seqOver('u8', viewOf(memory), 0, 2, false);
  const lent = seqOver('u8', viewOf(memory), 0, 2, true);
  memory[0] = 9;
  assert.equal([copy.at(0), lent.at(0)], [1, 9]);
});

kinds('a copy of shared memory is not shared', () => {
  const shared = new SharedArrayBuffer(8);
  const copy = seqOver('u64', new DataView(shared), 0, 1, false);
  assert.instance(copy.bytes().buffer, ArrayBuffer);
});

kinds.run();

const halves = suite('layout: U64Seq');

halves('of and from', () => {
  assert.equal(U64Seq.of(2).toArray(), [0n, 0n]);
  assert.is(bytesToHex(U64Seq.from([1n, 0xffffffffffffffffn]).bytes()), '0100000000000000ffffffffffffffff');
  assert.is(bytesToHex(U64Seq.from([-1n]).bytes()), 'ffffffffffffffff');
});

halves('an element as halves, and as a number', () => {
  const list = new U64Seq(viewOf(hexToBytes('ffffffffffff1f00 efbeadde00000080'.replace(' ', ''))), 0, 2);
  assert.equal([list.lo(0), list.hi(0), list.number(0)], [0xffffffff, 0x1fffff, Number.MAX_SAFE_INTEGER]);
  assert.equal([list.lo(1), list.hi(1)], [0xdeadbeef, 0x80000000]);
});

halves('set and setLoHi', () => {
  const list = U64Seq.of(3);
  list.set(0, 0x0123456789abcdefn);
  list.setLoHi(1, 0xdeadbeef, 0x80000000);
  list.set(2, -2n);
  assert.is(bytesToHex(list.bytes()), 'efcdab8967452301efbeadde00000080feffffffffffffff');
});

const runs: { note: string; first: number; length: number; elements: bigint[] }[] = [
  { note: 'from 0', first: 0, length: 3, elements: [0n, 1n, 2n] },
  {
    note: 'over the end of the low half',
    first: 0xfffffffe,
    length: 4,
    elements: [0xfffffffen, 0xffffffffn, 0x100000000n, 0x100000001n],
  },
  { note: 'far up', first: 0x10_0000_0000_0000 - 1, length: 2, elements: [0xfffffffffffffn, 0x10000000000000n] },
  { note: 'of none', first: 5, length: 0, elements: [] },
];
for (const { note, first, length, elements } of runs)
  halves(`fillPfns ${note}`, () => {
    const list = U64Seq.of(length);
    list.fillPfns(first);
    assert.equal(list.toArray(), elements);
  });

for (const shift of [0, 1, 4]) {
  halves(`halves at byte ${shift}: ${shift % 4 === 0 ? 'the same memory' : 'a copy'}`, () => {
    const memory = new Uint8Array(24);
    memory.set(hexToBytes('0100000002000000ffffffff00000080'), shift);
    const list = new U64Seq(viewOf(memory), shift, 2);
    const words = list.halves();
    assert.equal([...words], [1, 2, 0xffffffff, 0x80000000]);
    assert.is(words.buffer === memory.buffer, shift % 4 === 0);
  });
}

halves.run();

const shapes = suite('layout: isListLike and isSeq');

const likes: [string, unknown, boolean][] = [
  ['an array', [], true],
  ['a typed array', new Uint16Array(2), true],
  ['a list over bytes', new U8Seq(viewOf(bytes), 0, 1), true],
  ['an object with a length', { length: 2 }, true],
  ['a negative length', { length: -1 }, false],
  ['half a length', { length: 0.5 }, false],
  ['an endless one', { length: Number.POSITIVE_INFINITY }, false],
  ['no length', {}, false],
  ['text', 'ab', false],
  ['null', null, false],
  ['undefined', undefined, false],
];
for (const [note, value, like] of likes)
  shapes(`${note}: ${like}`, () => {
    assert.is(isListLike(value), like);
    assert.is(isSeq(value), value instanceof U8Seq);
  });

shapes.run();
