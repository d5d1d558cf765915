import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { OutgoingPacket } from '../../src/ring/outgoing.js';
import { PacketBuffer } from '../../src/ring/packet-buffer.js';
import { packetSpace } from '../../src/ring/packet-kind.js';
import { RingError } from '../../src/ring/ring-error.js';
import { ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import { rawRing, ringPair } from '../support/ring-pair.js';

const space = suite('ring: space');
const inBand = (bytes: number): OutgoingPacket => ({ kind: 'in-band', payload: new Uint8Array(bytes).fill(0x5a) });
const refused =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof RingError && error.code === code;

for (const [rules, payload, outcome] of [
  ['strict', 4088 - 24, 'ok'],
  ['strict', 4088 - 23, 'too-large'],
  ['openvmm', 4080 - 24, 'ok'],
  ['openvmm', 4080 - 23, 'too-large'],
  ['openvmm', 4088 - 24, 'too-large'],
] as const)
  space(`${payload} bytes of payload, ${rules}: ${outcome}`, () => {
    for (const start of [0, 8, 2048, 4088]) {
      const { writer, reader } = ringPair(4096, start, { writer: { rules } });
      assert.is(writer.append(inBand(payload)), outcome);
      assert.is(writer.appendInBand(new PacketBuffer(8192), 0, payload), outcome === 'ok' ? 'full' : outcome);
      writer.publish();
      const copy = new ReceivedPacket(4096);
      assert.is(reader.readInto(copy), outcome === 'ok' ? 'ok' : 'empty');
      reader.release();
      assert.is(writer.freeBytes(), 4088);
    }
  });

space('a descriptor counts up to 65535 qwords, whatever the ring could hold', () => {
  const { writer, reader } = ringPair(0x10_0000);
  assert.is(writer.append(inBand(0xffff * 8 - 15)), 'too-large');
  assert.is(writer.append(inBand(0xffff * 8 - 16)), 'ok');
  writer.publish();
  assert.is(reader.next()!.packetBytes, 0xffff * 8);
});

space('8 bytes stay free, so that full and empty differ', () => {
  const { writer, reader } = ringPair();
  let written = 0;
  while (writer.append(inBand(8)) === 'ok') written++;
  assert.is(written, 127, '127 × 32 = 4064, 24 left');
  assert.is(writer.append(inBand(0)), 'ok');
  assert.is(writer.freeBytes(), 0);
  assert.is(writer.append(inBand(0)), 'full');
  writer.publish();
  assert.is([...reader.batch()].length, 128);
  assert.is(writer.append(inBand(0)), 'full', 'read, but not released');
  reader.release();
  assert.is(writer.freeBytes(), 4088);
});

space('packetSpace is what a packet takes', () => {
  for (const payload of [0, 1, 8, 9, 100]) {
    const { writer } = ringPair();
    writer.append(inBand(payload));
    assert.is(writer.position, packetSpace(payload));
  }
  const { writer } = ringPair();
  const ranges = [{ lengthBytes: 8, offsetBytes: 0 }];
  writer.append({ kind: 'transfer-pages', setId: 1, ranges, payload: new Uint8Array(3), transactionId: 0n });
  assert.is(writer.position, packetSpace(3, 16));
});

space('a discarded batch leaves no trace', () => {
  const { writer, reader, control } = ringPair(4096, 4000);
  writer.writeBatch([inBand(8)]);
  for (let i = 0; i < 5; i++) writer.append(inBand(100));
  writer.discard();
  assert.is(writer.position, 4032);
  assert.is(writer.freeBytes(), 4088 - 32);
  assert.is(writer.publish(), false);
  assert.is(control[0], 4032);
  writer.writeBatch([inBand(16)]);
  const found: number[] = [];
  for (const { payloadBytes } of reader.batch()) found.push(payloadBytes);
  assert.equal(found, [8, 16]);
});

space('padding is zero, in a ring and a buffer that were used before', () => {
  const { writer, data } = ringPair();
  data.fill(0xcc);
  writer.append(inBand(64));
  const second = writer.position;
  writer.append(inBand(3));
  assert.is(bytesToHex(data, second + 16, second + 24), '5a5a5a0000000000');
});

space('a payload is all in its buffer', () => {
  const { writer } = ringPair();
  const buffer = new PacketBuffer(16);
  for (const [at, length] of [
    [0, 17],
    [8, 9],
    [4, 8],
    [-8, 8],
    [24, 0],
    [0, -8],
    [0, Number.NaN],
    [Number.NaN, 8],
    [0, 8.5],
    [0, 1e9],
  ] as const)
    assert.throws(() => writer.appendInBand(buffer, at, length), refused('E_RING_SIZE'), `${length} at ${at}`);
  assert.is(writer.position, 0);
  assert.is(writer.appendInBand(buffer, 16, 0), 'ok');
});

space('a space request is for what the ring can have free', () => {
  const { writer, control } = ringPair();
  for (const bytes of [0, -1, 4089, Number.NaN])
    assert.throws(() => writer.requestSpace(bytes), refused('E_RING_SIZE'));
  assert.is(writer.requestSpace(4088), true);
  writer.writeBatch([inBand(8)]);
  assert.is(writer.requestSpace(4085), false);
  assert.is(control[3], 4088);
  writer.cancelSpaceRequest();
  assert.is(control[3], 0);
});

space('ranges that no reader takes are not sent', () => {
  const { writer } = ringPair();
  const send = (ranges: { lengthBytes: number; offsetBytes: number; pfns: bigint[] }[]) => () =>
    writer.append({ kind: 'gpa-direct', ranges, payload: new Uint8Array(0), transactionId: 1n });
  for (const ranges of [
    [],
    [{ lengthBytes: 0, offsetBytes: 0, pfns: [] }],
    [{ lengthBytes: 1, offsetBytes: 4096, pfns: [1n] }],
    [{ lengthBytes: 4096, offsetBytes: 1, pfns: [1n] }],
    [{ lengthBytes: 4096, offsetBytes: 0, pfns: [1n, 2n] }],
  ])
    assert.throws(send(ranges), refused('E_RING_RANGE'));
  assert.is(writer.position, 0);
});

space('both ends go on where the control page says', () => {
  const { writer, reader, memory } = ringPair();
  writer.writeBatch([inBand(8), inBand(16)]);
  reader.next();
  reader.release();
  const again = new RingWriter(memory);
  assert.is(again.position, 72);
  assert.is(again.freeBytes(), 4088 - 40);
});

space('a new end refuses a wild index', () => {
  for (const word of [0, 1]) {
    const ring = rawRing();
    ring.control[word] = 4096;
    assert.throws(() => new RingWriter(ring.memory), refused('E_RING_INDEX'));
  }
});

space('a reader says how much a packet needs, and takes it then', () => {
  const { writer, reader } = ringPair();
  writer.writeBatch([inBand(0x200)]);
  const copy = new ReceivedPacket(0x100);
  assert.is(reader.readInto(copy), 'too-large');
  assert.is(copy.neededBytes, 0x210);
  copy.grow(copy.neededBytes);
  assert.is(reader.readInto(copy), 'ok');
  assert.is(bytesToHex(copy.payload()), '5a'.repeat(0x200));
});

space('a payload that wraps does not go into a smaller scratch', () => {
  const { writer, reader } = ringPair(4096, 4064);
  writer.writeBatch([inBand(64)]);
  const packet = reader.next()!;
  assert.is(packet.pieces().length, 2);
  assert.throws(() => packet.payload(new PacketBuffer(56)), refused('E_RING_SIZE'));
  assert.is(bytesToHex(packet.payload(new PacketBuffer(64))), '5a'.repeat(64));
});

space.run();
