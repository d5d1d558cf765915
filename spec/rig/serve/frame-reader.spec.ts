import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { FrameReader } from '../../../src/rig/serve/frame-reader.js';
import { frameBytes } from '../../../src/rig/serve/wire.js';

const test = suite('rig/serve: frames');

const HELLO = frameBytes(1, 0, 7, hexToBytes('01000000000000000200000000000000'));
const READ = frameBytes(5, 1, 8, hexToBytes('0010000f00000000040000000000abcd'));

test('a frame is four words and its payload', () => {
  assert.is(
    bytesToHex(HELLO),
    `${['01000000', '00000000', '07000000', '10000000'].join('')}01000000000000000200000000000000`,
  );
});

for (const step of [1, 3, 16, 31, 32, 33, 64])
  test(`frames come out whole from pieces of ${step}`, () => {
    const stream = new Uint8Array([...HELLO, ...READ, ...frameBytes(2, 0, 9, new Uint8Array(0))]);
    const reader = new FrameReader();
    const frames: string[] = [];
    for (let at = 0; at < stream.length; at += step)
      for (const { type, vcpu, seq, payload } of reader.push(stream.subarray(at, at + step)))
        frames.push(`${type} ${vcpu} ${seq} ${bytesToHex(payload)}`);
    assert.equal(frames, [
      '1 0 7 01000000000000000200000000000000',
      '5 1 8 0010000f00000000040000000000abcd',
      '2 0 9 ',
    ]);
  });

test('a payload outlives the buffer it came in', () => {
  const reader = new FrameReader();
  const buffer = HELLO.slice();
  const [frame] = reader.push(buffer);
  buffer.fill(0xff);
  assert.is(bytesToHex(frame!.payload), '01000000000000000200000000000000');
});

test('a length that no frame has ends the stream', () => {
  const reader = new FrameReader();
  const long = frameBytes(3, 0, 1, new Uint8Array(0));
  new DataView(long.buffer).setUint32(12, 4097, true);
  assert.is(reader.push(new Uint8Array([...HELLO, ...long, ...READ])).length, 1);
  assert.match(reader.broken ?? '', /4097 bytes, 4096/);
  assert.equal(reader.push(READ), []);
});

test('the largest payload passes', () => {
  const reader = new FrameReader();
  assert.is(reader.push(frameBytes(3, 0, 1, new Uint8Array(4096))).length, 1);
  assert.is(reader.broken, undefined);
});

test.run();
