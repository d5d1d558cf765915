import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { GuestMemory } from '../../src/ports/guest-memory.js';
import { ringInGuest } from '../../src/ring/guest-ring.js';
import { RingError } from '../../src/ring/ring-error.js';
import { type RingBacking, RingMemory } from '../../src/ring/ring-memory.js';
import { ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import { PACKET_CASES } from '../support/ring-cases.js';
import { rawRing } from '../support/ring-pair.js';

const memories = suite('ring: memory');

for (const [note, ...areas] of [
  ['no data', 0, 4096, 0],
  ['half a page of data', 0, 4096, 2048],
  ['a page and a bit', 0, 4096, 4100],
  ['data past the end', 0, 4096, 16384],
  ['control page past the end', 12288, 0, 4096],
  ['unaligned control page', 4, 8192, 4096],
  ['unaligned data', 0, 4100, 4096],
  ['negative offset', -4096, 0, 4096],
  ['fractional offset', 0, 4096.5, 4096],
  ['data over the control page', 0, 0, 4096],
  ['the end of the data over the control page', 8192, 4096, 8192],
  ['not a number', 0, Number.NaN, 4096],
  ['more than a ring can be', 0, 4096, 0x4000_0000],
] as const)
  memories(`refused: ${note}`, () => {
    const buffer = new SharedArrayBuffer(4 * 4096 - 8);
    assert.throws(
      () => RingMemory.over(buffer, ...(areas as readonly number[])),
      (error: unknown) => error instanceof RingError && error.code === 'E_RING_AREA',
    );
  });

memories('data may lie before its control page, and beside other things', () => {
  const buffer = new SharedArrayBuffer(4 * 4096);
  const memory = RingMemory.over(buffer, 8200, 16, 8192 - 4096);
  new RingWriter(memory).writeBatch([{ kind: 'in-band', payload: new Uint8Array(8).fill(7) }]);
  const bytes = new Uint8Array(buffer);
  assert.is(bytesToHex(bytes, 0, 16), '00'.repeat(16));
  assert.is(bytesToHex(bytes, 16, 24), '0600020003000000');
  assert.is(bytesToHex(bytes, 8200, 8204), '20000000');
});

memories('an image of a ring in an ArrayBuffer can be read and is left as it was', () => {
  const { memory, data, control } = rawRing();
  new RingWriter(memory).writeBatch(PACKET_CASES.map(({ packet }) => packet));
  const image = new ArrayBuffer(8192);
  new Uint8Array(image).set(new Uint8Array(control.buffer as SharedArrayBuffer, 0, 4096));
  new Uint8Array(image).set(data, 4096);
  const before = bytesToHex(new Uint8Array(image));
  const found: number[] = [];
  for (const { type } of new RingReader(RingMemory.over(image), { interrupts: 'leave' }).batch()) found.push(type);
  assert.equal(found, [6, 6, 6, 11, 9, 9, 9, 7, 7]);
  assert.is(bytesToHex(new Uint8Array(image)), before);
});

/** Memory elsewhere: every access is a copy, as with a file. */
class Elsewhere implements RingBacking {
  readonly control = new Uint32Array(17);
  readonly bytes: Uint8Array;
  readonly log: string[] = [];

  constructor(size: number, start: number) {
    this.bytes = new Uint8Array(size).fill(0xee);
    this.control[0] = this.control[1] = start;
  }

  loadControl(word: number): number {
    return this.control[word]!;
  }

  storeControl(word: number, value: number): void {
    this.log.push(`store ${word}`);
    this.control[word] = value;
  }

  read(offset: number, into: Uint8Array): void {
    assert.ok(offset + into.length <= this.bytes.length);
    this.log.push('read');
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  write(offset: number, from: Uint8Array): void {
    assert.ok(offset + from.length <= this.bytes.length);
    this.log.push('write');
    this.bytes.set(from, offset);
  }
}

memories('a mirror moves every packet, at every place, and bytes before indices', () => {
  for (let start = 0; start < 4096; start += 8) {
    const there = new Elsewhere(4096, start);
    const writer = new RingWriter(RingMemory.mirroring(there, 4096));
    const reader = new RingReader(RingMemory.mirroring(there, 4096));
    const { packet, bytes } = PACKET_CASES[(start / 8) % PACKET_CASES.length]!;
    there.log.length = 0;
    writer.append(packet);
    assert.equal(there.log, [], 'nothing leaves before the publish');
    writer.publish();
    const wraps = start + bytes > 4096;
    assert.equal(there.log, wraps ? ['write', 'write', 'store 0'] : ['write', 'store 0']);
    const copy = new ReceivedPacket(256);
    assert.is(reader.readInto(copy), 'ok');
    assert.is(bytesToHex(copy.payload(), 0, packet.payload.length), bytesToHex(packet.payload));
    reader.release();
    assert.is(there.control[1], (start + bytes) % 4096);
    assert.is(reader.readInto(copy), 'empty');
  }
});

/** As much of a guest as a ring needs. */
function guest(pages: number, hole: number, windows: boolean): GuestMemory & { readonly bytes: Uint8Array } {
  const buffer = new SharedArrayBuffer(pages * 4096);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  const refuse = (): never => {
    throw new Error('not for a ring');
  };
  return {
    bytes,
    size: bytes.length,
    has: (gpa, length) => gpa + length <= bytes.length && Math.floor(gpa / 4096) !== hole,
    window: (gpa, length) => (windows ? new DataView(buffer, gpa, length) : undefined),
    read: (gpa, into) => into.set(bytes.subarray(gpa, gpa + into.length)),
    write: (gpa, from) => bytes.set(from, gpa),
    clear: refuse,
    readU8: refuse,
    readU16: refuse,
    readU32: refuse,
    readU64: refuse,
    writeU8: refuse,
    writeU16: refuse,
    writeU32: refuse,
    writeU64: refuse,
    loadU32: (gpa) => view.getUint32(gpa, true),
    storeU32: (gpa, value) => view.setUint32(gpa, value, true),
    orU32: refuse,
    clearU32: refuse,
  };
}

for (const { note, pfns, windows } of [
  { note: 'contiguous, in this process', pfns: [2, 3, 4], windows: true },
  { note: 'contiguous, elsewhere', pfns: [2, 3, 4], windows: false },
  { note: 'scattered', pfns: [6, 1, 4], windows: true },
])
  memories(`a ring in guest pages: ${note}`, () => {
    const memory = guest(8, 7, windows);
    const writer = new RingWriter(ringInGuest(memory, pfns));
    const reader = new RingReader(ringInGuest(memory, pfns));
    const payload = Uint8Array.from({ length: 3000 }, (_, i) => i * 7);
    const copy = new ReceivedPacket(4096);
    for (let i = 0; i < 12; i++) {
      assert.is(writer.writeBatch([{ kind: 'in-band', payload }]).outcome, 'ok');
      assert.is(reader.readInto(copy), 'ok');
      assert.is(bytesToHex(copy.payload()), bytesToHex(payload));
      reader.release();
    }
    assert.is(new DataView(memory.bytes.buffer).getUint32(pfns[0]! * 4096, true), (12 * 3024) % 8192);
  });

memories('a ring with a page that is no memory is refused', () => {
  for (const pfns of [[2, 7], [2, 3, 100], [2], []])
    assert.throws(
      () => ringInGuest(guest(8, 7, true), pfns),
      (error: unknown) => error instanceof RingError && error.code === 'E_RING_AREA',
    );
});

memories.run();
