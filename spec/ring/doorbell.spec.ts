import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Doorbell, waitForPackets, waitForSpace } from '../../src/ring/doorbell.js';
import { PacketBuffer } from '../../src/ring/packet-buffer.js';
import { RingError } from '../../src/ring/ring-error.js';
import { RingMemory } from '../../src/ring/ring-memory.js';
import { ReceivedPacket } from '../../src/ring/ring-packet.js';
import { RingReader } from '../../src/ring/ring-reader.js';
import { RingWriter } from '../../src/ring/ring-writer.js';
import { ringPair } from '../support/ring-pair.js';

const bells = suite('ring: doorbell');

bells('it counts, and a wait for an old count does not sleep', () => {
  const shared = new SharedArrayBuffer(16);
  const bell = new Doorbell(shared, 8);
  const before = bell.count();
  assert.is(bell.wait(before, 0), false);
  new Doorbell(shared, 8).ring();
  assert.is(bell.count(), before + 1);
  assert.is(bell.wait(before, 0), true);
});

bells('a notify without a ring ends no sleep: a late one of the ring before is such', async () => {
  const shared = new SharedArrayBuffer(16);
  const [running, stop] = [new Int32Array(shared, 8, 1), new Int32Array(shared, 12, 1)];
  const worker = new Worker(new URL('../support/notify-worker.js', import.meta.url), { workerData: shared });
  const ended = new Promise((done, fail) => worker.once('exit', done).once('error', fail));
  const bell = new Doorbell(shared, 0);
  try {
    Atomics.wait(running, 0, 0, 20_000);
    assert.is(Atomics.load(running, 0), 1, 'the Worker runs');
    assert.is(bell.wait(bell.count(), 100), false);
  } finally {
    Atomics.store(stop, 0, 1);
  }
  assert.is(await ended, 0);
});

bells('it has to be an aligned word of its memory', () => {
  for (const offset of [-4, 2, 13, 16])
    assert.throws(
      () => new Doorbell(new SharedArrayBuffer(16), offset),
      (error: unknown) => error instanceof RingError && error.code === 'E_RING_AREA',
    );
});

bells('waiting leaves the control words as they were', () => {
  const { writer, reader, control } = ringPair();
  const bell = new Doorbell(new SharedArrayBuffer(4), 0);
  assert.is(waitForPackets(reader, bell, 0), false);
  assert.is(control[2], 1);
  while (writer.append({ kind: 'in-band', payload: new Uint8Array(1000) }) === 'ok');
  writer.publish();
  assert.is(waitForSpace(writer, bell, 1024, 0), false);
  assert.is(control[3], 0);
  assert.is(waitForPackets(reader, bell, 0), true);
  assert.is(control[2], 1);
  assert.is(waitForSpace(writer, bell, 512, 0), true, 'a packet that fits need not wait for a quarter of the ring');
  assert.is(control[3], 0);
});

bells('two sides that sleep echo everything', async () => {
  const shared = new SharedArrayBuffer(20480);
  const writer = new RingWriter(RingMemory.over(shared, 4096, 8192, 4096));
  const reader = new RingReader(RingMemory.over(shared, 12288, 16384, 4096));
  const worker = new Worker(new URL('../support/doorbell-worker.js', import.meta.url), { workerData: shared });
  const ended = new Promise<number | Error>((done) => worker.once('exit', done).once('error', done));
  const theirs = new Doorbell(shared, 0);
  const mine = new Doorbell(shared, 64);
  const payload = new PacketBuffer(1024);
  const packet = new ReceivedPacket(4096);
  let echoed = 0;
  const end = performance.now() + 20_000;
  for (let i = 0; i <= 3000; ) {
    const length = i === 3000 ? 0 : 8 + (i % 128) * 8;
    payload.words[0] = i;
    if (writer.appendInBand(payload, 0, length) === 'ok') i++;
    else {
      if (writer.publish()) theirs.ring();
      assert.ok(performance.now() < end, `no echo of packet ${echoed}`);
      mine.wait(mine.count(), 1);
    }
    if (i % 5 === 0 || i > 3000) if (writer.publish()) theirs.ring();
    // A side that only waited for space while its peer waits for the same would wait for ever: reading comes first.
    for (let left = i > 3000; ; ) {
      while (reader.readInto(packet) === 'ok') {
        if (packet.payloadBytes > 0) assert.is(packet.buffer.words[4], echoed);
        echoed++;
      }
      if (reader.release()) theirs.ring();
      left &&= echoed <= 3000;
      if (!left) break;
      assert.ok(waitForPackets(reader, mine, 20_000));
    }
  }
  assert.is(echoed, 3001);
  assert.is(await ended, 0);
});

bells.run();
