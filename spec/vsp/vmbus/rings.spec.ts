import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_monitor_page } from '../../../src/abi/synic/monitor.js';
import { decode } from '../../../src/layout/codec.js';
import { ringInGuest } from '../../../src/ring/guest-ring.js';
import { ReceivedPacket } from '../../../src/ring/ring-packet.js';
import { RingReader } from '../../../src/ring/ring-reader.js';
import { RingWriter } from '../../../src/ring/ring-writer.js';
import { FakeHostPort } from '../../support/fake-host-port.js';
import { EchoDevice } from './echo-device.js';
import { TestGuest } from './test-guest.js';

const rings = suite('VMBus server: rings');
const BELL = 0x2001;
const FLAG = { vp: 0, sint: 2, flag: 1 };

function rig(version = 0x50003, options = {}, flags = 0) {
  const guest = new TestGuest(options);
  const device = new EchoDevice(0, { flags });
  guest.server.offer(device);
  guest.connect(version);
  const ends = guest.openRings(1, 16);
  guest.forget();
  device.read();
  return { guest, device, ...ends };
}

function request(writer: RingWriter, first: number, bytes = 8): void {
  const payload = new Uint8Array(bytes);
  payload[0] = first;
  assert.is(writer.append({ kind: 'in-band', payload, transactionId: BigInt(first), completion: true }), 'ok');
}

/** First bytes of the answers that are there. */
function answers(reader: RingReader): string {
  const packet = new ReceivedPacket(4096);
  const got: number[] = [];
  while (reader.readInto(packet) === 'ok') got.push(packet.payload()[0] ?? -1);
  reader.release();
  return got.join();
}

rings('a packet is answered, and the guest is interrupted once for a batch', () => {
  const { guest, device, writer, reader } = rig();
  for (const first of [1, 2, 3]) request(writer, first);
  assert.is(writer.publish(), true);
  assert.is(guest.signal(BELL), 0);
  assert.equal(device.read(), ['signaled', 'packet 1,0,0,0', 'packet 2,0,0,0', 'packet 3,0,0,0']);
  assert.equal(guest.port.events, [FLAG]);
  assert.is(answers(reader), '1,2,3');
});

rings('signals before the device looks are one', () => {
  const { guest, device } = rig();
  for (let i = 0; i < 5; i++) guest.port.signal(BELL, i, 1);
  assert.equal(device.read(), []);
  guest.port.queue.drain();
  assert.equal(device.read(), ['signaled']);
});

rings('what was written before the open is found without a signal', () => {
  const guest = new TestGuest();
  const device = new EchoDevice();
  guest.server.offer(device);
  guest.connect();
  guest.gpadl(1, 7, [16, 17, 18, 19]);
  const writer = new RingWriter(ringInGuest(guest.port.memory, [16, 17]));
  request(writer, 9);
  writer.publish();
  guest.open(1, 7, 2);
  assert.equal(device.read(), ['opened 1 120 5a', 'signaled', 'packet 9,0,0,0']);
});

rings('a guest that masks interrupts gets none', () => {
  const { guest, writer, reader } = rig();
  reader.maskInterrupts();
  request(writer, 1);
  writer.publish();
  guest.signal(BELL);
  assert.equal(guest.port.events, []);
  assert.is(reader.unmaskInterrupts(), true);
});

rings('no interrupts where the open asked for none; a move takes them to another VP', () => {
  const { guest, device, writer } = rig();
  guest.modify(1, 1);
  guest.forget();
  request(writer, 1);
  writer.publish();
  guest.signal(BELL);
  assert.equal(guest.port.events, [{ vp: 1, sint: 2, flag: 1 }]);
  guest.close(1);
  const quiet = guest.openRings(1, 32, 0xffffffff);
  guest.forget();
  request(quiet.writer, 2);
  quiet.writer.publish();
  guest.signal(BELL);
  assert.is(device.read().at(-1), 'packet 2,0,0,0');
  assert.equal(guest.port.events, []);
  assert.is(answers(quiet.reader), '2');
});

rings('the host leaves its mask open, so that every guest signals an empty ring', () => {
  const { guest } = rig();
  assert.is(guest.port.memory.readU32(16 * 4096 + 8), 0);
  guest.close(1);
  guest.port.memory.writeU32(16 * 4096 + 8, 1);
  guest.open(1, 16, 2);
  assert.is(guest.port.memory.readU32(16 * 4096 + 8), 0);
});

rings('a guest that waits for room is interrupted when there is enough of it', () => {
  const { guest, device, writer } = rig();
  device.reads = false;
  while (writer.append({ kind: 'in-band', payload: new Uint8Array(1000) }) === 'ok');
  writer.publish();
  assert.is(writer.requestSpace(2048), false);
  device.reads = true;
  device.replies = false;
  guest.signal(BELL);
  assert.equal(guest.port.events, [FLAG], 'one, when the second packet has gone');
  assert.is(writer.requestSpace(2048), true);
});

rings('the device waits for room that the guest makes', () => {
  const { guest, device, reader } = rig();
  const channel = device.channel!;
  const payload = new Uint8Array(1000);
  let sent = 0;
  while (channel.send({ kind: 'in-band', payload }) === 'ok') sent++;
  assert.is(sent, 3);
  const told: string[] = [];
  channel.whenSpace(1024, () => told.push('first'));
  channel.whenSpace(3072, () => told.push('second'));
  channel.whenSpace(100_000, () => told.push('never'));
  guest.port.queue.drain();
  assert.equal(told, []);
  assert.is(guest.port.memory.readU32(18 * 4096 + 12), 1024, 'the pending size');
  reader.next();
  assert.is(reader.release(), true, 'the guest is to signal');
  guest.signal(BELL);
  assert.equal(told, ['first']);
  reader.next();
  reader.next();
  assert.is(reader.release(), true);
  guest.signal(BELL);
  assert.equal(told, ['first', 'second']);
  assert.is(guest.port.memory.readU32(18 * 4096 + 12), 0);
});

rings('room that is there already is told too, but not before the caller has returned', () => {
  const { guest, device } = rig();
  const told: string[] = [];
  device.channel!.whenSpace(64, () => told.push('told'));
  assert.equal(told, []);
  guest.port.queue.drain();
  assert.equal(told, ['told']);
});

rings('who waits for room on a channel that is closed is not told', () => {
  const { guest, device, reader } = rig();
  const told: string[] = [];
  while (device.channel!.send({ kind: 'in-band', payload: new Uint8Array(1000) }) === 'ok');
  device.channel!.whenSpace(2000, () => told.push('told'));
  answers(reader);
  guest.port.signal(BELL);
  guest.close(1);
  guest.port.queue.drain();
  assert.equal(told, []);
});

rings('a packet larger than the ring is too large, whatever is free', () => {
  const { device } = rig();
  assert.is(device.channel!.send({ kind: 'in-band', payload: new Uint8Array(5000) }), 'too-large');
});

rings('a packet larger than the device’s buffer stays until there is room for it', () => {
  const { guest, device, writer } = rig();
  request(writer, 1, 2000);
  writer.publish();
  guest.signal(BELL);
  assert.equal(device.read(), ['signaled', 'packet 1,0,0,0']);
});

rings('a paused channel keeps what the guest sends; resume has the device look', () => {
  const { guest, device, writer } = rig();
  const channel = device.channel!;
  channel.pause();
  request(writer, 1);
  writer.publish();
  guest.signal(BELL);
  assert.is(channel.receive(new ReceivedPacket(64)), 'empty');
  assert.equal(device.read(), []);
  channel.resume();
  assert.equal(device.read(), []);
  guest.port.queue.drain();
  assert.equal(device.read(), ['signaled', 'packet 1,0,0,0']);
});

/** What a hostile guest writes: word of a control page or byte of a ring, its value. */
const BREAKS: { name: string; page: number; at: number; value: number }[] = [
  { name: 'write index outside of the ring', page: 16, at: 0, value: 4096 },
  { name: 'write index of all ones', page: 16, at: 0, value: 0xffffffff },
  { name: 'unaligned write index', page: 16, at: 0, value: 36 },
  { name: 'a write index in the middle of a packet', page: 16, at: 0, value: 8 },
  { name: 'a packet type that crosses no ring', page: 17, at: 0, value: 0x00020001 },
  { name: 'a payload within the descriptor', page: 17, at: 0, value: 0x00010006 },
  { name: 'a length past the write index', page: 17, at: 4, value: 0x0001ffff },
  { name: 'unknown flags', page: 17, at: 4, value: 0xfffe0003 },
];

for (const { name, page, at, value } of BREAKS)
  rings(`broken by ${name}: said once, read as empty, and the channel can be closed and opened again`, () => {
    const { guest, device, writer, reader } = rig();
    request(writer, 1);
    writer.publish();
    guest.port.memory.writeU32(page * 4096 + at, value);
    const { channel } = device;
    for (let i = 0; i < 3; i++) guest.signal(BELL);
    const broken = guest.log.filter(({ code }) => code === 'channel-broken');
    assert.is(broken.length, 1);
    assert.is(broken[0]!.fields?.relid, 1);
    assert.is(guest.server.channels[0]!.isBroken, true);
    assert.is(channel?.receive(new ReceivedPacket(64)), 'empty');
    assert.is(channel?.send({ kind: 'in-band', payload: new Uint8Array(8) }), 'ok');
    assert.is(answers(reader), '');
    guest.close(1);
    assert.is(device.read().at(-1), 'closed');
    const again = guest.openRings(1, 32);
    request(again.writer, 5);
    again.writer.publish();
    guest.signal(BELL);
    assert.is(answers(again.reader), '5');
  });

rings('broken by a read index that was never written to: found at a send', () => {
  const { guest, device } = rig();
  const payload = new Uint8Array(1000);
  while (device.channel!.send({ kind: 'in-band', payload }) === 'ok');
  guest.port.memory.writeU32(18 * 4096 + 4, 4088);
  guest.forget();
  assert.is(device.channel!.send({ kind: 'in-band', payload }), 'ok');
  assert.equal(
    guest.log.map(({ code }) => code),
    ['channel-broken'],
  );
});

rings('a channel that another one’s guest breaks goes on', () => {
  const guest = new TestGuest();
  for (let i = 0; i < 2; i++) guest.server.offer(new EchoDevice(i));
  guest.connect();
  guest.openRings(1, 16);
  const other = guest.openRings(2, 32);
  guest.port.memory.writeU32(16 * 4096, 0xdead);
  guest.signal(BELL);
  request(other.writer, 7);
  other.writer.publish();
  guest.signal(0x2002);
  assert.is(answers(other.reader), '7');
  assert.equal(
    guest.server.channels.map(({ isBroken }) => isBroken),
    [true, false],
  );
});

rings('pages in any order are one ring', () => {
  const guest = new TestGuest();
  guest.server.offer(new EchoDevice());
  guest.connect();
  const toHost = [21, 16, 20];
  const toGuest = [17, 19, 18];
  guest.gpadl(1, 7, [...toHost, ...toGuest]);
  guest.open(1, 7, 3);
  const writer = new RingWriter(ringInGuest(guest.port.memory, toHost));
  const reader = new RingReader(ringInGuest(guest.port.memory, toGuest));
  for (let first = 1; first < 40; first++) {
    request(writer, first, 1000);
    writer.publish();
    guest.signal(BELL);
    assert.is(answers(reader), String(first));
  }
});

for (const version of [0xd, 0x10001])
  rings(`0x${version.toString(16)}: one page of bits each way and one connection for all channels`, () => {
    const guest = new TestGuest();
    const devices = [new EchoDevice(0), new EchoDevice(1)];
    for (const device of devices) guest.server.offer(device);
    guest.connect(version, { interruptPage: 0x5000n });
    const ends = [guest.openRings(1, 16, 7), guest.openRings(2, 32, 7)];
    for (const device of devices) device.read();
    guest.forget();
    request(ends[1]!.writer, 3);
    ends[1]!.writer.publish();
    guest.port.memory.orU32(0x5800, 0xffffffff);
    guest.port.memory.clearU32(0x5800, 2);
    guest.signal(2);
    assert.equal(
      devices.map((device) => device.read()),
      [[], ['signaled', 'packet 3,0,0,0']],
    );
    assert.is(guest.port.memory.readU32(0x5800), 0xfffffff9, 'the bits of others stay');
    assert.equal(guest.port.events, [{ vp: 0, sint: 2, flag: 0 }]);
    assert.is(guest.port.memory.readU32(0x5000), 1 << 2);
    assert.is(answers(ends[1]!.reader), '3');
  });

rings('from 2.4 on the shared connection means nothing', () => {
  const { guest, device } = rig(0x20004);
  guest.signal(2);
  assert.equal(device.read(), []);
});

rings('0.13 without an interrupt page has a flag and a connection of its own per channel', () => {
  const { guest, device, writer } = rig(0xd);
  request(writer, 1);
  writer.publish();
  guest.signal(2);
  assert.equal(device.read(), []);
  guest.signal(BELL);
  assert.equal(guest.port.events, [FLAG]);
});

function monitored(vp = 0) {
  const guest = new TestGuest({ monitorPages: 'serve', monitorIntervalUs: 500 });
  const device = new EchoDevice(0, { flags: 0x400 });
  guest.server.offer(device);
  guest.connect(0x50003, { monitorPages: [0x6000n, 0x7000n] });
  const ends = guest.openRings(1, 16, vp);
  device.read();
  return { guest, device, ...ends };
}

rings('a monitored channel is looked at where the guest has marked it, without a call', () => {
  const { guest, device, writer, reader } = monitored();
  request(writer, 4);
  writer.publish();
  guest.port.memory.orU32(0x7008, 0b11);
  guest.port.queue.advance(499);
  assert.equal(device.read(), []);
  guest.port.queue.advance(1);
  guest.port.queue.advance(0);
  assert.equal(device.read(), ['signaled', 'packet 4,0,0,0']);
  assert.is(guest.port.memory.readU32(0x7008), 0b10);
  assert.is(answers(reader), '4');
  guest.close(1);
  assert.is(guest.port.queue.drain(10_000), true, 'nobody looks any longer');
});

rings('a monitored channel without interrupts is not looked at, nor after an unload', () => {
  assert.is(monitored(0xffffffff).guest.port.queue.drain(10_000), true);
  const { guest } = monitored();
  assert.is(guest.port.queue.drain(10_000), false);
  guest.plain(16);
  assert.is(guest.port.queue.drain(10_000), true);
});

rings('the trigger groups lie where hv_monitor_page has them', () => {
  const page = new Uint8Array(4096);
  page[8 + 3 * 8] = 5;
  assert.is(decode(hv_monitor_page, page).trigger_group[3]!.pending, 5);
});

rings('a host that is asked to pokes both ends once after an open', () => {
  const { guest, device } = rig(0x50003, { pokeAfterOpenUs: 100_000 });
  guest.port.queue.advance(99_999);
  assert.equal(guest.port.events, []);
  guest.port.queue.drain();
  assert.equal([guest.port.events, device.read()], [[FLAG], ['signaled']]);
  guest.close(1);
  guest.openRings(1, 32);
  guest.close(1);
  guest.forget();
  assert.is(guest.port.queue.drain(), true);
  assert.equal(guest.port.events, []);
});

rings('a ring in memory of another process works through its mirror', () => {
  const port = new FakeHostPort();
  port.memory.window = () => undefined;
  const guest = new TestGuest({}, port);
  guest.server.offer(new EchoDevice());
  guest.connect();
  const { writer, reader } = guest.openRings(1, 16);
  for (let first = 1; first < 20; first++) {
    request(writer, first, 900);
    writer.publish();
    guest.signal(BELL);
    assert.is(answers(reader), String(first));
  }
});

rings.run();
