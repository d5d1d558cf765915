import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { barSize, highestPower, placeBars, probedBars } from '../../../src/guest/vpci/bars.js';
import { Child, type FunctionDescription } from '../../../src/guest/vpci/child.js';

const bars = suite('guest/vpci BARs');

const description = (dev: number): FunctionDescription => ({
  v_id: 1,
  d_id: 2,
  rev: 0,
  prog_intf: 0,
  subclass: 0,
  base_class: 0,
  subsystem_id: 0,
  win_slot: { dev, func: 0, reserved: 0 },
  ser: dev,
  flags: 0,
  virtual_numa_node: 0,
});

function childWith(dev: number, registers: readonly number[]): Child {
  const child = new Child(description(dev));
  for (const [i, value] of registers.entries()) child.probedBars[i] = value;
  return child;
}

for (const [mask, size] of [
  [0xffff_ffff_ffff_c004n, 0x4000n],
  [0xffff_ffff_ffff_fff0n, 0x1000n],
  [0xffff_ffff_ffff_ff04n, 0x1000n],
  [0xffff_ffff_fff0_000cn, 0x100000n],
  [0xffff_fff0_0000_000cn, 0x10_0000_0000n],
  [0x8000_0000_0000_0004n, 0x8000_0000_0000_0000n],
  [0x4n, 0n],
] as const)
  bars(`VPCI-31: ${mask.toString(16)} is ${size} bytes`, () => assert.is(barSize(mask), size));

bars('VPCI-30 VPCI-32: absent, I/O, 32-bit and 64-bit registers', () => {
  const io: number[] = [];
  const found = probedBars([0xffffc004, 0xffffffff, 0, 0xffffff01, 0xffff0000, 0xfffffff8], (index) => io.push(index));
  assert.equal(found, [
    { index: 0, size: 0x4000n, is64: true },
    { index: 4, size: 0x10000n, is64: false },
    { index: 5, size: 0x1000n, is64: false },
  ]);
  assert.equal(io, [3]);
});

bars('VPCI-30: the upper half of a BAR above 4 GiB is the next register', () => {
  assert.equal(probedBars([0x0000000c, 0xfffffffe, 0, 0, 0, 0]), [{ index: 0, size: 0x2_0000_0000n, is64: true }]);
  assert.equal(probedBars([0, 0, 0, 0, 0, 0x4]), []);
});

bars('VPCI-14: the highest power of two', () => {
  assert.equal([0n, 1n, 0x4000n, 0x5000n, 0xffffn].map(highestPower), [0n, 1n, 0x4000n, 0x4000n, 0x8000n]);
});

bars('VPCI-33: largest first, children and registers in their order', () => {
  const children = [
    childWith(0, [0xfffff004, 0xffffffff, 0xffffc004, 0xffffffff]),
    childWith(1, [0xffffc004, 0xffffffff, 0xfffff000]),
  ];
  const low = { start: 0xf8000000n, size: 0x1000n };
  const high = { start: 0xfe0000000n, size: 0x9000n };
  const placed = placeBars(children, low, high).map(({ child, bar, address }) => [child.slot, bar.index, address]);
  assert.equal(placed, [
    [0, 2, 0xfe0000000n],
    [1, 0, 0xfe0004000n],
    [0, 0, 0xfe0008000n],
    [1, 2, 0xf8000000n],
  ]);
});

bars('VPCI-33 VPCI-34: aligned to its size, inside its room and apart from others, for random BARs', () => {
  let state = 7;
  const next = (limit: number): number => {
    state = (state * 1103515245 + 12345) % 0x80000000;
    return Math.floor((state / 0x80000000) * limit);
  };
  for (let round = 0; round < 200; round++) {
    const children = Array.from({ length: 1 + next(4) }, (_, dev) => {
      const registers = [0, 0, 0, 0, 0, 0];
      for (let i = 0; i < 6; i++) {
        const size = 0x1000 * 2 ** next(8);
        const is64 = i < 5 && next(2) === 0;
        if (next(3) === 0) continue;
        registers[i] = ((~(size - 1) >>> 0) | (is64 ? 4 : 0)) >>> 0;
        if (is64) registers[++i] = 0xffffffff;
      }
      return childWith(dev, registers);
    });
    const total = { low: 0n, high: 0n };
    for (const { probedBars: registers } of children)
      for (const { size, is64 } of probedBars(registers)) total[is64 ? 'high' : 'low'] += size;
    const aligned = { low: highestPower(total.low), high: highestPower(total.high) };
    const rooms = {
      low: { start: aligned.low * 3n, size: total.low },
      high: { start: aligned.high * 5n, size: total.high },
    };
    const placed = placeBars(children, rooms.low, rooms.high);
    const wanted = children.flatMap(({ probedBars: registers }) => probedBars(registers)).length;
    assert.is(placed.length, wanted);
    for (const { bar, address } of placed) {
      assert.is(address % bar.size, 0n);
      const room = bar.is64 ? rooms.high : rooms.low;
      assert.ok(address >= room.start && address + bar.size <= room.start + room.size);
    }
    for (const where of [true, false]) {
      const ends = placed.filter(({ bar }) => bar.is64 === where).sort((a, b) => (a.address < b.address ? -1 : 1));
      for (let i = 1; i < ends.length; i++) assert.ok(ends[i - 1]!.address + ends[i - 1]!.bar.size <= ends[i]!.address);
    }
  }
});

bars('VPCI-34: what a host adds behind its sums is placed nowhere', () => {
  const children = [childWith(0, [0xffffc004, 0xffffffff, 0xffffc004, 0xffffffff])];
  assert.is(placeBars(children, undefined, { start: 0n, size: 0x4000n }).length, 1);
  assert.is(placeBars(children, undefined, undefined).length, 0);
});

bars.run();
