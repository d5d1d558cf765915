import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { callFast, callSlow, OUTPUT, PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: VP registers by hypercalls');

const SELF = 0xffff_ffff_ffff_ffffn;
const VP_SELF = 0xffff_fffen;
const GET = { code: 0x50, reps: 1 };
const SET = { code: 0x51, reps: 1 };

interface Target {
  partition?: bigint;
  vp?: bigint;
}

/** Fast: status, reps done, the value's qwords. */
function get(rig: PartitionRig, vp: number, name: number, target: Target = {}): [number, number, bigint, bigint] {
  const words = BigUint64Array.of(target.partition ?? SELF, target.vp ?? VP_SELF, BigInt(name), 0n, 0n, 0n);
  const [status, done] = callFast(rig.partition.gate(vp), GET, words);
  return [status, done, words[4]!, words[5]!];
}

function set(rig: PartitionRig, vp: number, name: number, value: bigint, target: Target = {}): [number, number] {
  const words = BigUint64Array.of(target.partition ?? SELF, target.vp ?? VP_SELF, BigInt(name), 0n, value, 0n);
  return callFast(rig.partition.gate(vp), SET, words);
}

test('arm64: what the recorded guest reads and is answered', () => {
  const rig = new PartitionRig({ arch: 'arm64' });
  const rows: [string, number, bigint, bigint][] = [
    ['features', 0x200, 0x30_0000_0064n, 0x100n],
    ['hints', 0x201, 0n, 0n],
    ['version', 0x100, 0x000a_0000_0000_4f7cn, 0x1_0000_0000n],
    ['crash control', 0x215, 0xc000_0000_0000_0000n, 0n],
    ['VP index', 0x90003, 1n, 0n],
    ['SIMP', 0xa0013, 0n, 0n],
    ['SIEFP', 0xa0012, 0n, 0n],
    ['SINT2', 0xa0002, 0x10000n, 0n],
    ['SCONTROL', 0xa0010, 0n, 0n],
    ['SVERSION', 0xa0011, 1n, 0n],
  ];
  for (const [what, name, low, high] of rows) assert.equal(get(rig, 1, name), [0, 1, low, high], what);
});

test('arm64: the SynIC is turned on with registers, and the end of message is one', () => {
  const rig = new PartitionRig({ arch: 'arm64' });
  for (const [name, value] of [
    [0x90002, 0x8100_0006_0c75_0000n],
    [0xa0013, 0x10001n],
    [0xa0012, 0x20001n],
    [0xa0002, 0x12n],
    [0xa0010, 1n],
  ] as const)
    assert.equal(set(rig, 0, name, value), [0, 1]);
  for (const byte of [1, 2]) rig.partition.postMessage(0, 2, 1, Uint8Array.of(byte));
  rig.memory.storeU32(0x10200, 0);
  assert.equal(set(rig, 0, 0xa0014, 0n), [0, 1]);
  assert.is(rig.memory.readU8(0x10210), 2);
  assert.equal(rig.interrupts, [
    [0, 18],
    [0, 18],
  ]);
  assert.equal(get(rig, 0, 0xa0013)[2], 0x10001n);
});

const REFUSED: readonly [string, number, Target, number][] = [
  ['no name', 0x12345, {}, 5],
  ['the page of x64', 0x9001c, {}, 6],
  ['a timer', 0xb0000, {}, 5],
  ['a register of the processor', 0x50000, {}, 5],
  ['another partition', 0x90003, { partition: 5n }, 0xd],
  ['a VP that is not there', 0x90003, { vp: 2n }, 0xe],
  ['VTL 1', 0x90003, { vp: VP_SELF | (0x11n << 32n) }, 5],
  ['reserved bits beside the VTL', 0x90003, { vp: VP_SELF | (0x20n << 32n) }, 5],
];

for (const [what, name, target, status] of REFUSED)
  test(`${what}: status ${status}, no rep done`, () => {
    const rig = new PartitionRig({ arch: 'arm64' });
    assert.equal(get(rig, 0, name, target), [status, 0, 0n, 0n]);
    assert.equal(set(rig, 0, name, 1n, target), [status, 0]);
  });

test('a register that cannot be written, and values that it cannot have', () => {
  const rig = new PartitionRig({ arch: 'arm64' });
  assert.equal(set(rig, 0, 0x90003, 1n), [6, 0]);
  assert.equal(set(rig, 0, 0x200, 1n), [6, 0]);
  assert.equal(set(rig, 0, 0xa0002, 0xfn), [0x50, 0]);
  assert.equal(set(rig, 0, 0xa0013, 0x7fff_ffff_f001n), [0x50, 0]);
});

test('the VP by number, its partition by number', () => {
  const rig = new PartitionRig({ arch: 'arm64', vps: [0, 9], partitionId: 7n });
  assert.equal(get(rig, 0, 0x90003, { vp: 9n, partition: 7n }), [0, 1, 9n, 0n]);
});

test('several in one call: outputs of those done before the bad one', () => {
  const rig = new PartitionRig();
  const input = new DataView(new ArrayBuffer(28));
  input.setBigUint64(0, SELF, true);
  input.setUint32(8, 0xffff_fffe, true);
  for (const [i, name] of [0x90003, 0xa0002, 0x12345].entries()) input.setUint32(16 + 4 * i, name, true);
  rig.memory.write(OUTPUT, new Uint8Array(64).fill(0xee));
  const result = callSlow(rig, rig.partition.gate(1), { code: 0x50, reps: 3 }, new Uint8Array(input.buffer));
  assert.equal(result, [5, 2]);
  assert.is(rig.memory.readU64(OUTPUT), 1n);
  assert.is(rig.memory.readU64(OUTPUT + 16), 0x10000n);
  assert.is(rig.memory.readU64(OUTPUT + 32), 0xeeee_eeee_eeee_eeeen);
});

test('recorded as an access of the MSR, then as the call with its register', () => {
  const rig = new PartitionRig({ arch: 'arm64' });
  set(rig, 0, 0x90002, 0x8100_0006_0c75_0000n);
  get(rig, 1, 0x200);
  get(rig, 1, 0x9001c);
  assert.equal(
    rig.events.map(({ k, msr, value, register, in: input, out, result }) => ({
      k,
      msr,
      value,
      register,
      input,
      out,
      result,
    })),
    [
      {
        k: 'wrmsr',
        msr: '0x40000000',
        value: '0x810000060c750000',
        register: undefined,
        input: undefined,
        out: undefined,
        result: undefined,
      },
      {
        k: 'hypercall',
        msr: undefined,
        value: undefined,
        register: '0x90002',
        input: 'fffffffffffffffffeffffff00000000020009000000000000000000000000000000750c060000810000000000000000',
        out: undefined,
        result: '0x100000000',
      },
      {
        k: 'hypercall',
        msr: undefined,
        value: undefined,
        register: '0x200',
        input: 'fffffffffffffffffeffffff000000000002000000000000',
        out: '64000000300000000001000000000000',
        result: '0x100000000',
      },
      {
        k: 'hypercall',
        msr: undefined,
        value: undefined,
        register: '0x9001c',
        input: 'fffffffffffffffffeffffff000000001c00090000000000',
        out: undefined,
        result: '0x6',
      },
    ],
  );
});

test.run();
