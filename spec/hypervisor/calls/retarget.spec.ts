import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_retarget_device_interrupt } from '../../../src/abi/hv/msi.js';
import { encode } from '../../../src/layout/codec.js';
import type { InterruptMessage } from '../../../src/ports/host-port.js';
import { callSlow, PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: retarget (VPCI-59, VPCI-60: sparse sets with and without empty banks)');

const DEVICE = 0x37a94e00n;
const CODE = 0x7e;
const SELF = 0xffff_ffff_ffff_ffffn;

interface Words {
  partition?: bigint;
  device?: bigint;
  source?: number;
  address?: number;
  data?: number;
  vector?: number;
  flags?: number;
  maskOrFormat?: bigint;
  /** Variable header. */
  header?: readonly bigint[];
}

/** The 56 bytes of the x64 form, and the variable header. */
function input(words: Words = {}): Uint8Array {
  const { header = [1n, 2n] } = words;
  const view = new DataView(new ArrayBuffer(56 + 8 * header.length));
  view.setBigUint64(0, words.partition ?? SELF, true);
  view.setBigUint64(8, words.device ?? DEVICE, true);
  view.setUint32(16, words.source ?? 1, true);
  view.setUint32(24, words.address ?? 0xfee01000, true);
  view.setUint32(28, words.data ?? 0x20, true);
  view.setUint32(40, words.vector ?? 0x41, true);
  view.setUint32(44, words.flags ?? 2, true);
  view.setBigUint64(48, words.maskOrFormat ?? 0n, true);
  for (const [i, word] of header.entries()) view.setBigUint64(56 + 8 * i, word, true);
  return new Uint8Array(view.buffer);
}

function rigWith(vps: readonly number[] = [0, 1]): [PartitionRig, InterruptMessage] {
  const rig = new PartitionRig({ vps });
  const message = rig.partition.interrupts.create(DEVICE, 2, { vector: 0x30, vps: [vps[0]!], lowestPriority: false });
  return [rig, message!];
}

function retarget(rig: PartitionRig, words: Words = {}): number {
  const header = words.header ?? [1n, 2n];
  const [status] = callSlow(
    rig,
    rig.partition.gate(rig.partition.vps[0]!),
    { code: CODE, varQwords: header.length },
    input(words),
  );
  return status;
}

test('the form is the declared one', () => {
  const declared = encode(hv_retarget_device_interrupt.x64, {
    partition_id: SELF,
    device_id: DEVICE,
    int_entry: { source: 1, u: { msi_entry: { as_uint64: 0x20_fee0_1000n } } },
    int_target: {
      vector: 0x41,
      flags: 2,
      u: { vp_set: { format: 0n, valid_bank_mask: 1n, bank_contents: [2n] } },
    },
  });
  assert.equal([...declared], [...input()]);
});

test('the next write goes to the new vector and VP', () => {
  const [rig, message] = rigWith();
  assert.equal(message, { address: 0xfee01000n, data: 0x20 });
  assert.is(retarget(rig), 0);
  rig.partition.interrupts.raise(message);
  rig.partition.interrupts.raise({ ...message, data: 0x21 });
  assert.equal(rig.interrupts, [
    [1, 0x41],
    [0, 0x31],
  ]);
});

const SPARSE: readonly [string, readonly bigint[], readonly number[]][] = [
  ['VP 0', [1n, 1n], [0]],
  ['VP 63', [1n, 1n << 63n], [63]],
  ['VP 64, empty bank named', [3n, 0n, 1n], [64]],
  ['VP 64, packed', [2n, 1n], [64]],
  ['VP 0, 64 and 200, empty bank named', [15n, 1n, 1n, 0n, 1n << 8n], [0, 64, 200]],
  ['VP 0, 64 and 200, packed', [11n, 1n, 1n, 1n << 8n], [0, 64, 200]],
  ['VP 4095', [1n << 63n, 1n << 63n], [4095]],
  ['nobody', [0n], []],
];

for (const [what, header, vps] of SPARSE)
  test(`VPCI-60: ${what}`, () => {
    const [rig, message] = rigWith([0, 63, 64, 200, 4095]);
    assert.is(retarget(rig, { header, flags: 3 }), 0);
    assert.is(rig.partition.interrupts.raise(message), vps.length > 0);
    assert.equal(
      rig.interrupts,
      vps.map((vp) => [vp, 0x41]),
    );
  });

test('without multicast one of the set is chosen', () => {
  const [rig, message] = rigWith();
  assert.is(retarget(rig, { header: [1n, 3n] }), 0);
  rig.partition.interrupts.raise(message);
  assert.is(rig.interrupts.length, 1);
});

test('a plain mask needs no variable header, and does not mind one', () => {
  const [rig, message] = rigWith();
  assert.is(retarget(rig, { flags: 0, maskOrFormat: 2n, header: [] }), 0);
  rig.partition.interrupts.raise(message);
  assert.is(retarget(rig, { flags: 1, maskOrFormat: 3n, header: [7n] }), 0);
  rig.partition.interrupts.raise(message);
  assert.equal(rig.interrupts, [
    [1, 0x41],
    [0, 0x41],
    [1, 0x41],
  ]);
});

const REFUSED: readonly [string, Words, number][] = [
  ['another partition', { partition: 77n }, 0x0d],
  ['this partition by its number', { partition: 2n }, 0],
  ['flag 3', { flags: 10 }, 5],
  ['flag 31', { flags: 0x80000002 }, 5],
  ['the proxy flag', { flags: 6 }, 0],
  ['source 0', { source: 0 }, 5],
  ['source I/O APIC', { source: 2 }, 5],
  ['set format "all"', { maskOrFormat: 1n }, 5],
  ['a format above 32 bits', { maskOrFormat: 1n << 32n }, 5],
  ['no variable header', { header: [] }, 5],
  ['a bank too few', { header: [3n, 1n] }, 5],
  ['a bank too many', { header: [1n, 1n, 1n] }, 5],
  ['a VP that is not there', { header: [1n, 4n] }, 5],
  ['a VP of the plain mask that is not there', { flags: 0, maskOrFormat: 4n }, 5],
  ['an unknown device', { device: 0x37a94e01n }, 0x57],
  ['another address', { address: 0xfee02000 }, 5],
  ['other data', { data: 0x22 }, 5],
  ['the second message', { data: 0x21 }, 0],
];

for (const [what, words, status] of REFUSED)
  test(`${what}: status 0x${status.toString(16)}`, () => {
    const [rig, message] = rigWith();
    assert.is(retarget(rig, words), status);
    if (status === 0) return;
    rig.partition.interrupts.raise(message);
    assert.equal(rig.interrupts, [[0, 0x30]], 'the message goes where it went');
  });

test('arm64 has a longer message in the entry', () => {
  const rig = new PartitionRig({ arch: 'arm64' });
  const message = rig.partition.interrupts.create(DEVICE, 1, { vector: 64, vps: [0], lowestPriority: false })!;
  const bytes = encode(hv_retarget_device_interrupt.arm64, {
    partition_id: SELF,
    device_id: DEVICE,
    int_entry: { source: 1, u: { msi_entry: { msi: { address: message.address, data: message.data } } } },
    int_target: {
      vector: 65,
      flags: 2,
      u: { vp_set: { format: 0n, valid_bank_mask: 1n, bank_contents: [2n] } },
    },
  });
  assert.equal(callSlow(rig, rig.partition.gate(0), { code: CODE, varQwords: 2 }, bytes), [0, 0]);
  rig.partition.interrupts.raise(message);
  assert.equal(rig.interrupts, [[1, 65]]);
});

test.run();
