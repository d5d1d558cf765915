import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbus_channel_message_type as TYPE, vmbus_channel_message_header } from '../../../src/abi/vmbus/channel.js';
import { EncodeError } from '../../../src/bytes/errors.js';
import { postMessage } from '../../../src/guest/vmbus/message-post.js';
import { encode } from '../../../src/layout/codec.js';
import { DONE } from '../../../src/ports/outcome.js';
import { type Routine, sleep, start } from '../../../src/sched/routine.js';
import { randomWords } from '../../support/random.js';
import { EchoDevice } from '../../vsp/vmbus/echo-device.js';
import { connected, EchoDriver } from './echo-driver.js';
import { PairedHost } from './paired-host.js';

const client = suite('guest: VMBus client');

client('agrees on the newest version both have, on the connections that go with it', () => {
  for (const [maxVersion, asked, connections] of [
    [0x60000, 1, [4, 0x4001]],
    [0x50003, 1, [4, 0x4001]],
    [0x50001, 3, [4, 4, 4, 0x4001]],
    [0x40000, 6, [4, 4, 4, 4, 1, 1, 1]],
    [0x20004, 8, [4, 4, 4, 4, 1, 1, 1, 1, 1]],
  ] as const) {
    const pair = new PairedHost({ server: { maxVersion } });
    assert.equal(pair.run(pair.client.connect()), DONE);
    assert.is(pair.client.version, Math.min(maxVersion, 0x50003));
    assert.equal(pair.types, [...new Array<number>(asked).fill(14), 3]);
    assert.equal(
      pair.sent.map(({ connection }) => connection),
      [...connections],
    );
  }
});

client('a host that takes no version is left with EPROTO', () => {
  const pair = new PairedHost({ server: { maxVersion: 0x10001 } });
  const outcome = pair.run(pair.client.connect());
  assert.equal(outcome, { ok: false, errno: 'EPROTO' });
  assert.is(pair.client.version, undefined);
});

client('a host that is short of buffers is asked again, for longer and longer; one that stays so is given up', () => {
  const pair = new PairedHost();
  pair.refusals.push(0x13, 0x13, 0x13);
  const before = pair.queue.now();
  assert.equal(pair.run(pair.client.connect()), DONE);
  assert.is(pair.types.filter((type) => type === 14).length, 4);
  assert.ok(pair.queue.now() - before >= 1 + 2 + 4);
  pair.refusals.push(...new Array<number>(100).fill(0xb));
  const header = encode(vmbus_channel_message_header, { msgtype: TYPE.CHANNELMSG_REQUESTOFFERS });
  assert.equal(pair.run(pair.client.post(header)), { ok: false, errno: 'EAGAIN', status: 0xb });
});

client('a contact that an old host has no connection for is an answer; later it is tried again', () => {
  const pair = new PairedHost();
  pair.refusals.push(0x12);
  assert.equal(pair.run(pair.client.connect()), DONE);
  assert.is(pair.client.version, 0x50002, 'the next version');
  pair.refusals.push(0x12, 0x12);
  const header = encode(vmbus_channel_message_header, { msgtype: TYPE.CHANNELMSG_REQUESTOFFERS });
  assert.equal(pair.run(pair.client.post(header)), DONE);
  pair.refusals.push(5);
  assert.equal(pair.run(pair.client.post(header)), { ok: false, errno: 'EINVAL', status: 5 });
});

client('it sends no message that only hosts send', () => {
  const pair = new PairedHost();
  const body = encode(vmbus_channel_message_header, { msgtype: TYPE.CHANNELMSG_OFFERCHANNEL });
  try {
    pair.run(postMessage(pair.guest, 1, body));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, EncodeError);
    assert.is((error as EncodeError).code, 'E_DIRECTION');
  }
  assert.is(pair.sent.length, 0);
});

client('probes what is offered, opens it, exchanges packets, closes and unloads without a trace', () => {
  const pair = new PairedHost();
  const device = new EchoDevice();
  pair.server.offer(device);
  const driver = connected(pair);
  assert.equal(driver.diary, ['probe 0', 'open']);
  const [channel] = driver.channels;
  const answers: string[] = [];
  for (let n = 0; n < 500; n++) {
    const sent = channel!.send(Uint8Array.of(n & 255, n >> 8, 0, 0, 1, 2, 3, 4), (packet) =>
      answers.push(packet.payload().slice(0, 2).join()),
    );
    assert.ok(sent.ok);
    if (n % 7 === 0) pair.queue.drain();
  }
  pair.queue.drain();
  assert.equal(
    answers,
    Array.from({ length: 500 }, (_, n) => `${n & 255},${n >> 8}`),
  );
  assert.is(channel!.requests.outstanding, 0);
  const inUse = pair.frames.take(1)!;
  pair.frames.give(inUse);
  assert.equal(pair.run(pair.client.unload()), DONE);
  assert.equal(driver.diary, ['probe 0', 'open', 'remove']);
  assert.equal(pair.types.slice(-3), [7, 11, 16], 'close, GPADL teardown, unload');
  assert.equal(device.read().slice(-1), ['closed']);
  assert.is(pair.client.channels.length, 0);
});

client('an open that the device refuses leaves nothing and fails the probe', () => {
  const pair = new PairedHost();
  const device = new EchoDevice();
  device.answer = 0xc0000001;
  pair.server.offer(device);
  const driver = connected(pair);
  assert.equal(driver.diary, ['probe 0', 'EAGAIN']);
  assert.equal(pair.types.slice(-3), [8, 5, 11]);
  assert.ok(pair.log.some(({ code }) => code === 'vmbus-probe-failed'));
});

client('VPCI-80: a rescind takes the callback first, the driver goes, then the id is released', () => {
  const pair = new PairedHost();
  const offered = pair.server.offer(new EchoDevice());
  const driver = connected(pair);
  const [channel] = driver.channels;
  offered.rescind();
  assert.is(channel!.rescinded, false);
  pair.queue.drain();
  assert.is(channel!.rescinded, true);
  assert.is(channel!.hasCallback, false);
  assert.equal(driver.diary.at(-1), 'remove rescinded');
  assert.equal(pair.types.slice(-2), [7, 13], 'closed without a GPADL teardown, released');
  assert.equal(channel!.send(new Uint8Array(8)), { ok: false, errno: 'ENODEV' });
  assert.is(pair.client.channels.length, 0);
  offered.reoffer();
  pair.queue.drain();
  assert.equal(driver.diary.slice(-2), ['probe 0', 'open']);
});

client('VPCI-16, VPCI-80: a rescind ends the wait of an open that is in progress', () => {
  for (let seed = 0; seed < 30; seed++) {
    const pair = new PairedHost({ seed });
    const offered = pair.server.offer(new EchoDevice());
    const driver = new EchoDriver();
    pair.client.register(driver);
    const connecting = start(pair.queue, pair.client.connect());
    start(
      pair.queue,
      (function* (): Routine {
        while (!pair.types.includes(8)) yield* sleep(pair.queue, 1);
        offered.rescind();
      })(),
    );
    pair.queue.drain(100_000_000);
    assert.ok(connecting.done);
    assert.is(pair.client.channels.length, 0, `seed ${seed}`);
    assert.is(pair.types.at(-1), 13);
  }
});

client('suspend leaves the host, resume finds the devices by their GUIDs; one that is gone is removed', () => {
  const pair = new PairedHost();
  pair.server.offer(new EchoDevice(1));
  const second = pair.server.offer(new EchoDevice(2));
  const driver = connected(pair);
  assert.equal(pair.run(pair.client.suspend()), DONE);
  assert.is(pair.types.at(-1), 16);
  second.rescind();
  pair.queue.drain();
  assert.equal(pair.run(pair.client.resume()), DONE);
  assert.is(pair.client.channels.length, 1);
  assert.equal(driver.diary.at(-1), 'remove rescinded');
  const seen: number[] = [];
  driver.channels[0]!.send(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0), (packet) => seen.push(packet.payload()[0]!));
  pair.queue.drain();
  assert.equal(seen, [9]);
});

client('VPCI-54: the channel names VPs by their index and moves to another CPU', () => {
  const pair = new PairedHost({ vps: [2, 67] });
  pair.server.offer(new EchoDevice());
  const driver = connected(pair);
  assert.is(pair.server.channels[0]!.targetVp, 2);
  assert.equal(pair.run(driver.channels[0]!.moveTo(1)), DONE);
  assert.is(pair.server.channels[0]!.targetVp, 67);
  assert.equal(pair.run(driver.channels[0]!.moveTo(2)), { ok: false, errno: 'EINVAL' });
});

client('a channel cannot move on hosts before 4.1, and moves without an answer before 5.3', () => {
  for (const [maxVersion, outcome, sent] of [
    [0x40000, { ok: false, errno: 'EIO' }, 0],
    [0x40001, DONE, 1],
    [0x50002, DONE, 1],
  ] as const) {
    const pair = new PairedHost({ server: { maxVersion } });
    pair.server.offer(new EchoDevice());
    const driver = connected(pair);
    assert.equal(pair.run(driver.channels[0]!.moveTo(1)), outcome);
    assert.is(pair.types.filter((type) => type === 22).length, sent);
    assert.is(pair.server.channels[0]!.targetVp, sent === 0 ? 0 : 5);
  }
});

client('VPCI-01: an isolated guest takes offers of hardened classes only', () => {
  class Odd extends EchoDevice {
    override readonly interfaceId: string = 'a9a0f4e7-5a45-4d96-b827-8a841e8c03e6';
  }
  for (const isIsolated of [true, false]) {
    const pair = new PairedHost({ client: { isIsolated } });
    pair.server.offer(new EchoDevice(1));
    pair.server.offer(new Odd(2));
    pair.server.offer(new EchoDevice(3));
    const driver = connected(pair);
    assert.equal(driver.diary.toSorted(), ['open', 'open', 'probe 1', 'probe 3']);
    assert.is(pair.client.channels.length, isIsolated ? 2 : 3);
    assert.is(pair.log.filter(({ code }) => code === 'vmbus-message-unexpected').length, isIsolated ? 1 : 0);
  }
});

client('a disabled callback misses nothing', () => {
  const pair = new PairedHost();
  pair.server.offer(new EchoDevice());
  const [channel] = connected(pair).channels;
  let answers = 0;
  channel!.disableCallback();
  channel!.send(new Uint8Array(8), () => answers++);
  pair.queue.drain();
  assert.is(answers, 0);
  channel!.enableCallback();
  pair.queue.drain();
  assert.is(answers, 1);
});

client('a hostile host: random messages, flags and rings never throw, and another channel goes on', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const pair = new PairedHost({ seed });
    pair.server.offer(new EchoDevice(1));
    pair.server.offer(new EchoDevice(2));
    const [first, second] = connected(pair).channels;
    const next = randomWords(seed);
    for (let n = 0; n < 300; n++) {
      const bytes = Uint8Array.from({ length: next() % 241 }, () => next() & 255);
      if (bytes.length >= 4) bytes.set([next() % 30, 0, 0, 0]);
      // Not the message that takes the second channel away.
      if (bytes[0] === 2) continue;
      pair.inject(bytes);
      if (n % 3 === 0) pair.queue.advance(0);
    }
    pair.queue.drain(1_000_000);
    // The ring of the first channel is full of what no ring has.
    const [gpadl] = pair.sent.filter(({ bytes }) => bytes[0] === 8);
    const view = new DataView(gpadl!.bytes.buffer, gpadl!.bytes.byteOffset);
    const receive = Number(view.getBigUint64(28 + 5 * 8, true)) * 4096;
    pair.port.memory.writeU32(receive, next());
    for (let at = 0; at < 4096; at += 4) pair.port.memory.writeU32(receive + 4096 + at, next());
    first!.send(new Uint8Array(8), () => undefined);
    pair.queue.drain(1_000_000);
    let answered = 0;
    const sent = second!.send(new Uint8Array(8), () => answered++);
    assert.ok(sent.ok, `seed ${seed}`);
    pair.queue.drain(1_000_000);
    assert.is(answered, 1, `seed ${seed}`);
  }
});

client.run();
