import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { leaksOf } from '../../support/vpci-invariants.js';
import { BASE, M } from './race-run.js';
import { VpciRig, type VpciRigOptions } from './vpci-rig.js';

const hibernation = suite('guest/vpci hibernation');

const types = (rig: VpciRig): number[] => rig.channel.sent.map(({ payload }) => payload[0]!);

function probed(options?: VpciRigOptions): VpciRig {
  const rig = new VpciRig(options);
  assert.ok(rig.probe().ok);
  rig.channel.sent.length = 0;
  return rig;
}

hibernation('VPCI-100: only an installed bus can be put away', () => {
  const rig = new VpciRig();
  assert.equal(rig.run(rig.driver.suspend(rig.channel)), { ok: false, errno: 'ENODEV' });
  rig.probe();
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  assert.equal(rig.run(rig.driver.suspend(rig.channel)), { ok: false, errno: 'EINVAL' });
});

hibernation('VPCI-82 VPCI-100: resources released, D0 exit, close; the functions stay known', () => {
  const rig = probed({ functions: [{}, { func: 1 }] });
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  assert.equal(types(rig), [M.released, M.released, M.d0Exit]);
  assert.not.ok(rig.channel.isOpen);
  const bus = rig.driver.buses[0]!;
  assert.is(bus.state, 'removing');
  assert.is(bus.children.length, 2);
  assert.is(rig.functionDriver.bound.length, 2);
  assert.is(rig.bus.leaks().windows, 0);
});

hibernation('VPCI-20 VPCI-70 VPCI-100: relations and ejections that come meanwhile are ignored', () => {
  const rig = probed({ functions: [{}, { func: 1 }] });
  rig.bus.addFault({ type: BASE + M.d0Exit, fault: { kind: 'delay', us: 5000 } });
  rig.queue.after(1000, () => {
    rig.bus.changeRelations([rig.functions[0]!]);
    rig.bus.eject({ slot: 0 });
  });
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  assert.is(rig.driver.buses[0]!.children.length, 2);
  assert.not.ok(types(rig).includes(M.ejectionComplete));
});

hibernation('VPCI-20 VPCI-70 VPCI-73: an ejection that came meanwhile comes again when the guest is back', () => {
  const rig = probed({ functions: [{}, { func: 1 }] });
  rig.bus.addFault({ type: BASE + M.d0Exit, fault: { kind: 'delay', us: 5000 } });
  rig.queue.after(1000, () => rig.bus.eject({ slot: 0 }));
  // Not for long: the host's time for an ejection goes on.
  assert.ok(rig.run(rig.driver.suspend(rig.channel), 1_000_000).ok);
  assert.ok(rig.run(rig.driver.resume(rig.channel), 1_000_000).ok);
  assert.equal(rig.bus.slots, [0x20]);
  assert.equal([...rig.driver.buses[0]!.root!.functions.keys()], [1]);
  assert.ok(rig.queue.drain(200_000_000), 'no time runs on');
  assert.equal(rig.rescinds, []);
});

hibernation('VPCI-101: the same version, then relations, D0, resources, and every message again', () => {
  const rig = probed({ messages: 2, bus: { versions: [0x10002, 0x10003] } });
  const [fn] = rig.functionDriver.bound;
  const before = { command: fn!.config.command, bars: fn!.bars.map(({ address }) => address) };
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  rig.channel.sent.length = 0;
  rig.guest.accesses.length = 0;
  assert.ok(rig.run(rig.driver.resume(rig.channel)).ok);
  assert.equal(types(rig), [M.version, M.queryRelations, M.d0Entry, M.assigned2, 0x17]);
  assert.equal([...rig.channel.sent[0]!.payload.slice(4)], [3, 0, 1, 0]);
  assert.is(fn!.config.command, before.command);
  // With decoding off first, then by the PCI core, as it was.
  const lows = rig.guest.accesses.filter((access) => access.startsWith('w4 f8001010'));
  assert.equal(lows, [`w4 f8001010 ${before.bars[0]!.toString(16).slice(-8)}`, lows[1]]);
  // One request for both.
  assert.is(rig.bus.leaks().interrupts, 1);
  assert.is(rig.driver.buses[0]!.state, 'installed');
  // The device answers where it did.
  fn!.writeBar(0, 0, 0x1234);
  assert.is(fn!.readBar(0, 0), 0x1234);
  rig.run(rig.driver.remove(rig.channel));
  assert.equal(leaksOf(rig), []);
});

hibernation('VPCI-101: a message that goes alone is taken back and made again', () => {
  const rig = probed({ messages: 1 });
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  rig.channel.sent.length = 0;
  assert.ok(rig.run(rig.driver.resume(rig.channel)).ok);
  assert.equal(types(rig).slice(-2), [0x15, 0x1b]);
});

hibernation('VPCI-101: another version is refused, the channel closed, and the bus can go', () => {
  const rig = probed();
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  rig.bus.addFault({ type: BASE + M.version, fault: { kind: 'refuse', status: 0xc0000059 }, times: 9 });
  rig.channel.sent.length = 0;
  assert.equal(rig.run(rig.driver.resume(rig.channel)), { ok: false, errno: 'EPROTO' });
  assert.equal(types(rig), [M.version]);
  assert.not.ok(rig.channel.isOpen);
  rig.run(rig.driver.remove(rig.channel));
  assert.equal(leaksOf(rig), []);
});

hibernation('VPCI-101: a function that did not come back loses its driver', () => {
  const rig = probed({ functions: [{}, { func: 1 }] });
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  rig.bus.changeRelations([rig.functions[0]!]);
  assert.ok(rig.run(rig.driver.resume(rig.channel)).ok);
  assert.is(rig.functionDriver.bound.length, 1);
  assert.equal([...rig.driver.buses[0]!.root!.functions.keys()], [0]);
});

hibernation('VPCI-84 VPCI-100: a bus that was put away and is removed leaves nothing', () => {
  const rig = probed();
  assert.ok(rig.run(rig.driver.suspend(rig.channel)).ok);
  rig.run(rig.driver.remove(rig.channel));
  assert.equal(leaksOf(rig), []);
});

hibernation.run();
