// One side of spec/support/ring-traffic.ts, in a Worker of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { Doorbell } from '../../src/ring/doorbell.js';
import type { OutgoingPacket } from '../../src/ring/outgoing.js';
import { PacketBuffer } from '../../src/ring/packet-buffer.js';
import { RingMemory } from '../../src/ring/ring-memory.js';
import { ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import { randomWords } from './random.js';
import {
  CONTROL,
  COUNTERS,
  COUNTS,
  type Counter,
  PACKET_BELL,
  type Seen,
  SPACE_BELL,
  type Traffic,
} from './ring-traffic.js';

const { role, shared, traffic } = workerData as {
  readonly role: 'writer' | 'reader';
  readonly shared: SharedArrayBuffer;
  readonly traffic: Traffic;
};
/** A side that hears nothing for so long was not signalled. */
const PATIENCE_MS = 10_000;
const memory = RingMemory.over(shared, CONTROL);
const packetBell = new Doorbell(shared, PACKET_BELL);
const spaceBell = new Doorbell(shared, SPACE_BELL);
const counts = new Int32Array(shared, COUNTS, COUNTERS.length);
const count = (name: Counter): unknown => Atomics.add(counts, COUNTERS.indexOf(name), 1);
const seen: Seen = { fault: '', packets: 0, bytes: 0, wraps: 0 };

/** Kind, length and first word of packet after packet. */
function plan(): () => { kind: number; length: number; word: number } {
  const next = randomWords(traffic.seed);
  const made = { kind: 0, length: 0, word: 0 };
  return () => {
    made.kind = next() & 15;
    made.length = next() % (traffic.maxPayload + 1);
    made.word = next() | 0;
    return made;
  };
}

function note(packetBytes: number, at: number): void {
  seen.packets++;
  seen.bytes += packetBytes;
  if (at + packetBytes + 8 > memory.dataBytes) seen.wraps++;
}

function writeAll(): Seen {
  const writer = new RingWriter(memory);
  const buffer = new PacketBuffer(traffic.maxPayload);
  const next = plan();
  const batches = randomWords(traffic.seed + 1);
  const publish = (): void => {
    count('batches');
    if (!writer.publish()) return;
    count('signals');
    packetBell.ring();
  };
  let open = 0;
  let batch = 1 + (batches() & 15);
  for (let i = 0; i < traffic.packets; i++) {
    const { kind, length, word } = next();
    for (let w = 0; w < (length + 3) >> 2; w++) buffer.words[w] = word + w;
    const at = writer.position;
    for (;;) {
      const outcome = append(writer, buffer, kind, length, i);
      if (outcome === 'ok') break;
      if (outcome === 'too-large') throw new Error(`packet ${i} is too large`);
      if (open > 0) publish();
      open = 0;
      if (!awaitSpace(writer, length + 200)) return { ...seen, fault: `no signal for space at packet ${i}` };
    }
    note(((writer.position - at + memory.dataBytes) % memory.dataBytes) - 8, at);
    if (++open < batch && i + 1 < traffic.packets) continue;
    if (traffic.lockstep === true && !awaitSleeper()) return { ...seen, fault: `the reader never slept, packet ${i}` };
    publish();
    open = 0;
    batch = 1 + (batches() & 15);
  }
  return seen;
}

/** Most packets the fast way, the others of every kind. */
function append(writer: RingWriter, buffer: PacketBuffer, kind: number, length: number, i: number): string {
  if (kind > 3) return writer.appendInBand(buffer, 0, length, i, ~i);
  const payload = buffer.bytes.subarray(0, length);
  const transactionId = BigInt.asUintN(64, (BigInt(~i) << 32n) | BigInt(i));
  const packet: OutgoingPacket[] = [
    { kind: 'in-band', payload, transactionId, completion: true },
    { kind: 'completion', payload, transactionId },
    { kind: 'gpa-direct', payload, transactionId, ranges: [{ lengthBytes: 5000, offsetBytes: 1, pfns: [1n, 2n] }] },
    { kind: 'transfer-pages', payload, transactionId, setId: 1, ranges: [{ lengthBytes: i + 1, offsetBytes: 8 }] },
  ];
  return writer.append(packet[kind]!);
}

function awaitSpace(writer: RingWriter, bytes: number): boolean {
  const bell = spaceBell.count();
  count('requests');
  if (writer.requestSpace(Math.max(bytes, memory.dataBytes / 4))) return true;
  count('spaceSleeps');
  const woken = spaceBell.wait(bell, PATIENCE_MS);
  writer.cancelSpaceRequest();
  return woken;
}

function awaitSleeper(): boolean {
  const control = new Int32Array(shared, CONTROL, 3);
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    if (Atomics.load(control, 2) === 0 && Atomics.load(control, 1) === Atomics.load(control, 0)) return true;
    if (Date.now() > end) return false;
  }
}

function readAll(): Seen {
  const reader = new RingReader(memory);
  const packet = new ReceivedPacket(traffic.maxPayload + 200);
  const next = plan();
  const releases = randomWords(traffic.seed + 2);
  const release = (): void => {
    if (!reader.release()) return;
    count('spaceSignals');
    spaceBell.ring();
  };
  let wanted = next();
  for (let i = 0; i < traffic.packets; ) {
    if (reader.readInto(packet) !== 'ok') {
      release();
      if (!awaitPackets(reader)) return { ...seen, fault: `no signal for packet ${i}` };
      continue;
    }
    const fault = faultOf(packet, wanted, i);
    if (fault !== '') return { ...seen, fault: `packet ${i}: ${fault}` };
    note(packet.packetBytes, packet.ringOffset);
    if ((releases() & 7) === 0) release();
    if (++i < traffic.packets) wanted = next();
  }
  release();
  return seen;
}

function awaitPackets(reader: RingReader): boolean {
  const bell = packetBell.count();
  count('unmasks');
  const ready = reader.unmaskInterrupts();
  if (!ready) count('sleeps');
  const woken = ready || packetBell.wait(bell, PATIENCE_MS);
  reader.maskInterrupts();
  return woken;
}

const TYPES = [6, 11, 9, 7];

function faultOf(packet: ReceivedPacket, wanted: { kind: number; length: number; word: number }, i: number): string {
  const type = wanted.kind > 3 ? 6 : TYPES[wanted.kind]!;
  if (packet.type !== type) return `type ${packet.type}, not ${type}`;
  if (packet.transactionLo !== i || packet.transactionHi !== ~i) return `is number ${packet.transactionLo}`;
  const padded = Math.ceil(wanted.length / 8) * 8;
  if (packet.payloadBytes !== padded) return `${packet.payloadBytes} bytes, not ${padded}`;
  if (type === 9 && packet.gpaRanges()[0]!.lengthBytes !== 5000) return 'GPA range';
  if (type === 7 && packet.transferPages().ranges[0]!.lengthBytes !== i + 1) return 'transfer range';
  const { words, bytes } = packet.buffer;
  const from = packet.payloadAt >> 2;
  const whole = wanted.length >> 2;
  for (let w = 0; w < whole; w++) if (words[from + w] !== ((wanted.word + w) | 0)) return `word ${w}`;
  const last = (wanted.word + whole) | 0;
  for (let b = whole * 4; b < padded; b++) {
    const want = b < wanted.length ? (last >>> ((b & 3) * 8)) & 255 : 0;
    if (bytes[packet.payloadAt + b] !== want) return `byte ${b}`;
  }
  return '';
}

parentPort!.postMessage(role === 'writer' ? writeAll() : readAll());
