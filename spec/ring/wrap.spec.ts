import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { OutgoingPacket } from '../../src/ring/outgoing.js';
import { PacketBuffer } from '../../src/ring/packet-buffer.js';
import { LentPacket, ReceivedPacket } from '../../src/ring/ring-packet.js';
import { randomBytes } from '../support/random.js';
import { PACKET_CASES } from '../support/ring-cases.js';
import { ringHex, ringPair } from '../support/ring-pair.js';

const wrap = suite('ring: any piece may wrap');
const TYPES = { 'in-band': 6, completion: 11, 'gpa-direct': 9, 'transfer-pages': 7 } as const;
const scratch = new PacketBuffer(4096);

for (const { note, packet, bytes } of PACKET_CASES) {
  wrap(note, () => {
    const plain = ringPair();
    plain.data.fill(0xcc);
    assert.is(plain.writer.append(packet), 'ok');
    assert.is(plain.writer.position, bytes);
    const expected = ringHex(plain.data, 0, bytes - 8);
    for (let start = 4096 - bytes - 8; start < 4096; start += 8) {
      const { writer, reader, data } = ringPair(4096, start);
      data.fill(0xcc);
      assert.is(writer.append(packet), 'ok');
      assert.is(reader.next(), undefined, 'nothing is seen before it is published');
      writer.publish();
      assert.is(ringHex(data, start, bytes - 8), expected, `packet at ${start}`);
      assert.is(ringHex(data, start + bytes - 8, 8), `00000000${start16(start)}0000`, `trailer at ${start}`);
      assert.is(ringHex(data, start + bytes, 4096 - bytes), 'cc'.repeat(4096 - bytes), 'no byte beside it');
      checkPacket(reader.next()!, packet, start);
      assert.is(reader.position, (start + bytes) % 4096);
      reader.revert();
      const copy = new ReceivedPacket(bytes - 24 + 16);
      assert.is(reader.readInto(copy), 'ok');
      checkPacket(copy, packet, start);
      assert.is(bytesToHex(copy.buffer.bytes, 0, bytes - 8), expected);
      assert.is(reader.readInto(copy), 'empty');
    }
  });
}

wrap('the fast way writes the same bytes, at every offset and for every length', () => {
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 15, 16, 48, 61, 248, 256, 264, 760, 768, 776, 1003, 2000]) {
    const payload = randomBytes(length + 24, length);
    const buffer = PacketBuffer.of(payload);
    const total = 24 + Math.ceil(length / 8) * 8;
    const starts = [0, 8, 2048];
    for (let back = 8; back <= Math.min(total + 8, 400); back += 8) starts.push(4096 - back);
    for (const start of starts) {
      const a = ringPair(4096, start);
      const b = ringPair(4096, start);
      a.data.fill(0xcc);
      b.data.fill(0xcc);
      const at = (start / 8) % 3 === 0 ? 16 : 0;
      assert.is(a.writer.appendInBand(buffer, at, length, 0x55667788, 0x11223344, 1), 'ok');
      const packet = {
        kind: 'in-band',
        payload: payload.subarray(at, at + length),
        transactionId: 0x1122334455667788n,
        completion: true,
      } as const;
      assert.is(b.writer.append(packet), 'ok');
      assert.is(bytesToHex(a.data), bytesToHex(b.data), `${length} bytes at ${start}`);
      assert.is(a.writer.position, b.writer.position);
      a.writer.publish();
      const copy = new ReceivedPacket(4096);
      a.reader.readInto(copy);
      checkPacket(copy, packet, start);
    }
  }
});

wrap('packets one behind the other, many times round', () => {
  const { writer, reader } = ringPair(4096, 16);
  const copy = new ReceivedPacket(4096);
  for (let round = 0; round < 300; round++) {
    const { packet } = PACKET_CASES[round % PACKET_CASES.length]!;
    for (let i = 0; i < 3; i++) assert.is(writer.append(packet), 'ok');
    writer.publish();
    for (let i = 0; i < 3; i++) {
      const at = reader.position;
      assert.is(reader.readInto(copy), 'ok');
      checkPacket(copy, packet, at);
    }
    reader.release();
  }
  assert.is(writer.freeBytes(), 4088);
});

wrap.run();

function start16(start: number): string {
  return (start & 255).toString(16).padStart(2, '0') + (start >> 8).toString(16).padStart(2, '0');
}

function checkPacket(found: LentPacket | ReceivedPacket, packet: OutgoingPacket, at: number): void {
  const padded = new Uint8Array(Math.ceil(packet.payload.length / 8) * 8);
  padded.set(packet.payload);
  const payload = found instanceof LentPacket ? found.payload(scratch) : found.payload();
  assert.is(bytesToHex(payload), bytesToHex(padded), `payload of the packet at ${at}`);
  assert.is(found.type, TYPES[packet.kind]);
  assert.is(found.ringOffset, at);
  const asks = packet.kind === 'in-band' ? packet.completion === true : packet.kind !== 'completion';
  assert.is(found.wantsCompletion, asks);
  assert.is(found.transactionId, asks || packet.kind === 'completion' ? packet.transactionId : undefined);
  if (packet.kind === 'gpa-direct')
    assert.equal(
      found.gpaRanges().map((range) => ({ ...range, pfns: Array.from(range.pfns) })),
      packet.ranges.map((range) => ({ ...range, pfns: Array.from(range.pfns) })),
    );
  if (packet.kind === 'transfer-pages')
    assert.equal(found.transferPages(), {
      setId: packet.setId,
      senderOwnsSet: packet.senderOwnsSet ?? false,
      ranges: packet.ranges,
    });
}
