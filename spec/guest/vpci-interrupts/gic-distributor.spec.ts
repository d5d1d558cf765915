import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GicDistributor } from '../../../src/guest/vpci-interrupts/gic-distributor.js';
import { FakeGuest } from '../pci/fake-guest.js';

const gicd = suite('gic-distributor');

const BASE = 0x8000000;

function make() {
  const guest = new FakeGuest([0, 1], 'arm64');
  const diary: string[] = [];
  const words = new Map<number, bigint>();
  guest.map(BASE, 0x10000, {
    read: (offset) => words.get(offset) ?? 0n,
    write: (offset, size, value) => {
      words.set(offset, value);
      diary.push(`w${size} 0x${offset.toString(16)} 0x${value.toString(16)}`);
    },
  });
  const ended: number[][] = [];
  const gic = new GicDistributor({
    firmware: 'acpi',
    gpa: BASE,
    affinityOf: (cpu) => BigInt(cpu) << 8n,
    gate: () => guest.cpus[0]!.gate,
    endOfInterrupt: (intid, cpu) => ended.push([intid, cpu]),
  });
  return { gic, diary, words, ended };
}

// Registers by hand from the GIC architecture: 32 interrupts a word, 16 pairs of bits a word, 8 bytes each.
gicd('ARM-04 ARM-16 edge-triggered, enabled, routed', () => {
  const { gic, diary } = make();
  assert.ok(gic.allocate({ firmware: 'acpi', cells: [67, 1] }).ok);
  gic.setTrigger(67, 1);
  gic.setAffinity(67, 1);
  gic.unmask(67);
  gic.mask(67);
  assert.equal(diary, ['w4 0xc10 0x80', 'w8 0x6218 0x100', 'w4 0x108 0x8', 'w4 0x188 0x8']);
});

gicd('ARM-04 the trigger of others in the word stays', () => {
  const { gic, words } = make();
  words.set(0xc10, 0x80000000n);
  gic.setTrigger(64, 1);
  assert.is(words.get(0xc10), 0x80000002n);
  gic.setTrigger(79, 0);
  assert.is(words.get(0xc10), 2n);
});

gicd('ARM-04 SPIs of a device tree start at 32; one is taken once, others are none', () => {
  const { gic, diary } = make();
  assert.ok(gic.allocate({ firmware: 'device-tree', cells: [0, 32, 1] }).ok);
  assert.equal(gic.allocate({ firmware: 'acpi', cells: [64, 1] }), { ok: false, errno: 'EBUSY' });
  assert.equal(gic.allocate({ firmware: 'acpi', cells: [31, 1] }), { ok: false, errno: 'EINVAL' });
  assert.equal(gic.allocate({ firmware: 'acpi', cells: [1020, 1] }), { ok: false, errno: 'EINVAL' });
  gic.release(64);
  gic.release(64);
  assert.equal(diary, ['w4 0x188 0x1']);
  assert.ok(gic.allocate({ firmware: 'acpi', cells: [64, 1] }).ok);
});

gicd('ARM-10 the end of an interrupt is a system register', () => {
  const { gic, ended, diary } = make();
  gic.endOfInterrupt(64, 1);
  assert.equal(ended, [[64, 1]]);
  assert.equal(diary, []);
});

gicd.run();
