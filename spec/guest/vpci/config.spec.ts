import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BusConfig } from '../../../src/guest/vpci/config-access.js';
import { devfnOfSlot, slotNumber, slotOfDevfn, slotWord } from '../../../src/guest/vpci/slot.js';
import type { AccessSize } from '../../../src/hardware/pci-config.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { VpciRig } from './vpci-rig.js';

const config = suite('guest/vpci configuration space');

const IDENTITY = {
  vendorId: 0x1414,
  deviceId: 0xb111,
  revision: 0x21,
  progIf: 0x02,
  subclass: 0x08,
  baseClass: 0x81,
  subsystemId: 0x98765432,
};

function probed(isConfidential = false): { rig: VpciRig; space: BusConfig } {
  const rig = new VpciRig({ functions: [], driver: { isConfidential } });
  const functions = [0, 1].map((func) => ({
    dev: 0,
    func,
    serial: func,
    device: new BarDevice({ port: rig.port, identity: IDENTITY, msiVectors: 1 }),
  }));
  rig.bus.changeRelations(functions);
  assert.ok(rig.probe().ok);
  rig.guest.accesses.length = 0;
  rig.guest.mmioCalls.length = 0;
  return { rig, space: new BusConfig(rig.driver.buses[0]!) };
}

config('VPCI-05: slots and devfns, both ways for all 256', () => {
  const seen = new Set<number>();
  for (let devfn = 0; devfn < 256; devfn++) {
    const slot = slotOfDevfn(devfn);
    assert.is(slot, (devfn >> 3) | ((devfn & 7) << 5));
    assert.is(devfnOfSlot(slot), devfn);
    assert.is(slotNumber(slotWord(slot)), slot);
    seen.add(slot);
  }
  assert.is(seen.size, 256);
});

// where, size, value: what the description says, without an access.
const DESCRIBED: readonly (readonly [number, AccessSize, number])[] = [
  [0, 4, 0xb1111414],
  [0, 2, 0x1414],
  [2, 2, 0xb111],
  [3, 1, 0xb1],
  [8, 4, 0x81080221],
  [8, 1, 0x21],
  [9, 1, 0x02],
  [0x0a, 2, 0x8108],
  [0x2c, 4, 0x98765432],
  [0x2c, 2, 0x5432],
  [0x2e, 2, 0x9876],
  [0x30, 4, 0],
  [0x33, 1, 0],
  [0x3c, 1, 0],
  [0x3d, 1, 0],
];

for (const [where, size, value] of DESCRIBED)
  config(`VPCI-40: ${size} bytes at 0x${where.toString(16)} come from the description`, () => {
    const { rig, space } = probed();
    assert.is(space.read(0, where, size), value);
    assert.equal(rig.guest.accesses, []);
  });

// where, size: what is read of the device.
const REAL: readonly (readonly [number, AccessSize])[] = [
  [4, 2],
  [6, 2],
  [0x0c, 1],
  [0x0e, 1],
  [0x10, 4],
  [0x34, 1],
  [0x3c, 2],
  [0x3e, 1],
  [0x40, 2],
  [0xffc, 4],
];

for (const [where, size] of REAL)
  config(`VPCI-40 VPCI-41: ${size} bytes at 0x${where.toString(16)} select the slot and read`, () => {
    const { rig, space } = probed();
    space.read(1, where, size);
    assert.equal(rig.guest.accesses, ['w4 f8000000 20', `r${size} f800${(0x1000 + where).toString(16)}`]);
  });

config('VPCI-40 VPCI-42: past the end and in front of the command nothing is done, and the log says so', () => {
  const { rig, space } = probed();
  assert.is(space.read(0, 0xffe, 4), 0xffffffff);
  space.write(0, 0, 4, 0);
  space.write(0, 2, 4, 0);
  space.write(0, 0xffe, 4, 0);
  assert.equal(rig.guest.accesses, []);
  assert.equal(rig.guest.codes, [
    'vpci-config-past-end',
    'vpci-config-write-refused',
    'vpci-config-write-refused',
    'vpci-config-write-refused',
  ]);
});

config('VPCI-42: subsystem and ROM are not written, the command is', () => {
  const { rig, space } = probed();
  for (const [where, size] of [
    [0x2c, 4],
    [0x2e, 2],
    [0x30, 4],
    [0x33, 1],
  ] as const)
    space.write(0, where, size, 0xff);
  assert.equal(rig.guest.accesses, []);
  space.write(0, 4, 2, 6);
  assert.equal(rig.guest.accesses, ['w4 f8000000 0', 'w2 f8001004 6']);
  assert.equal(rig.guest.codes, []);
});

config('VPCI-42: a function that the host does not report reads all ones without an access', () => {
  const { rig, space } = probed();
  assert.is(space.read(8, 0, 4), 0xffffffff);
  assert.is(space.read(8, 4, 2), 0xffff);
  space.write(8, 4, 2, 6);
  assert.equal(rig.guest.accesses, []);
});

config('VPCI-41: each access selects its slot, whoever came before', () => {
  const { rig, space } = probed();
  for (const devfn of [0, 1, 1, 0]) space.read(devfn, 4, 2);
  const selected = rig.guest.accesses.filter((_, i) => i % 2 === 0);
  assert.equal(selected, ['w4 f8000000 0', 'w4 f8000000 20', 'w4 f8000000 20', 'w4 f8000000 0']);
});

config('VPCI-43: a confidential guest reads and writes by calls alone', () => {
  const { rig, space } = probed(true);
  space.write(1, 0x40, 2, 0xabcd1234);
  // Memory, master, no INTx: as the driver left it.
  assert.is(space.read(1, 4, 2), 0x406);
  assert.equal(rig.guest.accesses, []);
  assert.equal(
    rig.guest.mmioCalls.map(({ code }) => code),
    [0x107, 0x107, 0x107, 0x106],
  );
  const write = rig.guest.mmioCalls[1]!.input;
  assert.equal(
    [...write.slice(0, 24)],
    [0x40, 0x10, 0, 0xf8, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0],
  );
});

config('VPCI-43 VPCI-44: a refused call is logged, and its read is all ones', () => {
  const { rig, space } = probed(true);
  rig.guest.mmioStatus = 6;
  assert.equal([space.read(0, 4, 1), space.read(0, 4, 2), space.read(0, 0x10, 4)], [0xff, 0xffff, 0xffffffff]);
  space.write(0, 4, 2, 0);
  assert.is(rig.guest.codes.filter((code) => code === 'vpci-config-call-refused').length, 8);
});

config('VPCI-44: behind a rescind the window reads all ones', () => {
  const { rig, space } = probed();
  rig.bus.withdraw();
  assert.is(space.read(0, 4, 2), 0xffff);
  assert.is(rig.driver.buses[0]!.vendorOf(0), 0xffff);
});

config('VPCI-45: the liveness probe reads the device, not the description', () => {
  const { rig } = probed();
  const bus = rig.driver.buses[0]!;
  assert.is(bus.vendorOf(1), 0x1414);
  assert.equal(rig.guest.accesses, ['w4 f8000000 20', 'r2 f8001000']);
  assert.is(bus.vendorOf(9), 0xffff);
  assert.is(rig.guest.accesses.length, 2);
});

config.run();
