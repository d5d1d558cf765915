import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { bytesOf, clear, copyBytes, isZero, viewOf } from '../../src/bytes/span.js';

const views = suite('bytes: viewOf');

const memory = new Uint8Array(16);
const inputs: [string, ArrayBufferView | ArrayBufferLike, number, number][] = [
  ['an ArrayBuffer', memory.buffer, 0, 16],
  ['a SharedArrayBuffer', new SharedArrayBuffer(8), 0, 8],
  ['a Uint8Array in the middle', new Uint8Array(memory.buffer, 3, 5), 3, 5],
  ['a Uint32Array', new Uint32Array(memory.buffer, 4, 2), 4, 8],
  ['a DataView', new DataView(memory.buffer, 1, 2), 1, 2],
];
for (const [note, input, offset, length] of inputs)
  views(`of ${note}`, () => {
    const view = viewOf(input);
    assert.is(view.buffer, ArrayBuffer.isView(input) ? input.buffer : input);
    assert.equal([view.byteOffset, view.byteLength], [offset, length]);
  });

views('of a Buffer is over its pool, at its place', () => {
  const pooled = Buffer.from('abc');
  assert.is(viewOf(pooled).getUint8(1), 0x62);
});

views('of a DataView is that view', () => {
  const view = new DataView(memory.buffer);
  assert.is(viewOf(view), view);
});

views.run();

const windows = suite('bytes: bytesOf and copyBytes');

const framed = Uint8Array.of(9, 9, 1, 2, 3, 4, 9, 9);
const view = new DataView(framed.buffer, 2, 4);

windows('all of a view, the rest of it, a part of it', () => {
  assert.equal([...bytesOf(view)], [1, 2, 3, 4]);
  assert.equal([...bytesOf(view, 1)], [2, 3, 4]);
  assert.equal([...bytesOf(view, 1, 2)], [2, 3]);
  assert.equal([...bytesOf(view, 4)], []);
  assert.is(bytesOf(view).buffer, framed.buffer);
});

const outside: [number, number | undefined][] = [
  [0, 5],
  [4, 1],
  [5, undefined],
  [-1, 2],
  [2, -1],
  [Number.NaN, 1],
];
for (const [offset, length] of outside)
  windows(`outside the view although in the buffer: ${offset}, ${length}`, () => {
    assert.throws(() => bytesOf(view, offset, length), RangeError);
    if (length !== undefined && length >= 0) assert.throws(() => copyBytes(view, offset, length), RangeError);
  });

windows('a copy is not the memory, and never shared', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  shared.set([7, 8, 9]);
  const copy = copyBytes(viewOf(shared), 1, 2);
  shared.fill(0);
  assert.equal([...copy], [8, 9]);
  assert.instance(copy.buffer, ArrayBuffer);
});

windows.run();

const zeros = suite('bytes: isZero and clear');

zeros('sees one bit at every place, of every length', () => {
  for (let length = 0; length <= 9; length++) {
    const area = new Uint8Array(length + 4).fill(0xff).fill(0, 2, 2 + length);
    assert.is(isZero(viewOf(area), 2, length), true);
    for (let at = 2; at < 2 + length; at++) {
      area[at] = 0x80;
      assert.is(isZero(viewOf(area), 2, length), false, `${length} bytes, one at ${at}`);
      area[at] = 0;
    }
  }
});

zeros('clear touches its bytes and no other', () => {
  const area = new Uint8Array(8).fill(0xff);
  clear(new DataView(area.buffer, 1, 6), 1, 3);
  assert.is(bytesToHex(area), 'ffff000000ffffff');
  assert.throws(() => clear(new DataView(area.buffer, 1, 6), 4, 3), RangeError);
});

zeros.run();
