// One end of a channel between two Workers: waits for a round, meets the other end, does its part, reports.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PacketBuffer } from '../../src/ring/packet-buffer.js';
import { RingMemory } from '../../src/ring/ring-memory.js';
import { ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import {
  GATE_WORDS,
  INTERVAL,
  loadRingbuf,
  MET,
  PACKETS,
  PAYLOAD_BYTES,
  ROUND,
  type RoundTask,
  type Side,
} from '../ring-gate.js';
import { fillWords, readPackets, writePackets, wrongBits } from './ring-ends.js';

const { channel, role, gate: gateMemory, memory, port } = workerData as Side & { readonly port: MessagePort };
const gate = new Int32Array(gateMemory, 0, GATE_WORDS);
const MOST_BYTES = 8192;

/** Does a side's part; the reader returns 0 when every word was right. */
type Part = (task: RoundTask) => number | Promise<number>;

const part = await makePart();
parentPort!.postMessage('ready');
for (let round = 1; ; round++) {
  Atomics.wait(gate, ROUND, round - 1);
  const task = { packets: gate[PACKETS]!, payloadBytes: gate[PAYLOAD_BYTES]!, interval: gate[INTERVAL]! };
  if (task.packets === 0) break;
  Atomics.add(gate, MET, 1);
  while (Atomics.load(gate, MET) < 2 * round);
  const start = process.hrtime.bigint();
  const wrong = await part(task);
  const ns = Number(process.hrtime.bigint() - start) / task.packets;
  parentPort!.postMessage({ ns, wrong });
}
port.close();

async function makePart(): Promise<Part> {
  if (channel === 'ring') return role === 'writer' ? ringWriter() : ringReader();
  if (channel === 'ringbuf.js') return role === 'writer' ? await ringbufWriter() : await ringbufReader();
  return role === 'writer' ? messageWriter() : messageReader();
}

function ringWriter(): Part {
  const writer = new RingWriter(RingMemory.over(memory));
  const payload = new PacketBuffer(MOST_BYTES);
  return ({ payloadBytes, packets, interval }) => {
    writePackets(writer, payload, payloadBytes, packets, interval);
    return 0;
  };
}

function ringReader(): Part {
  const reader = new RingReader(RingMemory.over(memory));
  const packet = new ReceivedPacket(MOST_BYTES + 16);
  return ({ payloadBytes, packets, interval }) => readPackets(reader, packet, payloadBytes, packets, interval);
}

/** Frames of a length word and the payload, `interval` of them in one push, which is one publish. */
async function ringbufWriter(): Promise<Part> {
  const { RingBuffer } = (await loadRingbuf())!;
  const ring = new RingBuffer(memory, Int32Array);
  const frames = new Int32Array(memory.byteLength);
  return ({ payloadBytes, packets, interval }) => {
    const words = payloadBytes >> 2;
    let used = 0;
    for (let sequence = 0, open = 0; sequence < packets; sequence++) {
      frames[used] = words;
      fillWords(frames, used + 1, words, sequence);
      used += words + 1;
      if (++open < interval && sequence + 1 < packets) continue;
      for (let sent = 0; sent < used; ) sent += ring.push(frames, used - sent, sent);
      used = open = 0;
    }
    return 0;
  };
}

/** Takes a length, then the payload, as a reader that does not know the sizes has to. */
async function ringbufReader(): Promise<Part> {
  const { RingBuffer } = (await loadRingbuf())!;
  const ring = new RingBuffer(memory, Int32Array);
  const head = new Int32Array(1);
  const body = new Int32Array(MOST_BYTES >> 2);
  return ({ payloadBytes, packets }) => {
    let wrong = 0;
    for (let sequence = 0; sequence < packets; sequence++) {
      while (ring.pop(head, 1) === 0);
      const words = head[0]!;
      for (let got = 0; got < words; ) got += ring.pop(body, words - got, got);
      wrong |= wrongBits(body, 0, words, sequence) | ((words << 2) ^ payloadBytes);
    }
    return wrong;
  };
}

/** A message a packet, or `interval` packets in one message. */
function messageWriter(): Part {
  return ({ payloadBytes, packets, interval }) => {
    const words = payloadBytes >> 2;
    const each = channel === 'postMessage' ? 1 : interval;
    for (let sequence = 0; sequence < packets; ) {
      const count = Math.min(each, packets - sequence);
      const message = new Int32Array(words * count);
      for (let i = 0; i < count; i++) fillWords(message, i * words, words, sequence + i);
      port.postMessage(message);
      sequence += count;
    }
    return 0;
  };
}

function messageReader(): Part {
  return ({ payloadBytes, packets }) =>
    new Promise((done) => {
      const words = payloadBytes >> 2;
      let wrong = 0;
      let sequence = 0;
      const take = (message: Int32Array): void => {
        for (let at = 0; at < message.length; at += words) wrong |= wrongBits(message, at, words, sequence++);
        if (sequence < packets) return;
        port.off('message', take);
        done(wrong);
      };
      port.on('message', take);
    });
}
