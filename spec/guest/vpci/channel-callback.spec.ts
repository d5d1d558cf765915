import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { ask, askStatus } from '../../../src/guest/vpci/exchange.js';
import { M } from './race-run.js';
import { VpciRig, type VpciRigOptions } from './vpci-rig.js';

const callback = suite('guest/vpci channel callback');

function probed(options?: VpciRigOptions): VpciRig {
  const rig = new VpciRig(options);
  assert.ok(rig.probe().ok);
  rig.channel.sent.length = 0;
  rig.guest.lines.length = 0;
  return rig;
}

function inject(rig: VpciRig, hex: string): void {
  rig.channel.inject({ kind: 'in-band', payload: hexToBytes(hex) });
  rig.queue.drain();
}

callback('VPCI-90: a packet that does not fit the buffer is taken with a larger one, and the ring is emptied', () => {
  const rig = probed();
  const bus = rig.driver.buses[0]!;
  const functions = Array.from(
    { length: 40 },
    (_, i) => `14140000${'00'.repeat(8)}${(i & 31).toString(16).padStart(2, '0')}000000${'00'.repeat(12)}`,
  );
  // 24 + 40 * 28 bytes, and an ejection behind it in the same ring.
  rig.channel.disableCallback();
  inject(rig, `1900494228000000${functions.join('')}`);
  inject(rig, '0b00494263000000');
  assert.is(bus.relations, undefined);
  rig.channel.enableCallback();
  rig.queue.advance(10);
  assert.ok(rig.channel.sent.some(({ payload }) => payload[0] === M.requirements));
});

callback('VPCI-91: a packet of 16 bytes does nothing, not even as a completion; one of 24 does', () => {
  const rig = probed();
  const bus = rig.driver.buses[0]!;
  rig.bus.addFault({ type: 0x42490008, fault: { kind: 'lose' } });
  let done = false;
  const asked = rig.run(
    (function* () {
      const handler = (): void => {
        done = true;
      };
      const sent = rig.channel.send(hexToBytes('08004942'), handler);
      return sent.ok ? sent.value : 0n;
    })(),
  );
  rig.channel.inject({ kind: 'completion', transactionId: asked, payload: new Uint8Array(0) });
  rig.queue.drain();
  assert.not.ok(done);
  assert.is(rig.channel.requests.outstanding, 1);
  rig.channel.inject({ kind: 'completion', transactionId: asked, payload: new Uint8Array(5) });
  rig.queue.drain();
  assert.ok(done);
  assert.is(bus.channel.requests.outstanding, 0);
});

callback('VPCI-92: completions that nobody waits for, of any id', () => {
  const rig = probed();
  for (const transactionId of [0n, 1n, 64n, 65n, 0xffff_ffff_ffff_ffffn, 1n << 32n])
    rig.channel.inject({ kind: 'completion', transactionId, payload: new Uint8Array(8) });
  rig.queue.drain();
  assert.equal(
    rig.guest.lines.map(({ code, fields }) => [code, fields?.id]),
    [0n, 1n, 64n, 65n, 0xffff_ffff_ffff_ffffn, 1n << 32n].map((id) => ['vpci-unknown-completion', id]),
  );
});

callback('VPCI-93: unknown messages and other kinds of packets are logged and ignored', () => {
  const rig = probed();
  inject(rig, '1f00494200000000');
  inject(rig, 'ffffffff00000000');
  rig.channel.inject({
    kind: 'gpa-direct',
    transactionId: 1n,
    ranges: [{ offsetBytes: 0, lengthBytes: 1, pfns: [1n] }],
    payload: new Uint8Array(8),
  });
  rig.queue.drain();
  assert.equal(rig.guest.codes, ['vpci-unknown-message', 'vpci-unknown-message', 'vpci-packet-type']);
  assert.equal(rig.channel.sent, []);
});

callback('VPCI-93: an invalidate that is too short', () => {
  const rig = probed();
  inject(rig, '1200494200000000');
  assert.equal(rig.guest.codes, ['vpci-message-too-short']);
});

callback('VPCI-20 VPCI-93: relations that are shorter than their count', () => {
  const rig = probed();
  inject(rig, '19004942ffffffff');
  inject(rig, '0000494201000000');
  assert.equal(rig.guest.codes, ['vpci-message-too-short', 'vpci-message-too-short']);
  assert.is(rig.driver.buses[0]!.children.length, 1);
});

callback('VPCI-94: what the host changes behind the copy changes nothing', () => {
  const rig = probed();
  const payload = hexToBytes(`1900494201000000${'00'.repeat(28)}`);
  rig.channel.inject({ kind: 'in-band', payload });
  rig.queue.pump();
  payload.fill(0xff);
  rig.queue.advance(10);
  const [first] = rig.channel.sent;
  assert.is(first && bytesToHex(first.payload), '0500494200000000');
});

callback('VPCI-06: a status is signed', () => {
  const rig = probed();
  const bus = rig.driver.buses[0]!;
  const outcomes = [0, 1, 0x40000000, 0x7fffffff, 0x80000000, 0xc0000001].map((status) => {
    rig.bus.addFault({ type: 0x42490004, fault: { kind: 'refuse', status } });
    return rig.run(askStatus(bus, hexToBytes('04004942000000000100000000000000'))).ok;
  });
  assert.equal(outcomes, [true, true, true, true, false, false]);
});

callback('VPCI-16 VPCI-92: who gives up takes the id out; the late completion finds nobody', () => {
  const rig = probed();
  rig.bus.addFault({ type: 0x42490004, fault: { kind: 'delay', us: 5000 } });
  const outcome = rig.run(ask(rig.driver.buses[0]!, hexToBytes('04004942000000000100000000000000'), 3000));
  assert.equal(outcome, { ok: false, errno: 'ETIMEDOUT' });
  assert.is(rig.channel.requests.outstanding, 0);
  assert.equal(rig.guest.codes, ['vpci-unknown-completion']);
});

callback('VPCI-95: sixty-four requests, and EAGAIN for one more', () => {
  const rig = probed();
  rig.bus.addFault({ type: 0x42490004, fault: { kind: 'lose' }, times: 99 });
  const ids = Array.from({ length: 65 }, () => rig.channel.send(hexToBytes('0400494200000000'), () => undefined));
  assert.equal(
    ids.slice(0, 64).map((sent) => sent.ok && sent.value),
    Array.from({ length: 64 }, (_, i) => BigInt(i + 1)),
  );
  assert.equal(ids[64], { ok: false, errno: 'EAGAIN' });
});

callback('VPCI-70: an ejection of nobody, and one with reserved bits, are ignored', () => {
  const rig = probed();
  inject(rig, '0b00494203000000');
  inject(rig, '0b00494200010000');
  assert.equal(rig.channel.sent, []);
  assert.is(rig.functionDriver.bound.length, 1);
});

callback('VPCI-70 VPCI-71: a function is given back: driver, list, slot, answer', () => {
  const rig = probed({ functions: [{ func: 0 }, { func: 1 }] });
  inject(rig, '0b00494220000000');
  assert.is(bytesToHex(rig.channel.sent.at(-1)!.payload), '0f0049422000000000000000');
  assert.is(rig.channel.sent.at(-1)!.id, 0n);
  assert.is(rig.functionDriver.removed, 1);
  assert.equal(
    rig.driver.buses[0]!.children.map(({ slot }) => slot),
    [0],
  );
});

callback('VPCI-72: relations and ejections run one after the other, as they came', () => {
  const rig = probed({ functions: [{ func: 0 }, { func: 1 }] });
  const bus = rig.driver.buses[0]!;
  rig.functionDriver.removeUs = 1000;
  rig.bus.eject({ slot: 0x20 });
  rig.bus.changeRelations([rig.functions[0]!]);
  rig.queue.advance(500);
  assert.is(bus.children.length, 2);
  rig.queue.drain();
  assert.is(bus.children.length, 1);
  assert.is(rig.channel.sent.filter(({ payload }) => payload[0] === M.ejectionComplete).length, 1);
});

callback('VPCI-74: behind a rescind nothing of the channel is read', () => {
  const rig = probed();
  rig.channel.takeBack();
  inject(rig, '0b00494200000000');
  assert.is(rig.functionDriver.bound.length, 1);
  assert.equal(rig.channel.sent, []);
});

callback.run();
