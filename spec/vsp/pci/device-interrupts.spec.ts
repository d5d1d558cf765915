import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { MsiCapability } from '../../../src/vsp/pci/msi.js';
import { MsixCapability } from '../../../src/vsp/pci/msix.js';
import { HostRig } from '../vpci/host-rig.js';

const MSI = 0x40;

const msi = suite('MSI');

function withMsi(vectors: number): { rig: HostRig; device: BarDevice } {
  const rig = new HostRig();
  const device = new BarDevice({ port: rig, msiVectors: vectors });
  device.writeConfig(MSI + 4, 4, 0xfee01000);
  device.writeConfig(MSI + 12, 2, 0x2c);
  return { rig, device };
}

msi('says how many messages it has, in powers of two', () => {
  for (const [vectors, exponent] of [
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 2],
    [32, 5],
  ] as const) {
    const { device } = withMsi(vectors);
    assert.is(device.readConfig(MSI, 1), 5);
    assert.is(device.readConfig(MSI + 2, 2), 0x80 | (exponent << 1));
  }
  assert.throws(() => new MsiCapability(new HostRig().interrupts, 33), RangeError);
});

msi('VPCI-51 messages of a block: data, data + 1, …', () => {
  const { rig, device } = withMsi(4);
  assert.not.ok(device.raise(0), 'off');
  device.writeConfig(MSI + 2, 2, 0x0021);
  for (let vector = 0; vector < 4; vector++) assert.ok(device.raise(vector));
  assert.equal(
    rig.interrupts.raised.map(({ data }) => data),
    [0x2c, 0x2d, 0x2e, 0x2f],
  );
  assert.is(rig.interrupts.raised[0]!.address, 0xfee01000n);
});

msi('fewer messages than vectors are shared, more than there are cannot be turned on', () => {
  const { rig, device } = withMsi(4);
  device.writeConfig(MSI + 2, 2, 0x0011);
  device.raise(3);
  device.writeConfig(MSI + 2, 2, 0x0071);
  device.raise(5);
  assert.equal(
    rig.interrupts.raised.map(({ data }) => data),
    [0x2d, 0x2d],
  );
});

msi('a 64-bit address, and off after a reset', () => {
  const { rig, device } = withMsi(1);
  device.writeConfig(MSI + 8, 4, 0x80000001);
  device.writeConfig(MSI + 2, 2, 1);
  device.raise(0);
  assert.is(rig.interrupts.raised[0]!.address, 0x80000001_fee01000n);
  device.reset();
  assert.not.ok(device.raise(0));
});

msi.run();

const msix = suite('MSI-X');

const PLACE = { vectors: 3, bar: 0, tableOffset: 0x2000, pendingOffset: 0x3000 };

/** The capability with a control register, and three entries. */
function table(): { rig: HostRig; source: MsixCapability; control: (value: number) => void } {
  const rig = new HostRig();
  const source = new MsixCapability(rig.interrupts, PLACE);
  const view = new DataView(new ArrayBuffer(12));
  const control = (value: number) => {
    view.setUint16(2, value, true);
    source.written(view);
  };
  for (let vector = 0; vector < 3; vector++) {
    source.write(0x2000 + vector * 16, 8, 0xfee01000n);
    source.write(0x2008 + vector * 16, 4, BigInt(0x20 + vector));
  }
  return { rig, source, control };
}

msix('every entry is masked at first, and off means off', () => {
  const { rig, source, control } = table();
  assert.not.ok(source.raise(0));
  control(0x8000);
  for (let vector = 0; vector < 3; vector++) assert.is(source.read(0x200c + vector * 16, 4), 1n);
  assert.ok(source.raise(1));
  assert.equal(rig.interrupts.raised, []);
  assert.is(source.read(0x3000, 4), 2n);
  assert.is(source.read(0x3000, 8), 2n);
});

msix('a message kept while masked goes when it is unmasked', () => {
  const { rig, source, control } = table();
  control(0x8000);
  source.raise(1);
  source.raise(1);
  source.write(0x201c, 4, 0n);
  assert.equal(rig.interrupts.raised, [{ address: 0xfee01000n, data: 0x21 }]);
  assert.is(source.read(0x3000, 4), 0n);
  source.raise(1);
  assert.is(rig.interrupts.raised.length, 2);
});

msix('the mask of the function holds all', () => {
  const { rig, source, control } = table();
  control(0xc000);
  source.write(0x200c, 4, 0n);
  source.write(0x202c, 4, 0n);
  source.raise(2);
  source.raise(0);
  assert.equal(rig.interrupts.raised, []);
  control(0x8000);
  assert.equal(
    rig.interrupts.raised.map(({ data }) => data),
    [0x20, 0x22],
  );
});

msix('other vectors, sizes and places have no effect', () => {
  const { source, control } = table();
  control(0x8000);
  assert.not.ok(source.raise(3));
  assert.not.ok(source.raise(-1));
  source.write(0x3000, 4, 0xffn);
  source.write(0x2000, 1, 0xffn);
  source.write(0x2002, 4, 0xffn);
  source.write(0x202c, 8, 0n);
  assert.is(source.read(0x2000, 4), 0xfee01000n);
  assert.is(source.read(0x2000, 2), 0n);
  assert.is(source.read(0x3000, 4), 0n);
  source.write(0x200c, 4, 0xffffffffn);
  assert.is(source.read(0x200c, 4), 1n, 'reserved bits stay zero');
  assert.throws(() => new MsixCapability(new HostRig().interrupts, { ...PLACE, vectors: 2049 }), RangeError);
});

msix('what a BAR has besides is not the table', () => {
  const { source } = table();
  const writes: number[] = [];
  const bar = source.over({ read: (offset) => BigInt(offset), write: (offset) => writes.push(offset) });
  assert.is(bar.read(0x1c, 4, 0), 0x1cn);
  assert.is(bar.read(0x2008, 4, 0), 0x20n);
  assert.is(bar.read(0x2030, 4, 0), 0x2030n);
  assert.is(bar.read(0x3000, 4, 0), 0n);
  bar.write(0x14, 4, 0n, 0);
  bar.write(0x2000, 4, 0n, 0);
  assert.equal(writes, [0x14]);
});

msix('a reset forgets messages and entries', () => {
  const { rig, source, control } = table();
  control(0x8000);
  source.raise(0);
  source.reset();
  source.write(0x200c, 4, 0n);
  assert.equal(rig.interrupts.raised, []);
  assert.is(source.read(0x2000, 4), 0n);
});

msix.run();
