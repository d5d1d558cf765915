import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { InterruptMessage } from '../../../src/ports/host-port.js';
import { PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: interrupt table (VPCI-121)');

const FIRST = 0x37a94e00n;
const OTHER = 0x37a94e01n;
const target = (vector: number, vps: readonly number[] = [0], lowestPriority = false) => ({
  vector,
  vps,
  lowestPriority,
});

test('VPCI-121: consecutive messages from 0x20 on, apart for all devices, several aligned to a power of two', () => {
  const { interrupts } = new PartitionRig().partition;
  assert.equal(interrupts.create(FIRST, 1, target(0x30)), { address: 0xfee01000n, data: 0x20 });
  assert.equal(interrupts.create(OTHER, 3, target(0x40)), { address: 0xfee01000n, data: 0x24 });
  assert.equal(interrupts.create(FIRST, 1, target(0x50)), { address: 0xfee01000n, data: 0x27 });
  assert.equal(
    [FIRST, OTHER, 5n].map((device) => interrupts.outstanding(device)),
    [2, 3, 0],
  );
});

test('message i is aimed at vector + i', () => {
  const rig = new PartitionRig();
  const { interrupts } = rig.partition;
  const message = interrupts.create(FIRST, 3, target(0x40, [1]))!;
  for (let i = 0; i < 4; i++) interrupts.raise({ ...message, data: message.data + i });
  assert.equal(rig.interrupts, [
    [1, 0x40],
    [1, 0x41],
    [1, 0x42],
  ]);
});

test('only the exact start takes a block back', () => {
  const { interrupts } = new PartitionRig().partition;
  const message = interrupts.create(FIRST, 2, target(0x40))!;
  assert.equal(
    [
      interrupts.remove(OTHER, message),
      interrupts.remove(FIRST, { ...message, data: message.data + 1 }),
      interrupts.remove(FIRST, { ...message, address: 0n }),
      interrupts.remove(FIRST, message),
      interrupts.remove(FIRST, message),
    ],
    [false, false, false, true, false],
  );
  assert.is(interrupts.outstanding(FIRST), 0);
});

test('a message that was taken back reaches nobody, nor does its successor get it', () => {
  const rig = new PartitionRig();
  const { interrupts } = rig.partition;
  const old = interrupts.create(FIRST, 1, target(0x40))!;
  interrupts.remove(FIRST, old);
  const next = interrupts.create(OTHER, 1, target(0x41))!;
  assert.is.not(next.data, old.data);
  assert.is(interrupts.raise(old), false);
  assert.equal(rig.interrupts, []);
});

test('all of a device at once', () => {
  const { interrupts } = new PartitionRig().partition;
  interrupts.create(FIRST, 2, target(0x40));
  interrupts.create(OTHER, 1, target(0x40));
  interrupts.create(FIRST, 1, target(0x40));
  assert.is(interrupts.removeAll(FIRST), 3);
  assert.is(interrupts.removeAll(FIRST), 0);
  assert.is(interrupts.outstanding(OTHER), 1);
});

test('fixed delivery goes to all, lowest priority to one, neither to VPs that are not there', () => {
  const rig = new PartitionRig();
  const { interrupts } = rig.partition;
  interrupts.raise(interrupts.create(FIRST, 1, target(0x40, [0, 1, 7]))!);
  interrupts.raise(interrupts.create(FIRST, 1, target(0x41, [7, 1, 0], true))!);
  assert.is(interrupts.raise(interrupts.create(FIRST, 1, target(0x42, [7]))!), false);
  assert.equal(rig.interrupts, [
    [0, 0x40],
    [1, 0x40],
    [1, 0x41],
  ]);
});

/** Every number that data can have, from 0x20 to 0xffff, in blocks that lie aligned. */
function fill(rig: PartitionRig): InterruptMessage[] {
  const made: InterruptMessage[] = [];
  for (let count = 0x20; count < 0x10000; count *= 2)
    made.push(rig.partition.interrupts.create(FIRST, count, target(0x40))!);
  return made;
}

test('no more than 65,504 messages; what was given back can be had again', () => {
  const rig = new PartitionRig();
  const { interrupts } = rig.partition;
  const made = fill(rig);
  assert.equal(
    made.map(({ data }) => data),
    made.map((_, i) => 0x20 << i),
  );
  assert.is(interrupts.outstanding(FIRST), 0xffe0);
  assert.is(interrupts.create(OTHER, 1, target(0x40)), undefined);
  assert.is(interrupts.remove(FIRST, made[3]!), true);
  assert.is(interrupts.create(OTHER, 1, target(0x40))?.data, 0x100);
  for (const count of [0, -1, 1.5, Number.NaN]) assert.is(interrupts.create(OTHER, count, target(0x40)), undefined);
});

test('data stays within the 16 bits that plain MSI has for it, however many messages come and go', () => {
  const rig = new PartitionRig();
  const { interrupts } = rig.partition;
  const stays = interrupts.create(OTHER, 1, target(0x50))!;
  const seen: number[] = [];
  for (let i = 0; i < 0x10100; i++) {
    const message = interrupts.create(FIRST, 1, target(0x40))!;
    interrupts.remove(FIRST, message);
    seen.push(message.data);
  }
  assert.equal([Math.min(...seen.slice(0, 0xffdf)), Math.max(...seen)], [0x21, 0xffff]);
  assert.equal(seen.slice(0xffde, 0xffe1), [0xffff, 0x21, 0x22], 'around what is in use');
  const last = interrupts.create(FIRST, 1, target(0x41))!;
  for (const { address, data } of [stays, last]) interrupts.raise({ address, data: data & 0xffff });
  assert.equal(rig.interrupts, [
    [0, 0x50],
    [0, 0x41],
  ]);
});

test('several messages that find no aligned room are refused, and cost nothing', () => {
  const rig = new PartitionRig();
  const { interrupts } = rig.partition;
  for (const count of [0x10000, 0xffe0, 0x8001]) assert.is(interrupts.create(FIRST, count, target(0x40)), undefined);
  const made = fill(rig);
  interrupts.remove(FIRST, made[1]!);
  const halves = Array.from({ length: 4 }, () => interrupts.create(OTHER, 16, target(0x40))!);
  for (const i of [1, 2]) interrupts.remove(OTHER, halves[i]!);
  assert.is(interrupts.create(OTHER, 32, target(0x40)), undefined, '32 are free, across a multiple of 32');
  assert.is(interrupts.outstanding(OTHER), 32);
  assert.is(interrupts.create(OTHER, 16, target(0x40))?.data, 0x50);
  assert.is(interrupts.create(OTHER, 9, target(0x40))?.data, 0x60);
});

test('ARM-16: where there is a distributor, it says which VP gets an SPI', () => {
  const rig = new PartitionRig({ arch: 'arm64' });
  const { interrupts } = rig.partition;
  const message = interrupts.create(FIRST, 1, target(64, [0]))!;
  interrupts.raise(message);
  interrupts.spiRoute = (intid) => (intid === 64 ? [1] : undefined);
  interrupts.raise(message);
  interrupts.spiRoute = () => [];
  assert.is(interrupts.raise(message), false);
  interrupts.spiRoute = () => undefined;
  interrupts.raise(message);
  assert.equal(rig.interrupts, [
    [0, 64],
    [1, 64],
    [0, 64],
  ]);
  assert.equal(rig.kinds('intid').length, 3);
});

test('a device’s write and the target found are recorded, then the interrupt', () => {
  const rig = new PartitionRig();
  const { interrupts } = rig.partition;
  interrupts.raise(interrupts.create(FIRST, 1, target(0x40, [1]))!);
  interrupts.raise({ address: 0xfee00000n, data: 0x20 });
  assert.equal(rig.events, [
    { k: 'device_msi', address: '0xfee01000', data: '0x20', target: { vector: 64, vps: [1] } },
    { k: 'msi', vp: 1, vector: 64 },
    { k: 'device_msi', address: '0xfee00000', data: '0x20', target: null },
  ]);
});

test.run();
