import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { MmioDevice } from '../../../src/ports/host-port.js';
import { PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: device space');

const GPA = 0xfe0000000;
const constant: MmioDevice = { read: () => -1n & 0x1234_5678_9abc_def0n, write: () => undefined };

test('an access reaches the device at its offset, cut to its size', () => {
  const rig = new PartitionRig();
  const seen: unknown[] = [];
  const device: MmioDevice = {
    read: (offset, size, vp) => {
      seen.push([offset, size, vp]);
      return 0x1234_5678_9abc_def0n;
    },
    write: (offset, size, value, vp) => seen.push([offset, size, value, vp]),
  };
  rig.partition.mapWindow(GPA, 0x1000, device);
  assert.is(rig.partition.mmioRead(1, GPA + 4, 2), 0xdef0n);
  rig.partition.gate(0).mmioWrite(GPA + 0xfff, 1, 0x1ffn);
  assert.equal(seen, [
    [4, 2, 1],
    [0xfff, 1, 0xffn, 0],
  ]);
});

test('where nothing answers reads are all ones and writes are lost, unrecorded', () => {
  const rig = new PartitionRig();
  rig.partition.mapWindow(GPA, 0x1000, constant);
  rig.partition.mmioWrite(0, GPA - 4, 4, 1n);
  assert.equal(
    ([1, 2, 4, 8] as const).map((size) => rig.partition.mmioRead(0, GPA + 0x1000, size)),
    [0xffn, 0xffffn, 0xffffffffn, 0xffffffffffffffffn],
  );
  assert.is(rig.partition.mmioRead(0, GPA + 0xffe, 4), 0xffffffffn, 'half in the window');
  assert.equal(rig.events, []);
});

test('windows do not overlap each other or memory', () => {
  const { partition } = new PartitionRig();
  assert.ok(partition.mapWindow(GPA, 0x2000, constant));
  const rows: [string, number, number, boolean][] = [
    ['the same', GPA, 0x2000, false],
    ['its last byte', GPA + 0x1fff, 1, false],
    ['around it', GPA - 0x1000, 0x10000, false],
    ['behind it', GPA + 0x2000, 0x1000, true],
    ['in front of it', GPA - 0x1000, 0x1000, true],
    ['memory', 0, 0x1000, false],
    ['the last byte of memory', 0xfffff, 0x1000, false],
    ['behind memory', 0x100000, 0x1000, true],
    ['nothing', GPA + 0x8000, 0, false],
    ['a negative address', -4096, 0x1000, false],
    ['beyond all addresses', 2 ** 53, 0x1000, false],
  ];
  assert.equal(
    rows.map(([what, gpa, length]) => [what, gpa, length, partition.mapWindow(gpa, length, constant) !== undefined]),
    rows,
  );
});

test('a hole in memory takes a window', () => {
  const memory = SharedGuestMemory.create(
    [
      { gpa: 0, length: 0x10000, offset: 0 },
      { gpa: 0x20000, length: 0x10000, offset: 0x10000 },
    ],
    { kernel: false },
  );
  const { partition } = new PartitionRig({ memory });
  assert.ok(partition.mapWindow(0x10000, 0x10000, constant));
  assert.not.ok(partition.mapWindow(0x1fff0, 0x20, constant));
});

test('a window that was given back answers no more, and its place can be had', () => {
  const { partition } = new PartitionRig();
  const window = partition.mapWindow(GPA, 0x1000, constant)!;
  assert.is(partition.mmioRead(0, GPA, 1), 0xf0n);
  window.unmap();
  window.unmap();
  assert.is(partition.mmioRead(0, GPA, 1), 0xffn);
  assert.ok(partition.mapWindow(GPA, 0x1000, constant));
});

test('accesses are recorded with the device’s own name for the place', () => {
  const rig = new PartitionRig();
  rig.partition.mapWindow(GPA, 0x2000, { ...constant, label: (offset) => `config+0x${offset.toString(16)} slot 0` });
  rig.partition.mapWindow(0xf8000000, 0x1000, constant);
  rig.partition.mmioRead(1, GPA + 0x1004, 2);
  rig.partition.mmioWrite(0, 0xf8000000, 4, 7n);
  assert.equal(rig.events, [
    { k: 'mmio_rd', region: 'config+0x1004 slot 0', vp: 1, gpa: '0xfe0001004', size: 2, value: '0xdef0' },
    { k: 'mmio_wr', vp: 0, gpa: '0xf8000000', size: 4, value: '0x7' },
  ]);
});

test.run();
