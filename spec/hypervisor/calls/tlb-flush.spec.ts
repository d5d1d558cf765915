import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_tlb_flush, hv_tlb_flush_ex } from '../../../src/abi/hv/tlb.js';
import type { FlushRequest } from '../../../src/hypervisor/partition-options.js';
import { encode } from '../../../src/layout/codec.js';
import { callFast, callSlow, PartitionRig, type RigOptions, type SlowCall } from '../partition-rig.js';

const VPS = [0, 1, 5, 64, 65, 130];
const ALL = 1;
const SPACES = 2;
const NON_GLOBAL = 4;
const EXTENDED = 8;

function flushIn(
  call: SlowCall,
  input: Uint8Array,
  options: RigOptions = {},
): { outcome: [number, number]; flushes: FlushRequest[] } {
  const flushes: FlushRequest[] = [];
  const rig = new PartitionRig({ vps: VPS, onFlush: (request) => flushes.push(request), ...options });
  return { outcome: callSlow(rig, rig.partition.gate(1), call, input), flushes };
}

interface Masked {
  readonly flags?: bigint;
  readonly mask?: bigint;
  readonly ranges?: readonly bigint[];
}

function masked({ flags = 0n, mask = 0n, ranges = [] }: Masked): Uint8Array {
  return encode(hv_tlb_flush, { address_space: 0x5000n, flags, processor_mask: mask, gva_list: ranges });
}

interface Sparse {
  readonly flags?: bigint;
  readonly format?: bigint;
  readonly banks?: readonly (readonly [number, bigint])[];
  readonly mask?: bigint;
  readonly ranges?: readonly bigint[];
}

function sparse({ flags = 0n, format = 0n, banks = [], mask, ranges = [] }: Sparse): Uint8Array {
  const bankMask = mask ?? banks.reduce((sum, [bank]) => sum | (1n << BigInt(bank)), 0n);
  const fixed = encode(hv_tlb_flush_ex, {
    address_space: 0x5000n,
    flags,
    hv_vp_set: { format, valid_bank_mask: 0n, bank_contents: [] },
    gva_list: [],
  });
  const bytes = new Uint8Array(fixed.length + 8 * (banks.length + ranges.length));
  bytes.set(fixed);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(24, bankMask, true);
  for (const [i, word] of [...banks.map(([, bits]) => bits), ...ranges].entries())
    view.setBigUint64(32 + 8 * i, word, true);
  return bytes;
}

const tlb = suite('hypervisor: TLB flushes 0x02, 0x03, 0x13, 0x14');

tlb('a mask names the VPs below 64 that there are', () => {
  const { outcome, flushes } = flushIn({ code: 2 }, masked({ mask: 0xffn, flags: BigInt(SPACES) }));
  assert.equal(outcome, [0, 0]);
  assert.equal(flushes, [{ vp: 1, vps: [0, 1, 5], addressSpace: 0x5000n, flags: SPACES, ranges: [] }]);
});

tlb('all processors are all there are, whatever the mask says', () => {
  const { flushes } = flushIn({ code: 2 }, masked({ mask: 1n, flags: BigInt(ALL | NON_GLOBAL) }));
  assert.equal(flushes[0]!.vps, VPS);
});

tlb('a list has one range a rep', () => {
  const { outcome, flushes } = flushIn({ code: 3, reps: 3 }, masked({ mask: 2n, ranges: [0x1000n, 0x2fffn, 0x3001n] }));
  assert.equal(outcome, [0, 3]);
  assert.equal(flushes[0]!.ranges, [0x1000n, 0x2fffn, 0x3001n]);
});

tlb('a list that starts further on has the ranges from there', () => {
  const { outcome, flushes } = flushIn(
    { code: 3, reps: 3, repStart: 2 },
    masked({ mask: 2n, ranges: [0x1000n, 0x2fffn, 0x3001n] }),
  );
  assert.equal(outcome, [0, 3]);
  assert.equal(flushes[0]!.ranges, [0x3001n]);
});

tlb('a list is done slice by slice', () => {
  const { outcome, flushes } = flushIn({ code: 3, reps: 3 }, masked({ mask: 2n, ranges: [1n, 2n, 3n] }), {
    sliceReps: 2,
  });
  assert.equal(outcome, [0, 3]);
  assert.equal(
    flushes.map(({ ranges }) => ranges),
    [[1n, 2n], [3n]],
  );
});

tlb('sparse sets name VPs by bank, empty banks included', () => {
  const banks = [
    [0, 0x22n],
    [1, 0n],
    [2, 4n],
  ] as const;
  const { outcome, flushes } = flushIn({ code: 0x13, varQwords: 3 }, sparse({ banks }));
  assert.equal(outcome, [0, 0]);
  assert.equal(flushes[0]!.vps, [1, 5, 130]);
});

tlb('the list of a sparse call lies behind its banks', () => {
  const { outcome, flushes } = flushIn(
    { code: 0x14, varQwords: 2, reps: 2 },
    sparse({
      banks: [
        [1, 2n],
        [2, 4n],
      ],
      ranges: [0x7000n, 0x8000n],
      flags: BigInt(EXTENDED),
    }),
  );
  assert.equal(outcome, [0, 2]);
  assert.equal(
    [flushes[0]!.vps, flushes[0]!.ranges],
    [
      [65, 130],
      [0x7000n, 0x8000n],
    ],
  );
});

tlb('a set is not looked at when all processors are meant', () => {
  const { outcome, flushes } = flushIn(
    { code: 0x13, varQwords: 0 },
    sparse({ flags: BigInt(ALL), format: 1n, mask: 7n }),
  );
  assert.equal(outcome, [0, 0]);
  assert.equal(flushes[0]!.vps, VPS);
});

for (const [what, call, input] of [
  ['a reserved flag', { code: 2 }, masked({ flags: 0x10n })],
  ['a reserved flag of the upper half', { code: 2 }, masked({ flags: 1n << 63n })],
  ['a reserved flag of a list', { code: 3, reps: 1 }, masked({ flags: 0x100n, ranges: [0n] })],
  ['a reserved flag of a sparse call', { code: 0x13, varQwords: 1 }, sparse({ flags: 0x20n, banks: [[0, 1n]] })],
  ['the format of all VPs', { code: 0x13, varQwords: 0 }, sparse({ format: 1n })],
  ['a format beyond', { code: 0x14, varQwords: 0, reps: 1 }, sparse({ format: 1n << 32n, ranges: [0n] })],
  ['a bank too few', { code: 0x13, varQwords: 1 }, sparse({ banks: [[0, 1n]], mask: 3n })],
  [
    'a bank too many',
    { code: 0x13, varQwords: 2 },
    sparse({
      banks: [
        [0, 1n],
        [1, 1n],
      ],
      mask: 1n,
    }),
  ],
] as const)
  tlb(`${what} is an invalid parameter`, () => {
    const { outcome, flushes } = flushIn(call, input);
    assert.equal(outcome, [5, 0]);
    assert.is(flushes.length, 0);
  });

tlb('a lenient hypervisor takes reserved flags', () => {
  assert.equal(flushIn({ code: 2 }, masked({ flags: 0x10n }), { lenient: true }).outcome, [0, 0]);
});

tlb('two registers and half of a third hold a fast flush', () => {
  const flushes: FlushRequest[] = [];
  const rig = new PartitionRig({ vps: VPS, onFlush: (request) => flushes.push(request) });
  const registers = BigUint64Array.of(0x5000n, 0n, 0x20n, 0n);
  assert.equal(callFast(rig.partition.gate(0), { code: 2 }, registers), [0, 0]);
  assert.equal(flushes[0]!.vps, [5]);
});

tlb('nobody needs to listen', () => {
  const rig = new PartitionRig();
  assert.equal(callSlow(rig, rig.partition.gate(0), { code: 2 }, masked({ mask: 1n })), [0, 0]);
  assert.equal(
    rig.kinds('hypercall').map(({ result }) => result),
    ['0x0'],
  );
});

tlb('arm64 guests have no such call', () => {
  for (const code of [2, 3, 0x13, 0x14]) assert.equal(flushIn({ code }, masked({}), { arch: 'arm64' }).outcome, [2, 0]);
});

tlb.run();
