import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { randomWords } from '../../support/random.js';
import { PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: overlay pages');

const OS_ID = 0x40000000;
const HYPERCALL = 0x40000001;
const TSC_PAGE = 0x40000021;
const SCONTROL = 0x40000080;
const SIEFP = 0x40000082;
const SIMP = 0x40000083;
const EOM = 0x40000084;
const SINT2 = 0x40000092;
const SINT = 2;
const SLOT = SINT * 256;
const NOWHERE = 0x7fff_f001n;

const PAGES = [
  ['SIMP', SIMP],
  ['SIEFP', SIEFP],
  ['the reference TSC page', TSC_PAGE],
  ['the hypercall page', HYPERCALL],
] as const;

for (const [what, msr] of PAGES)
  test(`${what}: a write that faults changes nothing, neither the register nor where the page lies`, () => {
    const rig = new PartitionRig();
    const { partition, memory } = rig;
    partition.wrmsr(0, OS_ID, 1n);
    memory.writeU32(0x5ffc, 0x11111111);
    partition.wrmsr(0, msr, 0x5001n);
    memory.writeU32(0x5ffc, 0x22222222);
    const before = rig.hex(0, memory.size);
    assert.is(partition.wrmsr(0, msr, NOWHERE), false);
    assert.is(partition.rdmsr(0, msr), 0x5001n);
    assert.ok(rig.hex(0, memory.size) === before, 'memory changed');
    partition.wrmsr(0, msr, 0x6001n);
    assert.is(memory.readU32(0x6ffc), 0x22222222, 'the page was still where the register says');
    assert.is(memory.readU32(0x5ffc), 0x11111111);
  });

test('messages that wait survive a refused write of SIMP, and come', () => {
  const rig = new PartitionRig();
  const { partition, memory } = rig;
  rig.startSynic(0);
  const slot = Number(partition.rdmsr(0, SIMP)! - 1n) + SLOT;
  for (const byte of [1, 2]) partition.postMessage(0, SINT, 1, Uint8Array.of(byte));
  assert.is(partition.wrmsr(0, SIMP, NOWHERE), false);
  memory.storeU32(slot, 0);
  partition.wrmsr(0, EOM, 0n);
  assert.is(memory.readU8(slot + 16), 2);
  assert.is(rig.interrupts.length, 2);
  assert.is(partition.backlog.count, 0);
});

/** Laid in this order on the page that reads 0x11111111, each with a mark of its own, and taken away in any order. */
const REMOVALS = [
  [SIMP, SIEFP, TSC_PAGE],
  [SIMP, TSC_PAGE, SIEFP],
  [SIEFP, SIMP, TSC_PAGE],
  [SIEFP, TSC_PAGE, SIMP],
  [TSC_PAGE, SIMP, SIEFP],
  [TSC_PAGE, SIEFP, SIMP],
];
for (const removal of REMOVALS)
  test(`three on one page, taken away in the order ${removal.map((msr) => msr.toString(16))}: what is below comes back last`, () => {
    const { partition, memory } = new PartitionRig();
    const marks = new Map([SIMP, SIEFP, TSC_PAGE].map((msr, i) => [msr, 0x22222222 + i]));
    const there: number[] = [];
    memory.writeU32(0x5ffc, 0x11111111);
    for (const [msr, mark] of marks) {
      assert.is(partition.wrmsr(0, msr, 0x5001n), true);
      assert.is(memory.readU32(0x5ffc), 0, 'a page of its own');
      memory.writeU32(0x5ffc, mark);
      there.push(msr);
    }
    for (const msr of removal) {
      partition.wrmsr(0, msr, 0x5000n);
      there.splice(there.indexOf(msr), 1);
      assert.is(memory.readU32(0x5ffc), marks.get(there.at(-1)!) ?? 0x11111111);
    }
  });

test('what is under another page gets its messages and flags there, and shows them when it is uncovered', () => {
  const rig = new PartitionRig();
  const { partition } = rig;
  partition.wrmsr(0, SIMP, 0x5001n);
  partition.wrmsr(0, SIEFP, 0x6001n);
  partition.wrmsr(0, TSC_PAGE, 0x6001n);
  partition.wrmsr(1, SIMP, 0x5001n);
  partition.wrmsr(0, SINT2, 0xf3n);
  partition.wrmsr(0, SCONTROL, 1n);
  const before = rig.hex(0x5000, 0x2000);
  partition.postMessage(0, SINT, 1, Uint8Array.of(0xaa));
  partition.signalEvent(0, SINT, 9);
  partition.signalEvent(0, SINT, 9);
  assert.equal(rig.interrupts, [
    [0, 0xf3],
    [0, 0xf3],
  ]);
  assert.ok(rig.hex(0x5000, 0x2000) === before, 'the pages on top changed');
  partition.wrmsr(1, SIMP, 0n);
  partition.wrmsr(0, TSC_PAGE, 0n);
  assert.is(rig.hex(0x5000 + SLOT, 17), '01000000010000000200000000000000aa');
  assert.is(rig.hex(0x6000 + SLOT, 4), '00020000');
});

test('a page whose register is written again comes on top, with its contents', () => {
  const { partition, memory } = new PartitionRig();
  memory.writeU32(0x5000, 0x5555);
  partition.wrmsr(0, SIMP, 0x5001n);
  memory.writeU32(0x5000, 0xa);
  partition.wrmsr(0, SIEFP, 0x5001n);
  memory.writeU32(0x5000, 0xb);
  for (const [msr, mark] of [
    [SIMP, 0xa],
    [SIMP, 0xa],
    [SIEFP, 0xb],
  ] as const) {
    assert.is(partition.wrmsr(0, msr, 0x5001n), true);
    assert.is(memory.readU32(0x5000), mark);
  }
  partition.wrmsr(0, SIMP, 0n);
  partition.wrmsr(0, SIEFP, 0n);
  assert.is(memory.readU32(0x5000), 0x5555);
});

test('a page that moves off another, or from below it, takes its contents along', () => {
  const { partition, memory } = new PartitionRig();
  for (const [gpa, mark] of [
    [0x5000, 0x5555],
    [0x6000, 0x6666],
  ] as const)
    memory.writeU32(gpa, mark);
  partition.wrmsr(0, SIMP, 0x5001n);
  memory.writeU32(0x5000, 0xa);
  partition.wrmsr(0, SIEFP, 0x5001n);
  memory.writeU32(0x5000, 0xb);
  partition.wrmsr(0, SIMP, 0x6001n);
  assert.equal([memory.readU32(0x5000), memory.readU32(0x6000)], [0xb, 0xa]);
  partition.wrmsr(0, SIEFP, 0x6001n);
  assert.equal([memory.readU32(0x5000), memory.readU32(0x6000)], [0x5555, 0xb]);
  partition.wrmsr(0, SIMP, 0n);
  partition.wrmsr(0, SIEFP, 0n);
  assert.equal([memory.readU32(0x5000), memory.readU32(0x6000)], [0x5555, 0x6666]);
});

test('pages of two VPs laid, moved and refused at random: each page of memory shows the last one laid there', () => {
  const next = randomWords(12);
  for (let round = 0; round < 40; round++) {
    const { partition, memory } = new PartitionRig();
    const overlays = [0, 1].flatMap((vp) => [SIMP, SIEFP].map((msr) => ({ vp, msr, mark: 0, at: 0 })));
    const laid: typeof overlays = [];
    const below = new Map([0x5000, 0x6000, 0x7000].map((gpa) => [gpa, gpa | 1]));
    for (const [gpa, mark] of below) memory.writeU32(gpa, mark);
    for (let step = 0; step < 60; step++) {
      const overlay = overlays[next() % 4]!;
      const to = [0, 0x5000, 0x6000, 0x7000, 0x7fff_f000][next() % 5]!;
      const taken = partition.wrmsr(overlay.vp, overlay.msr, to === 0 ? 0n : BigInt(to + 1));
      assert.is(taken, to !== 0x7fff_f000);
      if (taken) {
        if (overlay.at !== 0) laid.splice(laid.indexOf(overlay), 1);
        overlay.at = to;
        if (to !== 0) laid.push(overlay);
      }
      for (const [gpa, mark] of below) {
        const top = laid.findLast(({ at }) => at === gpa);
        assert.is(memory.readU32(gpa), top?.mark ?? mark, `round ${round}, step ${step}, page ${gpa}`);
      }
      const seen = laid.findLast(({ at }) => at === to);
      if (seen !== undefined) {
        seen.mark = next();
        memory.writeU32(to, seen.mark);
      }
    }
  }
});

test.run();
