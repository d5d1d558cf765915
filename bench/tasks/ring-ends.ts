import type { PacketBuffer } from '../../src/ring/packet-buffer.js';
import type { ReceivedPacket } from '../../src/ring/ring-packet.js';
import type { RingReader } from '../../src/ring/ring-reader.js';
import type { RingWriter } from '../../src/ring/ring-writer.js';

// What both ends do with a packet, the same as in bench/c/ring.c: word i of packet n is n + i. Payloads are multiples of 16
// bytes, four words a turn: a C compiler does that on its own.

export function fillWords(words: Int32Array, at: number, count: number, sequence: number): void {
  for (let i = 0; i < count; i += 4) {
    words[at + i] = sequence + i;
    words[at + i + 1] = sequence + i + 1;
    words[at + i + 2] = sequence + i + 2;
    words[at + i + 3] = sequence + i + 3;
  }
}

/** 0 when every word is right. */
export function wrongBits(words: Int32Array, at: number, count: number, sequence: number): number {
  let wrong = 0;
  for (let i = 0; i < count; i += 4) {
    wrong |=
      (words[at + i]! ^ (sequence + i)) |
      (words[at + i + 1]! ^ (sequence + i + 1)) |
      (words[at + i + 2]! ^ (sequence + i + 2)) |
      (words[at + i + 3]! ^ (sequence + i + 3));
  }
  return wrong;
}

/** Writes packets, publishing every `interval` of them or when the ring is full. */
export function writePackets(
  writer: RingWriter,
  payload: PacketBuffer,
  bytes: number,
  packets: number,
  interval: number,
): void {
  const { words } = payload;
  let open = 0;
  for (let sequence = 0; sequence < packets; sequence++) {
    fillWords(words, 0, bytes >> 2, sequence);
    while (writer.appendInBand(payload, 0, bytes, sequence) !== 'ok') {
      if (open > 0) writer.publish();
      open = 0;
    }
    if (++open === interval) {
      writer.publish();
      open = 0;
    }
  }
  writer.publish();
}

/** Copies packets out and checks every word; returns 0 when all were right. */
export function readPackets(
  reader: RingReader,
  packet: ReceivedPacket,
  bytes: number,
  packets: number,
  interval: number,
): number {
  const { words } = packet.buffer;
  let wrong = 0;
  let open = 0;
  for (let sequence = 0; sequence < packets; ) {
    if (reader.readInto(packet) !== 'ok') {
      if (open > 0) reader.release();
      open = 0;
      continue;
    }
    wrong |= wrongBits(words, packet.payloadAt >> 2, bytes >> 2, sequence);
    wrong |= (packet.transactionLo ^ sequence) | (packet.payloadBytes ^ bytes);
    sequence++;
    if (++open === interval) {
      reader.release();
      open = 0;
    }
  }
  reader.release();
  return wrong;
}

/** Both ends in one thread, in turns of at most `interval` packets; returns 0 when all were right. */
export function inTurns(
  writer: RingWriter,
  reader: RingReader,
  payload: PacketBuffer,
  packet: ReceivedPacket,
  bytes: number,
  packets: number,
  interval: number,
): number {
  let wrong = 0;
  for (let written = 0, read = 0; read < packets; ) {
    for (let open = 0; open < interval && written < packets; open++) {
      fillWords(payload.words, 0, bytes >> 2, written);
      if (writer.appendInBand(payload, 0, bytes, written) !== 'ok') break;
      written++;
    }
    writer.publish();
    while (reader.readInto(packet) === 'ok')
      wrong |= wrongBits(packet.buffer.words, packet.payloadAt >> 2, bytes >> 2, read++);
    reader.release();
  }
  return wrong;
}
