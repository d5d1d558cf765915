import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbus_channel_message_type as TYPE } from '../../../src/abi/vmbus/channel.js';
import type { VmbusChannel } from '../../../src/guest/vmbus/vmbus-channel.js';
import { DONE, failure, type Outcome } from '../../../src/ports/outcome.js';
import { type Routine, start } from '../../../src/sched/routine.js';
import { EchoDevice } from '../../vsp/vmbus/echo-device.js';
import { connected, EchoDriver } from './echo-driver.js';
import { PairedHost } from './paired-host.js';

const rescind = suite('guest: VMBus channels that the host takes back in the middle');

const TICK_US = 100_000;

/** Runs `act` right in front of the host's next message of a type: both are there before the guest goes on. */
function inFrontOf(pair: PairedHost, type: number, act: () => void): void {
  const { postMessage } = pair.port;
  pair.port.postMessage = (vp, sint, kind, payload) => {
    if (payload[0] === type) {
      pair.port.postMessage = postMessage;
      pair.queue.post(act);
    }
    return postMessage(vp, sint, kind, payload);
  };
}

for (const [step, type] of [
  ['GPADL_CREATED', TYPE.CHANNELMSG_GPADL_CREATED],
  ['OPENCHANNEL_RESULT', TYPE.CHANNELMSG_OPENCHANNEL_RESULT],
] as const)
  rescind(`COM-06 VPCI-16 VPCI-74: behind ${step}, before the guest goes on: the open gives up at once`, () => {
    for (let seed = 0; seed <= 20; seed++) {
      const pair = new PairedHost(seed === 0 ? {} : { seed });
      const free = pair.frames.free;
      const offered = pair.server.offer(new EchoDevice());
      let rescindedUs = Number.POSITIVE_INFINITY;
      inFrontOf(pair, type, () => {
        rescindedUs = pair.queue.now();
        offered.rescind();
      });
      const driver = new EchoDriver();
      pair.client.register(driver);
      const connecting = start(
        pair.queue,
        (function* (): Routine<boolean> {
          const outcome = yield* pair.client.connect();
          yield* pair.client.settle();
          return outcome.ok;
        })(),
      );
      pair.queue.drain(100 * TICK_US);
      assert.ok(connecting.done && connecting.value, `seed ${seed}`);
      assert.ok(pair.queue.now() <= rescindedUs + TICK_US, `seed ${seed}`);
      assert.ok(driver.diary.includes('ENODEV') || driver.diary.includes('remove rescinded'), `seed ${seed}`);
      assert.equal(pair.client.channels, []);
      assert.is(pair.types.at(-1), TYPE.CHANNELMSG_RELID_RELEASED, `seed ${seed}`);
      assert.is(offered.state, 'removed');
      assert.is(free - pair.frames.free, 3, 'the pages of the connection');
    }
  });

for (const [step, type, act] of [
  ['closed', TYPE.CHANNELMSG_GPADL_TORNDOWN, (channel: VmbusChannel) => channel.close()],
  ['moved', TYPE.CHANNELMSG_MODIFYCHANNEL_RESPONSE, (channel: VmbusChannel) => channel.moveTo(1)],
] as const)
  rescind(`COM-06 VPCI-74: while a channel is ${step}, which comes to its end`, () => {
    const pair = new PairedHost();
    const free = pair.frames.free;
    const offered = pair.server.offer(new EchoDevice());
    const [channel] = connected(pair).channels;
    inFrontOf(pair, type, () => offered.rescind());
    const running = start(pair.queue, act(channel!) as Routine<Outcome>);
    pair.queue.drain(TICK_US);
    assert.ok(running.done);
    if (step === 'moved') assert.equal(running.value, { ok: false, errno: 'ENODEV' });
    assert.is(pair.types.at(-1), TYPE.CHANNELMSG_RELID_RELEASED);
    assert.is(free - pair.frames.free, 3);
  });

rescind('COM-06: two moves at a time: the host answers the second, and the first does not wait for ever', () => {
  const pair = new PairedHost();
  pair.server.offer(new EchoDevice());
  const [channel] = connected(pair).channels;
  const moves = [1, 0].map((cpu) => start(pair.queue, channel!.moveTo(cpu)));
  pair.queue.drain(TICK_US);
  assert.equal(
    moves.map((move) => move.done && move.value),
    [failure('ENODEV'), DONE],
  );
});

rescind('COM-06: a wait that the end of the connection overtakes ends with it', () => {
  const pair = new PairedHost();
  pair.server.offer(new EchoDevice());
  const [channel] = connected(pair).channels;
  const left = start(pair.queue, pair.client.unload());
  // Posted behind the message that ends the connection: the host says nothing to it.
  while (!pair.types.includes(TYPE.CHANNELMSG_CLOSECHANNEL)) pair.queue.pump();
  const opened = start(
    pair.queue,
    (function* (): Routine<Outcome> {
      while (!pair.types.includes(TYPE.CHANNELMSG_UNLOAD)) yield { subscribe: (wake) => wakeLater(pair, wake) };
      return yield* channel!.open({ sendBytes: 4096, receiveBytes: 4096, onPackets: () => undefined });
    })(),
  );
  pair.queue.drain(100 * TICK_US);
  assert.equal(left.value, DONE);
  assert.equal(opened.value, { ok: false, errno: 'ENODEV' });
});

rescind('the host gives relids that a channel can have, and one channel each', () => {
  const pair = new PairedHost();
  pair.server.offer(new EchoDevice());
  connected(pair);
  const offer = new Uint8Array(196);
  const view = new DataView(offer.buffer);
  view.setUint32(0, TYPE.CHANNELMSG_OFFERCHANNEL, true);
  const give = (relid: number): void => {
    view.setUint32(184, relid, true);
    pair.inject(offer.slice());
    pair.queue.drain();
  };
  const taken = pair.client.channels[0]!.offer.relid;
  // None, twice the same, and beyond the 2,048 flags of the event page.
  for (const relid of [0, taken, 2048, 5000, 0xffff_ffff]) give(relid);
  assert.is(pair.client.channels.length, 1);
  assert.is(pair.log.filter(({ code }) => code === 'vmbus-message-unexpected').length, 5);
  for (const relid of [2047, 1000]) give(relid);
  assert.equal(
    pair.client.channels.map((channel) => channel.offer.relid),
    [taken, 2047, 1000],
  );
});

rescind('a connection that no version makes leaves nothing, however often it is tried', () => {
  const pair = new PairedHost({ server: { maxVersion: 0x10001 } });
  const free = pair.frames.free;
  for (let round = 0; round < 3; round++) {
    assert.equal(pair.run(pair.client.connect()), { ok: false, errno: 'EPROTO' });
    assert.is(pair.frames.free, free);
    assert.not.ok(pair.guest.cpus.some(({ online }) => online));
  }
  const good = new PairedHost();
  assert.equal(good.run(good.client.connect()), DONE);
  assert.equal(good.run(good.client.connect()), { ok: false, errno: 'EBUSY' });
  assert.equal(good.run(good.client.unload()), DONE);
  assert.is(good.frames.free, free);
  assert.equal(good.run(good.client.connect()), DONE);
});

function wakeLater(pair: PairedHost, wake: () => void): () => void {
  const timer = pair.queue.after(0, wake);
  return () => timer.cancel();
}

rescind.run();
