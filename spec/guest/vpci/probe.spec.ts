import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { VpciRig } from './vpci-rig.js';

const probe = suite('guest/vpci probe');

const types = (rig: VpciRig): string[] => rig.channel.sent.map(({ payload }) => bytesToHex(payload, 0, 1));

probe('VPCI-03 VPCI-10 VPCI-15: messages in the order and bytes of the recorded kernel', () => {
  const rig = new VpciRig();
  assert.equal(rig.probe(), { ok: true, value: undefined });
  const sent = rig.channel.sent.map(({ payload }) => bytesToHex(payload));
  assert.is(sent[0], '1300494204000100');
  assert.is(sent[1], '01004942');
  assert.is(sent[2], '0500494200000000');
  assert.is(sent[3], '0700494200000000000000f800000000');
  assert.is(sent[4], `16004942${'00'.repeat(198)}`);
  assert.equal(types(rig).slice(0, 5), ['13', '01', '05', '07', '16']);
  assert.is(rig.driver.buses[0]?.state, 'installed');
  assert.is(rig.functionDriver.bound.length, 1);
  console.log(types(rig), rig.guest.lines, rig.bus.state, rig.bus.leaks());
});

probe('removal', () => {
  const rig = new VpciRig({ functions: [{}, { func: 1 }] , messages: 3});
  assert.ok(rig.probe().ok);
  rig.run(rig.driver.remove(rig.channel));
  console.log(types(rig), rig.guest.lines, rig.bus.state, rig.bus.leaks(), rig.mapped);
});

probe.run();
