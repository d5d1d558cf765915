// Echoes packets until one is empty, asleep while there are none: see spec/ring/doorbell.spec.ts.
import { workerData } from 'node:worker_threads';
import { Doorbell, waitForPackets, waitForSpace } from '../../src/ring/doorbell.js';
import { RingMemory } from '../../src/ring/ring-memory.js';
import { ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';

const shared = workerData as SharedArrayBuffer;
const reader = new RingReader(RingMemory.over(shared, 4096, 8192, 4096));
const writer = new RingWriter(RingMemory.over(shared, 12288, 16384, 4096));
const mine = new Doorbell(shared, 0);
const theirs = new Doorbell(shared, 64);
const packet = new ReceivedPacket(4096);

for (let more = true; more; ) {
  if (!waitForPackets(reader, mine, 20_000)) throw new Error('no packet came');
  while (reader.readInto(packet) === 'ok') {
    more = packet.payloadBytes > 0;
    while (writer.appendInBand(packet.buffer, packet.payloadAt, packet.payloadBytes) === 'full') {
      if (writer.publish()) theirs.ring();
      if (!waitForSpace(writer, mine, packet.packetBytes + 8, 20_000)) throw new Error('no space came');
    }
    if (reader.release()) theirs.ring();
  }
  if (writer.publish()) theirs.ring();
}
