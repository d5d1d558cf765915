import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: synthetic MSRs');

const OS_ID = 0x40000000;
const HYPERCALL = 0x40000001;
const VP_INDEX = 0x40000002;
const TIME = 0x40000020;
const TSC_PAGE = 0x40000021;
const CRASH_P0 = 0x40000100;
const CRASH_CTL = 0x40000105;

test('what a guest reads at its start', () => {
  const { partition } = new PartitionRig({ vps: [0, 7], tscHz: 3_000_000_000, apicHz: 200_000_000 });
  const rows: [string, number, bigint | undefined][] = [
    ['guest OS id', OS_ID, 0n],
    ['hypercall page', HYPERCALL, 0n],
    ['VP index', VP_INDEX, 7n],
    ['time', TIME, 0n],
    ['TSC page', TSC_PAGE, 0n],
    ['TSC frequency', 0x40000022, 3_000_000_000n],
    ['APIC frequency', 0x40000023, 200_000_000n],
    ['VP assist page', 0x40000073, 0n],
    ['SCONTROL', 0x40000080, 0n],
    ['SVERSION', 0x40000081, 1n],
    ['SIEFP', 0x40000082, 0n],
    ['SIMP', 0x40000083, 0n],
    ['EOM', 0x40000084, 0n],
    ['SINT0', 0x40000090, 0x10000n],
    ['SINT15', 0x4000009f, 0x10000n],
    ['crash control', CRASH_CTL, 0xc000000000000000n],
    ['a timer, which there is none', 0x400000b0, undefined],
    ['idle', 0x400000f0, undefined],
    ['no register', 0x40000fff, undefined],
  ];
  assert.equal(
    rows.map(([name, msr]) => [name, msr, partition.rdmsr(7, msr)]),
    rows,
  );
  assert.is(partition.rdmsr(3, VP_INDEX), undefined);
});

for (const msr of [VP_INDEX, TIME, 0x40000022, 0x40000023, 0x40000081, 0x400000b0, 0x40000fff])
  test(`a write of 0x${msr.toString(16)} faults`, () => {
    const { partition } = new PartitionRig();
    assert.is(partition.wrmsr(0, msr, 1n), false);
  });

test('the hypercall page: endbr64, vmcall, ret over what was there, which comes back', () => {
  const rig = new PartitionRig();
  const { partition, memory } = rig;
  memory.writeU32(0x5000, 0x12345678);
  assert.is(partition.wrmsr(0, HYPERCALL, 0x5001n), true);
  assert.is(partition.rdmsr(0, HYPERCALL), 0x5000n, 'without a guest OS id it is not enabled');
  assert.is(memory.readU32(0x5000), 0x12345678);
  partition.wrmsr(0, OS_ID, 0x8100_0006_0c75_0000n);
  assert.is(partition.wrmsr(1, HYPERCALL, 0x5001n), true);
  assert.is(partition.rdmsr(0, HYPERCALL), 0x5001n);
  assert.is(rig.hex(0x5000, 12), 'f30f1efa0f01c1c3cccccccc');
  assert.is(rig.hex(0x5ffc, 4), 'cccccccc');
  partition.wrmsr(0, OS_ID, 0n);
  assert.is(partition.rdmsr(0, HYPERCALL), 0x5000n);
  assert.is(memory.readU32(0x5000), 0x12345678);
});

test('the hypercall page moves, faults outside of memory, and stays when locked', () => {
  const rig = new PartitionRig();
  const { partition, memory } = rig;
  partition.wrmsr(0, OS_ID, 1n);
  partition.wrmsr(0, HYPERCALL, 0x5001n);
  partition.wrmsr(0, HYPERCALL, 0x6001n);
  assert.is(memory.readU32(0x5000), 0);
  assert.is(rig.hex(0x6004, 4), '0f01c1c3');
  assert.is(partition.wrmsr(0, HYPERCALL, 0x7fff_f000_0001n), false);
  assert.is(partition.wrmsr(0, HYPERCALL, 0xffff_ffff_ffff_f001n), false);
  assert.is(partition.wrmsr(0, HYPERCALL, 0x6003n), true);
  assert.is(partition.wrmsr(0, HYPERCALL, 0x5001n), false);
  assert.is(partition.rdmsr(0, HYPERCALL), 0x6003n);
});

test('reference time: 100 ns units, by the counter and by the page', () => {
  const rig = new PartitionRig({ tscHz: 2_600_000_000 });
  rig.queue.advance(1234);
  assert.is(rig.partition.rdmsr(0, TIME), 12340n);
  assert.is(rig.partition.wrmsr(0, TSC_PAGE, 0x7001n), true);
  // Sequence 1, scale 2^64 / 260, offset 0, as the recorded guests were given.
  assert.is(rig.hex(0x7000, 24), '0100000000000000fcc00ffcc00ffc000000000000000000');
  const scale = rig.memory.readU64(0x7008);
  assert.is((2_600_000n * scale) >> 64n, 9999n, 'a millisecond of cycles is 10,000 units, rounded down');
});

test('a crash: five parameters and a message', () => {
  const crashes: unknown[] = [];
  const rig = new PartitionRig({ onCrash: (crash) => crashes.push(crash) });
  const { partition, memory } = rig;
  memory.write(0x3010, new TextEncoder().encode('Oops: 0'));
  for (const [i, value] of [1n, 2n, 3n, 0x3010n, 7n].entries()) partition.wrmsr(1, CRASH_P0 + i, value);
  assert.is(partition.rdmsr(0, CRASH_P0 + 4), 7n);
  partition.wrmsr(1, CRASH_CTL, 0x4000_0000_0000_0000n);
  assert.equal(crashes, [], 'nothing is told without the notify bit');
  partition.wrmsr(1, CRASH_CTL, 0xc000_0000_0000_0000n);
  partition.wrmsr(1, CRASH_P0 + 3, 0xffff_ffff_ffff_fff0n);
  partition.wrmsr(1, CRASH_CTL, 0xc000_0000_0000_0000n);
  assert.equal(crashes, [
    { vp: 1, parameters: [1n, 2n, 3n, 0x3010n, 7n], text: 'Oops: 0' },
    { vp: 1, parameters: [1n, 2n, 3n, 0xffff_ffff_ffff_fff0n, 7n] },
  ]);
  assert.equal(rig.kinds('crash_text'), [{ k: 'crash_text', vp: 1, text: 'Oops: 0' }]);
});

test('a root partition reads where its pages are', () => {
  const { partition, memory } = new PartitionRig({ isRoot: true, memoryBytes: 32 << 20, vps: [0, 1] });
  const base = 16n << 20n;
  assert.is(BigInt(memory.size) - base, base);
  assert.is(partition.rdmsr(0, HYPERCALL), base);
  assert.is(partition.rdmsr(0, TSC_PAGE), base + 0x10000n);
  assert.equal(
    [0, 1].map((vp) => partition.rdmsr(vp, 0x40000073)),
    [base + 0x1000n, base + 0x2000n],
  );
});

test('the pages of 512 VPs of a root partition are all apart', () => {
  const vps = Array.from({ length: 512 }, (_, i) => i);
  const { partition } = new PartitionRig({ isRoot: true, memoryBytes: 32 << 20, vps });
  const pages = vps.flatMap((vp) => [0x40000073, 0x40000083, 0x40000082].map((msr) => partition.rdmsr(vp, msr)!));
  const all = new Set([...pages, partition.rdmsr(0, HYPERCALL)!, partition.rdmsr(0, TSC_PAGE)!]);
  assert.is(all.size, 512 * 3 + 2);
  assert.ok([...all].every((gpa) => gpa >= 16n << 20n && gpa + 0x1000n <= 32n << 20n));
});

test('what a partition has no bit for faults', () => {
  const { partition } = new PartitionRig({ arch: 'arm64' });
  assert.equal(partition.msrRanges(), []);
  assert.equal(
    [HYPERCALL, TIME, TSC_PAGE, 0x40000022].map((msr) => partition.rdmsr(0, msr)),
    [undefined, undefined, undefined, undefined],
  );
  assert.is(partition.rdmsr(1, VP_INDEX), 1n);
});

test('accesses are recorded, a refused read without a value', () => {
  const rig = new PartitionRig();
  rig.partition.rdmsr(1, VP_INDEX);
  rig.partition.rdmsr(1, 0x400000b0);
  rig.partition.wrmsr(1, OS_ID, 0x8100_0006_0c75_0000n);
  assert.equal(rig.events, [
    { k: 'rdmsr', vp: 1, msr: '0x40000002', value: '0x1' },
    { k: 'rdmsr', vp: 1, msr: '0x400000b0' },
    { k: 'wrmsr', vp: 1, msr: '0x40000000', value: '0x810000060c750000' },
  ]);
});

test.run();
