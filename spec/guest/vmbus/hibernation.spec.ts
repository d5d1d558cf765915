import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INVALID_RELID } from '../../../src/guest/vmbus/channel-list.js';
import type { VmbusChannel } from '../../../src/guest/vmbus/vmbus-channel.js';
import { DONE, failure, type Outcome } from '../../../src/ports/outcome.js';
import { type Routine, sleep, start } from '../../../src/sched/routine.js';
import { ChannelServer } from '../../../src/vsp/vmbus/channel-server.js';
import { EchoDevice } from '../../vsp/vmbus/echo-device.js';
import { connected, EchoDriver } from './echo-driver.js';
import { PairedHost } from './paired-host.js';

const hibernation = suite('guest: VMBus hibernation');

const MESSAGE_CONNECTION = 0x4001;

/** Another host of the same devices, in place of the pair's. */
function move(pair: PairedHost, devices: readonly EchoDevice[], maxVersion?: number): ChannelServer {
  pair.server.close();
  const server = new ChannelServer(pair.port, {
    messageConnection: MESSAGE_CONNECTION,
    ...(maxVersion === undefined ? {} : { maxVersion }),
  });
  for (const device of devices) server.offer(device);
  return server;
}

const relids = (pair: PairedHost): Record<string, number> =>
  Object.fromEntries(pair.client.channels.map(({ offer }) => [offer.instanceId[7], offer.relid]));

hibernation('VPCI-101: a host that numbers the channels otherwise: each device gets its own back, probed once', () => {
  for (const order of [
    [3, 2, 1],
    [2, 1],
    [2, 3, 1],
    [3, 1, 2],
  ]) {
    const pair = new PairedHost();
    const devices = new Map([1, 2, 3].map((number) => [number, new EchoDevice(number)]));
    for (const device of devices.values()) pair.server.offer(device);
    const driver = connected(pair);
    const free = pair.frames.free;
    assert.equal(relids(pair), { 1: 1, 2: 2, 3: 3 });
    assert.equal(pair.run(pair.client.suspend()), DONE);
    assert.ok(Object.values(relids(pair)).every((relid) => relid === INVALID_RELID));
    driver.diary.length = 0;
    move(
      pair,
      order.map((number) => devices.get(number)!),
    );
    assert.equal(pair.run(pair.client.resume()), DONE);
    assert.equal(relids(pair), Object.fromEntries(order.map((number, i) => [number, i + 1])));
    const gone = 3 - order.length;
    assert.equal(driver.diary.toSorted(), [
      ...new Array<string>(gone).fill('remove rescinded'),
      ...order.toSorted().map((number) => `resume ${number}`),
    ]);
    const pagesOfOne = 10;
    assert.is(pair.frames.free, free + gone * pagesOfOne);
    let answers = 0;
    for (const channel of driver.channels) if (channel.isOpen) channel.send(new Uint8Array(8), () => answers++);
    pair.queue.drain();
    assert.is(answers, order.length);
    assert.equal(pair.run(pair.client.unload()), DONE);
  }
});

hibernation('a device that goes while the guest sleeps takes no part of one that has its relid now', () => {
  const pair = new PairedHost();
  const [first, second] = [new EchoDevice(1), new EchoDevice(2)];
  pair.server.offer(first);
  pair.server.offer(second);
  const driver = connected(pair);
  pair.run(pair.client.suspend());
  move(pair, [second]);
  assert.equal(pair.run(pair.client.resume()), DONE);
  assert.equal(relids(pair), { 2: 1 });
  assert.equal(
    driver.channels.map(({ isOpen }) => isOpen),
    [false, true],
  );
  // Nobody tells this host that its relid 1 is free.
  assert.not.ok(pair.types.includes(13));
});

hibernation('VPCI-74 COM-06: what the host offers while the guest goes to sleep is probed when it is awake', () => {
  for (let seed = 0; seed <= 20; seed++) {
    const pair = new PairedHost(seed === 0 ? {} : { seed });
    pair.server.offer(new EchoDevice(1));
    const free = pair.frames.free;
    const driver = connected(pair);
    const suspending = start(pair.queue, pair.client.suspend());
    for (let n = 0; n < seed; n++) pair.queue.pump();
    pair.server.offer(new EchoDevice(2));
    pair.queue.drain(100_000_000);
    assert.ok(suspending.done && suspending.value.ok, `seed ${seed}`);
    assert.not.ok(driver.diary.includes('probe 2'), `seed ${seed}`);
    assert.equal(pair.run(pair.client.resume()), DONE);
    assert.equal(driver.diary.slice(-3), ['resume 1', 'probe 2', 'open'], `seed ${seed}`);
    assert.equal(pair.run(pair.client.unload()), DONE);
    assert.is(pair.frames.free, free);
  }
});

hibernation('a driver that refuses ends it: those before are brought back, and what came meanwhile is probed', () => {
  class Refusing extends EchoDriver {
    constructor(private readonly pair: PairedHost) {
      super();
    }
    override *suspend(channel: VmbusChannel): Routine<Outcome> {
      if (channel.offer.relid === 1) return yield* super.suspend(channel);
      this.pair.server.offer(new EchoDevice(3));
      yield* sleep(this.pair.queue, 1000);
      return failure('EBUSY');
    }
  }
  const pair = new PairedHost();
  for (const number of [1, 2]) pair.server.offer(new EchoDevice(number));
  const driver = new Refusing(pair);
  pair.client.register(driver);
  pair.run(pair.client.connect());
  driver.diary.length = 0;
  assert.equal(pair.run(pair.client.suspend()), { ok: false, errno: 'EBUSY' });
  assert.equal(driver.diary, ['suspend 1', 'resume 1', 'probe 3', 'open']);
  assert.ok(driver.channels.every(({ isOpen }) => isOpen));
  assert.is.not(pair.client.version, undefined);
  assert.equal(pair.run(pair.client.unload()), DONE);
});

hibernation('a driver is removed behind its suspend, never besides it; a device that goes refuses nothing', () => {
  const pair = new PairedHost();
  const offered = pair.server.offer(new EchoDevice(1));
  class Slow extends EchoDriver {
    override *suspend(): Routine<Outcome> {
      offered.rescind();
      yield* sleep(pair.queue, 500_000);
      this.diary.push('suspended');
      return failure('ENODEV');
    }
  }
  const driver = new Slow();
  pair.client.register(driver);
  pair.run(pair.client.connect());
  assert.equal(pair.run(pair.client.suspend()), DONE);
  assert.equal(driver.diary.slice(-2), ['suspended', 'remove rescinded']);
  assert.equal(pair.client.channels, []);
});

hibernation('a host that does not take the version: all stays put away until one does', () => {
  const pair = new PairedHost();
  const device = new EchoDevice(1);
  pair.server.offer(device);
  const driver = connected(pair);
  assert.equal(pair.run(pair.client.resume()), { ok: false, errno: 'EINVAL' });
  assert.equal(pair.run(pair.client.suspend()), DONE);
  assert.equal(pair.run(pair.client.suspend()), { ok: false, errno: 'ENODEV' });
  let server = move(pair, [device], 0x50000);
  assert.equal(pair.run(pair.client.resume()), { ok: false, errno: 'EPROTO' });
  assert.not.ok(pair.guest.cpus.some(({ online }) => online));
  server.close();
  server = new ChannelServer(pair.port, { messageConnection: MESSAGE_CONNECTION });
  server.offer(device);
  assert.equal(pair.run(pair.client.resume()), DONE);
  assert.equal(driver.diary.slice(-2), ['suspend 1', 'resume 1']);
});

hibernation.run();
