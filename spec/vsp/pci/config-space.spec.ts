import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PCI_BASE_ADDRESS_MEM_64, PCI_BASE_ADDRESS_MEM_PREFETCH } from '../../../src/hardware/pci-config.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { barMasks, barSizeOf } from '../../../src/vsp/pci/bars.js';
import { NvmeDevice } from '../../../src/vsp/pci/nvme-device.js';
import { HostRig } from '../vpci/host-rig.js';

const nothing = { read: () => 0n, write: () => {} };

const masks = suite('barMasks');

masks('VPCI-30 VPCI-31 words as they read after all ones, and sizes from them', () => {
  const specs = [
    { index: 0, size: 0x1000, device: nothing },
    { index: 1, size: 0x4000, wide: true, device: nothing },
    { index: 3, size: 2 ** 33, wide: true, prefetch: true, device: nothing },
  ];
  const words = barMasks(specs);
  assert.equal(words, [
    0xfffff000,
    0xffffc004,
    0xffffffff,
    PCI_BASE_ADDRESS_MEM_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
    0xfffffffe,
    0,
  ]);
  assert.equal(
    [0, 1, 3, 5].map((index) => barSizeOf(words, index)),
    [0x1000n, 0x4000n, 2n ** 33n, 0n],
  );
});

for (const [note, specs] of [
  ['too small', [{ index: 0, size: 2048 }]],
  ['no power of two', [{ index: 0, size: 0x3000 }]],
  ['4 GiB in one word', [{ index: 0, size: 2 ** 32 }]],
  ['64 bits wide in the last word', [{ index: 5, size: 4096, wide: true }]],
  [
    'two in one word',
    [
      { index: 0, size: 4096, wide: true },
      { index: 1, size: 4096 },
    ],
  ],
] as const)
  masks(`a BAR that cannot be: ${note}`, () => {
    assert.throws(() => barMasks(specs.map((spec) => ({ ...spec, device: nothing }))), RangeError);
  });

masks.run();

const header = suite('configuration header');

header('the function that the captures show', () => {
  const device = new NvmeDevice({ port: new HostRig() });
  assert.is(device.readConfig(0, 4), 0xb1111414);
  assert.is(device.readConfig(8, 4), 0x01080201);
  assert.is(device.readConfig(0x0e, 1), 0);
  assert.is(device.readConfig(0x2c, 4), 0x00011414);
  assert.is(device.readConfig(0x3d, 1), 0);
  assert.is(device.readConfig(6, 2), 0x10);
});

header('capabilities: MSI-X at 0x40, PCI Express, power management, the end', () => {
  const device = new NvmeDevice({ port: new HostRig() });
  const chain: [number, number][] = [];
  for (let at = device.readConfig(0x34, 1); at !== 0; at = device.readConfig(at + 1, 1))
    chain.push([at, device.readConfig(at, 1)]);
  assert.equal(chain, [
    [0x40, 0x11],
    [0x4c, 0x10],
    [0x88, 0x01],
  ]);
  assert.is(device.readConfig(0x42, 2), 7);
  assert.is(device.readConfig(0x44, 4), 0x2000);
  assert.is(device.readConfig(0x48, 4), 0x3000);
});

header('only what is writable is written', () => {
  const device = new NvmeDevice({ port: new HostRig() });
  for (let at = 0; at < 0x10; at += 4) device.writeConfig(at, 4, 0xffffffff);
  assert.is(device.readConfig(0, 4), 0xb1111414);
  assert.is(device.readConfig(4, 4), 0x00100546);
  assert.is(device.readConfig(8, 4), 0x01080201);
  assert.is(device.readConfig(0x0c, 4), 0xff);
  device.writeConfig(0x2c, 4, 0);
  assert.is(device.readConfig(0x2c, 4), 0x00011414);
  device.writeConfig(0x3c, 1, 0x0b);
  assert.is(device.readConfig(0x3c, 1), 0x0b);
});

header('behind the first 256 bytes there are zeros', () => {
  const device = new NvmeDevice({ port: new HostRig() });
  device.writeConfig(0x100, 4, 0xffffffff);
  device.writeConfig(0xfe, 4, 0xffffffff);
  for (const at of [0xfe, 0x100, 0xffc]) assert.is(device.readConfig(at, 4), 0);
});

header('VPCI-31 sizing reads the masks', () => {
  const bars = [
    { index: 0, size: 0x2000 },
    { index: 2, size: 0x10000, wide: true },
  ];
  const device = new BarDevice({ port: new HostRig(), bars });
  for (let at = 0x10; at < 0x28; at += 4) device.writeConfig(at, 4, 0xffffffff);
  const words = [0, 1, 2, 3, 4, 5].map((index) => device.readConfig(0x10 + index * 4, 4));
  assert.equal(words, [...device.barMasks]);
});

header('VPCI-30 three BARs of 64 bits, as a WSL device has them', () => {
  const bars = [0, 2, 4].map((index) => ({ index, size: 0x1000, wide: true }));
  const device = new BarDevice({
    port: new HostRig(),
    bars,
    identity: { vendorId: 0x1af4, deviceId: 0x1049, baseClass: 1, subclass: 0 },
  });
  assert.equal(device.barMasks, [0xfffff004, 0xffffffff, 0xfffff004, 0xffffffff, 0xfffff004, 0xffffffff]);
  assert.is(device.readConfig(0, 4), 0x10491af4);
  assert.is(device.readConfig(8, 4), 0x01000001);
});

header.run();

const windows = suite('BAR windows');

const ENABLE = 2;

function placed(): { rig: HostRig; device: BarDevice } {
  const rig = new HostRig();
  const device = new BarDevice({
    port: rig,
    bars: [
      { index: 0, size: 0x2000 },
      { index: 2, size: 0x1000, wide: true },
    ],
  });
  device.writeConfig(0x10, 4, 0xfe000000);
  device.writeConfig(0x18, 4, 0x00001000);
  device.writeConfig(0x1c, 4, 0x00000010);
  return { rig, device };
}

windows('answer while memory is decoded', () => {
  const { rig, device } = placed();
  assert.is(device.windows, 0);
  device.writeConfig(4, 2, ENABLE);
  assert.is(device.windows, 2);
  rig.mmioWrite(0xfe001ff8, 8, 0x1122334455667788n);
  assert.is(rig.mmioRead(0xfe001ffc, 4), 0x11223344n);
  rig.mmioWrite(0x10_0000_1000, 2, 0xbeefn);
  assert.is(device.memory.get(2)![1], 0xbe);
  device.writeConfig(4, 2, 0);
  assert.is(rig.mmioRead(0xfe001ffc, 4), 0xffffffffn);
});

windows('move with their BAR', () => {
  const { rig, device } = placed();
  device.writeConfig(4, 2, ENABLE);
  rig.mmioWrite(0xfe000000, 1, 5n);
  device.writeConfig(0x10, 4, 0xfd000000);
  assert.is(rig.mmioRead(0xfe000000, 1), 0xffn);
  assert.is(rig.mmioRead(0xfd000000, 1), 5n);
});

windows('are not mapped over memory, over each other, or beyond all addresses', () => {
  const { device } = placed();
  device.writeConfig(4, 2, ENABLE);
  device.writeConfig(0x10, 4, 0x2000);
  assert.is(device.windows, 1);
  device.writeConfig(0x1c, 4, 0xffffffff);
  assert.is(device.windows, 0);
  device.writeConfig(0x10, 4, 0xfe000000);
  device.writeConfig(0x1c, 4, 0);
  device.writeConfig(0x18, 4, 0xfe001000);
  assert.is(device.windows, 1);
});

windows('are gone in D3, by the function or by the bus, and back in D0', () => {
  const { device } = placed();
  device.writeConfig(4, 2, ENABLE);
  const power = 0x40 + 0x3c;
  assert.is(device.readConfig(power, 1), 1);
  device.writeConfig(power + 4, 2, 3);
  assert.is(device.windows, 0);
  device.setPower(false);
  device.writeConfig(power + 4, 2, 0);
  assert.is(device.windows, 0);
  device.setPower(true);
  assert.is(device.windows, 2);
});

windows('name what is at an offset', () => {
  const { rig, device } = placed();
  device.attached(0x21);
  device.writeConfig(4, 2, ENABLE);
  const labels = [...rig.mapped].map(({ device: at }) => (at as unknown as { label(o: number): string }).label(0x1c));
  assert.equal(labels, ['bar0+0x1c slot 33', 'bar2+0x1c slot 33']);
});

windows('a reset clears everything', () => {
  const { device } = placed();
  device.writeConfig(4, 2, ENABLE);
  device.memory.get(0)![0] = 1;
  device.reset();
  assert.is(device.windows, 0);
  assert.is(device.readConfig(4, 2), 0);
  assert.is(device.readConfig(0x10, 4), 0);
  assert.is(device.memory.get(0)![0], 0);
});

windows.run();
