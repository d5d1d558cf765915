import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { RingError } from '../../src/ring/ring-error.js';
import { type LentPacket, ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader, type RingRules } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import { type RawRing, rawRing, ringPair } from '../support/ring-pair.js';

const hostile = suite('ring: hostile peers');

/** What became of a read, as one line. */
function readOutcome(ring: RawRing, rules: RingRules, copying: boolean): string {
  return outcomeOf(() => {
    const reader = new RingReader(ring.memory, { rules, interrupts: 'leave' });
    const copy = new ReceivedPacket(128);
    if (copying) {
      const outcome = reader.readInto(copy);
      return outcome === 'ok' ? `ok ${copy.packetBytes}` : outcome;
    }
    const packet = reader.next();
    return packet === undefined ? 'empty' : `ok ${packet.packetBytes}`;
  });
}

function outcomeOf(act: () => string): string {
  try {
    return act();
  } catch (error) {
    assert.instance(error, RingError);
    const { code, path } = error as RingError;
    return path === '' ? code : `${code} ${path}`;
  }
}

const INDEX = 'E_RING_INDEX';
const PACKET = 'E_RING_PACKET';

interface State {
  readonly note: string;
  readonly write?: number;
  readonly read?: number;
  /** type, offset8, len8, flags */
  readonly descriptor?: readonly [number, number, number, number];
  /** Second word behind the descriptor. */
  readonly count?: number;
  readonly strict: string;
  /** Where OpenVMM's rules differ. */
  readonly openvmm?: string;
}

const STATES: readonly State[] = [
  { note: 'empty', write: 0, strict: 'empty' },
  { note: 'empty elsewhere', write: 4088, read: 4088, strict: 'empty' },
  { note: 'write index at the size', write: 4096, strict: `${INDEX} write_index` },
  { note: 'write index of all ones', write: -1, strict: `${INDEX} write_index` },
  { note: 'write index with the sign bit', write: -0x8000_0000, strict: `${INDEX} write_index` },
  { note: 'write index off by 1', write: 33, strict: `${INDEX} write_index` },
  { note: 'write index off by 4', write: 36, strict: `${INDEX} write_index` },
  { note: 'read index at the size', read: 4096, strict: `${INDEX} read_index` },
  { note: 'read index unaligned', read: 7, strict: `${INDEX} read_index` },
  { note: 'good packet', descriptor: [6, 2, 3, 0], strict: 'ok 24' },
  { note: '8 bytes written', write: 8, descriptor: [6, 2, 3, 0], strict: PACKET },
  {
    note: '16 bytes written, no payload, no trailer',
    write: 16,
    descriptor: [6, 2, 2, 0],
    strict: PACKET,
    openvmm: 'ok 16',
  },
  {
    note: 'trailer past the write index',
    write: 24,
    descriptor: [6, 2, 3, 0],
    strict: `${PACKET} len8`,
    openvmm: 'ok 24',
  },
  { note: 'payload past the write index', write: 32, descriptor: [6, 2, 5, 0], strict: `${PACKET} len8` },
  { note: 'length of the whole field', write: 4088, descriptor: [6, 2, 0xffff, 0], strict: `${PACKET} len8` },
  { note: 'length 0', descriptor: [6, 2, 0, 0], strict: `${PACKET} len8` },
  { note: 'offset and length 0', descriptor: [6, 0, 0, 0], strict: `${PACKET} offset8` },
  { note: 'offset 1', descriptor: [6, 1, 3, 0], strict: `${PACKET} offset8` },
  { note: 'offset past the length', descriptor: [6, 4, 3, 0], strict: `${PACKET} len8` },
  { note: 'offset of the whole field', descriptor: [6, 0xffff, 3, 0], strict: `${PACKET} len8` },
  { note: 'largest packet', write: 4088, descriptor: [6, 2, 510, 0], strict: 'too-large' },
  { note: 'flag 2', descriptor: [6, 2, 3, 2], strict: `${PACKET} flags` },
  { note: 'flags 0x8001', descriptor: [6, 2, 3, 0x8001], strict: `${PACKET} flags` },
  { note: 'completion with the flag', descriptor: [11, 2, 3, 1], strict: 'ok 24' },
  ...[0, 1, 2, 3, 4, 5, 8, 10, 12, 13, 14, 0x106, 0xffff].map((type) => ({
    note: `type ${type}`,
    descriptor: [type, 2, 3, 0] as const,
    strict: `${PACKET} type`,
  })),
  { note: 'transfer pages without a list', descriptor: [7, 2, 3, 1], strict: `${PACKET} offset8` },
  { note: 'transfer pages, count 0', descriptor: [7, 3, 3, 1], count: 0, strict: 'ok 24' },
  {
    note: 'transfer pages, 2 counted, 1 there',
    descriptor: [7, 4, 4, 1],
    count: 2,
    strict: `${PACKET} range_cnt`,
    openvmm: 'ok 32',
  },
  {
    note: 'transfer pages, 2^32 - 1 counted',
    descriptor: [7, 4, 4, 1],
    count: -1,
    strict: `${PACKET} range_cnt`,
    openvmm: 'ok 32',
  },
  { note: 'GPA direct without a list', descriptor: [9, 2, 3, 1], strict: `${PACKET} offset8` },
  { note: 'GPA direct, count 0', descriptor: [9, 5, 5, 1], count: 0, strict: `${PACKET} range_cnt` },
  {
    note: 'GPA direct, no room for a frame',
    descriptor: [9, 4, 4, 1],
    count: 1,
    strict: `${PACKET} range_cnt`,
    openvmm: 'ok 32',
  },
  {
    note: 'GPA direct, 2^32 - 1 counted',
    descriptor: [9, 5, 5, 1],
    count: -1,
    strict: `${PACKET} range_cnt`,
    openvmm: 'ok 40',
  },
];

for (const state of STATES) {
  hostile(state.note, () => {
    for (const start of [0, 4080, 4088]) {
      for (const rules of ['strict', 'openvmm'] as const) {
        for (const copying of [false, true]) {
          const ring = stateAt(state, start);
          const before = bytesToHex(ring.data);
          let want = (rules === 'openvmm' ? state.openvmm : undefined) ?? state.strict;
          // In place there is no buffer that could be too small.
          if (want === 'too-large' && !copying) want = 'ok 4080';
          assert.is(
            readOutcome(ring, rules, copying),
            want,
            `${rules}, ${copying ? 'copied' : 'in place'}, at ${start}`,
          );
          assert.is(bytesToHex(ring.data), before, 'reading writes nothing');
        }
      }
    }
  });
}

/** The state with everything moved on by `start`, where its indices are no wild ones. */
function stateAt({ write, read, descriptor, count }: State, start: number): RawRing {
  const ring = rawRing(4096);
  const valid = (index: number): boolean => index >= 0 && index < 4096;
  const move = (index: number): number => (valid(index) ? (index + start) % 4096 : index);
  ring.control[0] = move(write ?? 256);
  ring.control[1] = move(read ?? 0);
  const view = new DataView(ring.data.buffer, 4096);
  const [type, offset8, len8, flags] = descriptor ?? [6, 2, 3, 0];
  const at = (offset: number): number => (start + offset) % 4096;
  for (const [i, value] of [type, offset8, len8, flags].entries()) view.setUint16(at(i * 2), value, true);
  view.setUint32(at(20), count ?? 0, true);
  return ring;
}

const MOVES: readonly { note: string; write: number; strict: string; openvmm: string }[] = [
  { note: 'on', write: 160, strict: 'ok 24', openvmm: 'ok 24' },
  { note: 'back', write: 80, strict: `${INDEX} write_index`, openvmm: `${PACKET} offset8` },
  { note: 'over the packets not released', write: 24, strict: `${INDEX} write_index`, openvmm: `${PACKET} offset8` },
  { note: 'outside', write: 4100, strict: `${INDEX} write_index`, openvmm: `${INDEX} write_index` },
];

for (const { note, write, strict, openvmm } of MOVES) {
  hostile(`the write index moves ${note} between two batches`, () => {
    for (const rules of ['strict', 'openvmm'] as const) {
      const { writer, reader, control, data } = ringPair(4096, 0, { reader: { rules } });
      for (let i = 0; i < 4; i++) writer.append({ kind: 'in-band', payload: new Uint8Array(8) });
      writer.publish();
      for (let i = 0; i < 4; i++) assert.ok(reader.next());
      data.set([6, 0, 2, 0, 3, 0, 0, 0], 128);
      if (write !== 160) data.fill(0, 128);
      control[0] = write;
      const got = outcomeOf(() => `ok ${reader.next()!.packetBytes}`);
      assert.is(got, rules === 'strict' ? strict : openvmm);
    }
  });
}

hostile('a copy is taken from the descriptor that was checked, whatever the ring says afterwards', () => {
  const { writer, reader, data } = ringPair();
  writer.append({ kind: 'in-band', payload: new Uint8Array(16).fill(1), transactionId: 5n, completion: true });
  writer.publish();
  const copy = new ReceivedPacket(64);
  reader.readInto(copy);
  data.fill(0xff);
  assert.equal([copy.type, copy.packetBytes, copy.payloadAt, copy.transactionId], [6, 32, 16, 5n]);
  assert.is(bytesToHex(copy.payload()), '01'.repeat(16));
});

hostile('a descriptor is read once: values that change between two reads are never seen', () => {
  for (const copying of [false, true]) {
    const { memory, writer, data } = ringPair();
    writer.append({ kind: 'in-band', payload: new Uint8Array(16).fill(1), transactionId: 5n, completion: true });
    writer.publish();
    const reads: number[] = [];
    // Every word turns into ones as soon as it was read.
    const words = new Proxy(memory.words, {
      get(ring, key) {
        const word = Number(key);
        const value = ring[word];
        reads.push(word);
        ring[word] = -1;
        return value;
      },
    });
    const reader = new RingReader(Object.create(memory, { words: { value: words } }) as typeof memory);
    const copy = new ReceivedPacket(64);
    if (copying) assert.is(reader.readInto(copy), 'ok');
    const packet = copying ? copy : reader.next()!;
    assert.equal([packet.type, packet.flags, packet.packetBytes, packet.payloadAt], [6, 1, 32, 16]);
    assert.is(packet.transactionId, 5n);
    assert.equal(reads, copying ? [0, 1] : [0, 1, 2, 3]);
    assert.is(bytesToHex(data, 0, 8), 'ff'.repeat(8));
    assert.is(reader.position, 40);
  }
});

hostile('a lent packet keeps its place when the ring changes under it', () => {
  const { writer, reader, data } = ringPair(4096, 4064);
  writer.append({ kind: 'in-band', payload: new Uint8Array(40).fill(1) });
  writer.publish();
  const packet = reader.next()!;
  data.fill(0xff);
  assert.equal([packet.type, packet.packetBytes, packet.payloadAt], [6, 56, 16]);
  assert.is(
    packet.pieces().reduce((n, piece) => n + piece.length, 0),
    40,
  );
});

hostile('ranges that change after the parse are refused, never followed', () => {
  for (const copying of [false, true]) {
    const { writer, reader, data } = ringPair();
    const ranges = [{ lengthBytes: 4096, offsetBytes: 0, pfns: [1n] }];
    writer.append({ kind: 'gpa-direct', ranges, payload: new Uint8Array(0), transactionId: 1n });
    writer.publish();
    const copy = new ReceivedPacket(64);
    if (copying) reader.readInto(copy);
    const packet: LentPacket | ReceivedPacket = copying ? copy : reader.next()!;
    new DataView(data.buffer, 4096).setUint32(20, 0xffff_ffff, true);
    assert.is(
      outcomeOf(() => `${packet.gpaRanges().length}`),
      copying ? '1' : 'E_RING_RANGE ranges[1]',
    );
    assert.is(
      outcomeOf(() => `${packet.transferPages().setId}`),
      'E_RING_PACKET',
    );
  }
});

for (const [note, lengthBytes, offsetBytes] of [
  ['no bytes', 0, 0],
  ['no bytes within a page', 0, 8],
  ['an offset past the page', 8, 4096],
  ['a length that overflows', 0xffff_ffff, 0xfff],
  ['more pages than there are', 0x10_0000, 0],
] as const)
  hostile(`a range of ${note} is refused`, () => {
    const { writer, reader, data } = ringPair();
    const ranges = [{ lengthBytes: 4096, offsetBytes: 0, pfns: [1n] }];
    writer.append({ kind: 'gpa-direct', ranges, payload: new Uint8Array(0), transactionId: 1n });
    writer.publish();
    const view = new DataView(data.buffer, 4096);
    view.setUint32(24, lengthBytes, true);
    view.setUint32(28, offsetBytes, true);
    assert.is(
      outcomeOf(() => `${reader.next()!.gpaRanges().length}`),
      'E_RING_RANGE ranges[0]',
    );
  });

hostile('a reader stands where it stood after an error, and reads on when the ring is whole', () => {
  const { writer, reader, data } = ringPair();
  writer.append({ kind: 'in-band', payload: new Uint8Array(8) });
  writer.publish();
  data[0] = 1;
  for (let i = 0; i < 3; i++)
    assert.is(
      outcomeOf(() => `${reader.next()}`),
      `${PACKET} type`,
    );
  assert.is(reader.position, 0);
  data[0] = 6;
  assert.is(reader.next()!.packetBytes, 24);
});

hostile('a batch ends, although the writer goes on', () => {
  const { writer, reader } = ringPair();
  let seen = 0;
  const send = (): void => {
    writer.append({ kind: 'in-band', payload: new Uint8Array(8) });
    writer.publish();
  };
  send();
  for (const packet of reader.batch()) {
    assert.is(packet.packetBytes, 24);
    seen++;
    send();
  }
  assert.is(seen, 1);
});

hostile('lenient rules survive a packet whose trailer is past the write index', () => {
  const { memory, control, data } = rawRing();
  data.set([6, 0, 2, 0, 3, 0, 0, 0]);
  control[0] = 24;
  const reader = new RingReader(memory, { rules: 'openvmm' });
  assert.is(reader.next()!.packetBytes, 24);
  assert.is(reader.position, 32);
  assert.is(reader.next(), undefined);
  control[0] = 32;
  assert.is(reader.next(), undefined);
  control[0] = 56;
  data.set([6, 0, 2, 0, 2, 0, 0, 0], 32);
  assert.is(reader.next()!.packetBytes, 16);
});

for (const { note, read, strict, openvmm } of [
  { note: 'within what was written', read: 64, strict: '4024', openvmm: '4024' },
  { note: 'past what was published', read: 128, strict: `${INDEX} read_index`, openvmm: '4088' },
  { note: 'unaligned', read: 4, strict: `${INDEX} read_index`, openvmm: `${INDEX} read_index` },
  { note: 'outside', read: 0x7fff_fff8, strict: `${INDEX} read_index`, openvmm: `${INDEX} read_index` },
]) {
  hostile(`the read index moves ${note}`, () => {
    for (const rules of ['strict', 'openvmm'] as const) {
      const ring = rawRing();
      const writer = new RingWriter(ring.memory, { rules });
      for (let i = 0; i < 3; i++) writer.append({ kind: 'in-band', payload: new Uint8Array(8) });
      writer.publish();
      writer.append({ kind: 'in-band', payload: new Uint8Array(8) });
      ring.control[1] = read;
      assert.is(
        outcomeOf(() => `${writer.freeBytes()}`),
        rules === 'strict' ? strict : openvmm,
      );
    }
  });
}

hostile('what the peer does to our own index changes nothing', () => {
  const { writer, reader, control } = ringPair();
  writer.append({ kind: 'in-band', payload: new Uint8Array(8) });
  control[0] = 999;
  writer.publish();
  assert.is(control[0], 32);
  assert.is(reader.next()!.packetBytes, 24);
  control[1] = 999;
  reader.release();
  assert.is(control[1], 32);
});

hostile('wild words at a release are no signal and no error', () => {
  const { writer, reader, control } = ringPair();
  for (const index of [4096, 5, -1]) {
    writer.append({ kind: 'in-band', payload: new Uint8Array(8) });
    writer.publish();
    reader.next();
    control[0] = index;
    control[3] = -1;
    assert.is(reader.release(), false);
  }
});

hostile.run();
