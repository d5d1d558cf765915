import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HV_PCIE_GUID } from '../../../src/abi/guids.js';
import { LINUX_VPCI_VERSIONS, VpciDriver } from '../../../src/guest/vpci/vpci-driver.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import type { FaultRule, VpciFault } from '../../../src/vsp/vpci/fault.js';
import { leaksOf } from '../../support/vpci-invariants.js';
import { BASE, M } from './race-run.js';
import { VpciRig, type VpciRigOptions } from './vpci-rig.js';

const probe = suite('guest/vpci probe');

const types = (rig: VpciRig): number[] => rig.channel.sent.map(({ payload }) => payload[0]!);
const refuse = (n: number, status: number, times = 1, after = 0): FaultRule => ({
  type: BASE + n,
  fault: { kind: 'refuse', status },
  times,
  after,
});
const withFaults = (...faults: FaultRule[]): VpciRigOptions => ({ bus: { knobs: { faults } } });
const unwound = (rig: VpciRig): void => assert.equal(leaksOf(rig), []);

probe('VPCI-01: one class, one channel for each bus', () => {
  const rig = new VpciRig();
  assert.equal(rig.driver.interfaceIds, [HV_PCIE_GUID]);
  assert.is(HV_PCIE_GUID, '44c4f61d-4444-4400-9d52-802e27ede19f');
  assert.ok(rig.probe().ok);
  assert.equal(rig.run(rig.driver.probe(rig.channel)), { ok: false, errno: 'EBUSY' });
  assert.is(rig.driver.buses.length, 1);
  assert.is(rig.driver.busOf(0x37a9), rig.driver.buses[0]);
});

probe('VPCI-02 VPCI-04: versions newest first, and the numbers of the messages', () => {
  assert.equal(LINUX_VPCI_VERSIONS, [0x10004, 0x10003, 0x10002, 0x10001]);
  const rig = new VpciRig({ driver: { releaseOnRemove: true } });
  rig.probe();
  rig.bus.eject({ slot: 0 });
  rig.queue.drain();
  for (const { payload } of rig.channel.sent) assert.equal([...payload.slice(1, 4)], [0, 0x49, 0x42]);
  assert.equal(types(rig), [0x13, 0x01, 0x05, 0x07, 0x16, 0x1b, 0x15, 0x1b, 0x15, 0x0f]);
});

probe('VPCI-03: ring, request ids and window', () => {
  const rig = new VpciRig();
  const opened: unknown[] = [];
  const { open } = rig.channel;
  rig.channel.open = (options) => {
    opened.push([options.sendBytes, options.receiveBytes, options.requestIds]);
    return open.call(rig.channel, options);
  };
  rig.probe();
  assert.equal(opened, [[0x4000, 0x4000, 64]]);
  assert.equal([...rig.mapped.entries()][0], [0xf8000000, 0x2000]);
});

for (const [max, version] of [
  [0x10001, 0x10001],
  [0x10002, 0x10002],
  [0x10003, 0x10003],
  [0x10004, 0x10004],
  [0x10006, 0x10004],
] as const)
  probe(`VPCI-10: a host of up to ${max.toString(16)} agrees on ${version.toString(16)}`, () => {
    const versions = [0x10001, 0x10002, 0x10003, 0x10004, 0x10005, 0x10006].filter((one) => one <= max);
    const rig = new VpciRig({ bus: { versions } });
    assert.ok(rig.probe().ok);
    assert.is(rig.driver.buses[0]?.version, version);
    assert.is(types(rig).includes(version < 0x10002 ? 0x10 : 0x16), true);
  });

probe('VPCI-10 VPCI-17: a host that takes no version, and one that fails', () => {
  const none = new VpciRig({ bus: { versions: [0x10006] } });
  assert.equal(none.probe(), { ok: false, errno: 'EPROTO' });
  assert.equal(types(none), [0x13, 0x13, 0x13, 0x13]);
  unwound(none);
  const failing = new VpciRig(withFaults(refuse(M.version, 0xc000000d)));
  assert.equal(failing.probe(), { ok: false, errno: 'EPROTO', status: 0xc000000d });
  assert.equal(types(failing), [0x13]);
  unwound(failing);
});

probe('VPCI-11 VPCI-17: no device space for the configuration window', () => {
  const rig = new VpciRig({ ranges: [{ gpa: 0xf8000000, length: 0x1000 }] });
  assert.equal(rig.probe(), { ok: false, errno: 'ENOMEM' });
  assert.equal(types(rig), [0x13]);
  unwound(rig);
});

probe('VPCI-14 VPCI-17: no device space for the BARs leaves D0 again', () => {
  const rig = new VpciRig({ ranges: [{ gpa: 0xf8000000, length: 0x100000 }] });
  assert.equal(rig.probe(), { ok: false, errno: 'ENOMEM' });
  assert.equal(types(rig), [0x13, 0x01, 0x05, 0x07, 0x08]);
  unwound(rig);
});

probe('VPCI-15 VPCI-17 VPCI-82: a refused assignment releases what was assigned, from the highest slot down', () => {
  const faults = [refuse(M.assigned2, 0xc000009a, 1, 2)];
  const rig = new VpciRig({ functions: [{ func: 0 }, { func: 1 }, { dev: 2 }], bus: { knobs: { faults } } });
  // Slots 0, 2 and 0x20 in this order; the third is refused.
  assert.equal(rig.probe(), { ok: false, errno: 'EPROTO', status: 0xc000009a });
  const released = rig.channel.sent.filter(({ payload }) => payload[0] === M.released).map(({ payload }) => payload[4]);
  assert.equal(released, [2, 0]);
  assert.is(types(rig).at(-1), M.d0Exit);
  unwound(rig);
});

const lost: VpciFault = { kind: 'lose' };
for (const [name, n] of Object.entries({
  version: M.version,
  relations: M.queryRelations,
  requirements: M.requirements,
}))
  probe(`VPCI-16 VPCI-74: a rescind ends the wait for ${name} within one tick`, () => {
    const rig = new VpciRig(withFaults({ type: BASE + n, fault: lost, times: 9 }));
    const started = rig.startProbe();
    rig.queue.advance(1_000_030);
    assert.not.ok(started.done);
    rig.bus.withdraw();
    rig.channel.takeBack();
    rig.queue.advance(100_000);
    assert.ok(started.done);
    assert.equal(started.value, { ok: false, errno: 'ENODEV' });
    unwound(rig);
  });

probe('VPCI-12: one survey at a time', () => {
  const rig = new VpciRig(withFaults({ type: BASE + M.queryRelations, fault: lost }));
  const started = rig.startProbe();
  rig.queue.advance(1000);
  const survey = rig.driver.buses[0]!.survey;
  assert.ok(survey);
  rig.bus.changeRelations(rig.functions);
  rig.queue.drain();
  assert.ok(started.value.ok);
  assert.is(rig.driver.buses[0]!.survey, undefined);
});

probe('VPCI-13: D0 entry again behind one exit, with every function released', () => {
  const rig = new VpciRig({ functions: [{}, { func: 1 }], ...withFaults(refuse(M.d0Entry, 0xc0000184)) });
  assert.ok(rig.probe().ok);
  const exchange = types(rig).slice(types(rig).indexOf(M.d0Entry));
  assert.equal(exchange.slice(0, 6), [M.d0Entry, M.released, M.released, M.d0Exit, M.d0Entry, M.assigned2]);
  const twice = new VpciRig(withFaults(refuse(M.d0Entry, 0xc0000184, 2)));
  assert.equal(twice.probe(), { ok: false, errno: 'EPROTO', status: 0xc0000184 });
  unwound(twice);
});

probe('VPCI-18: relations that come while the bus is brought up are taken in behind it', () => {
  const rig = new VpciRig({
    bus: {
      knobs: {
        after: ({ type }, bus) => {
          if (type === BASE + M.assigned2) bus.changeRelations([]);
        },
      },
    },
  });
  assert.ok(rig.probe().ok);
  assert.is(rig.driver.buses[0]?.root?.functions.size, 0);
  assert.is(rig.functionDriver.bound.length, 0);
});

probe('LDID-11 LDID-12 LDID-13: the prefix of the domain is there before a function is added', () => {
  const rig = new VpciRig({ functions: [{}, { func: 3 }] });
  const seen: unknown[] = [];
  rig.core.onAdd((fn) => seen.push([fn.devfn, rig.ids.deviceId(fn.domain, fn.devfn)]));
  rig.probe();
  assert.equal(seen, [
    [0, { ok: true, value: 0x37a94e00n }],
    [3, { ok: true, value: 0x37a94e03n }],
  ]);
});

probe('LDID-10 LDID-14 LDID-15: without a table the bus is the same', () => {
  const rig = new VpciRig();
  const plain = new VpciDriver(rig.guest, { pci: rig.core, domains: rig.domains });
  assert.ok(rig.run(plain.probe(rig.channel)).ok);
  assert.is(rig.ids.size, 0);
  rig.run(plain.remove(rig.channel));
  unwound(rig);
});

probe('LDID-24: a prefix that cannot be registered ends the probe, and what was registered stays', () => {
  const rig = new VpciRig();
  rig.ids.registerBus(0x37a9, 0x11111110);
  assert.equal(rig.probe(), { ok: false, errno: 'EEXIST' });
  assert.equal(rig.ids.lookup(0x37a9), { ok: true, value: 0x11111110 });
  rig.ids.unregisterBus(0x37a9);
  unwound(rig);
});

probe('VPCI-95: no free request id is EAGAIN, and nothing is left', () => {
  const rig = new VpciRig();
  const { open } = rig.channel;
  rig.channel.open = (options) => open.call(rig.channel, { ...options, requestIds: 0 });
  assert.equal(rig.probe(), { ok: false, errno: 'EAGAIN' });
  unwound(rig);
});

probe('VPCI-14 VPCI-30: a function of 32-bit BARs gets its window below 4 GiB', () => {
  const rig = new VpciRig({ functions: [] });
  const device = new BarDevice({
    port: rig.port,
    bars: [
      { index: 0, size: 0x1000, wide: false },
      { index: 2, size: 0x10000, wide: true },
    ],
  });
  rig.bus.changeRelations([{ dev: 0, func: 0, serial: 1, device }]);
  assert.ok(rig.probe().ok);
  const windows = rig.driver.buses[0]!.windows;
  assert.equal(
    windows.map(({ where, gpa, bytes }) => [where, gpa, bytes]),
    [
      ['low', 0xf8002000, 0x1000n],
      ['high', 0xfe0000000, 0x10000n],
    ],
  );
});

probe.run();
