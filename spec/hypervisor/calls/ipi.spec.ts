import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_send_ipi } from '../../../src/abi/hv/vp-set.js';
import { encode } from '../../../src/layout/codec.js';
import { callFast, callSlow, PartitionRig, type SlowCall } from '../partition-rig.js';

const VPS = [0, 1, 3, 64, 130];

/** vector, target VTL word, format, mask of banks, banks. */
function setInput(vector: number, vtl: number, format: bigint, mask: bigint, banks: readonly bigint[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 + 8 * banks.length));
  view.setUint32(0, vector, true);
  view.setUint32(4, vtl, true);
  view.setBigUint64(8, format, true);
  view.setBigUint64(16, mask, true);
  for (const [i, bank] of banks.entries()) view.setBigUint64(24 + 8 * i, bank, true);
  return new Uint8Array(view.buffer);
}

function send(call: SlowCall, input: Uint8Array, arch: 'x64' | 'arm64' = 'x64') {
  const rig = new PartitionRig({ vps: VPS, arch });
  const outcome = callSlow(rig, rig.partition.gate(0), call, input);
  return { rig, outcome, interrupts: rig.interrupts };
}

const ipi = suite('hypervisor: cluster IPIs 0x0B, 0x15');

ipi('every VP of the mask that exists gets the vector', () => {
  const { outcome, interrupts } = send({ code: 0xb }, encode(hv_send_ipi, { vector: 0xfb, cpu_mask: 0xfn }));
  assert.equal(outcome, [0, 0]);
  assert.equal(interrupts, [
    [0, 0xfb],
    [1, 0xfb],
    [3, 0xfb],
  ]);
});

ipi('two registers hold one, and it is in the trace behind its call', () => {
  const rig = new PartitionRig({ vps: VPS });
  assert.equal(callFast(rig.partition.gate(1), { code: 0xb }, BigUint64Array.of(0xfdn, 1n)), [0, 0]);
  assert.equal(rig.interrupts, [[0, 0xfd]]);
  assert.equal(
    rig.kinds('hypercall', 'msi').map(({ k }) => k),
    ['hypercall', 'msi'],
  );
});

ipi('a handler that makes a call of its own leaves the sender its result', () => {
  const rig = new PartitionRig({ vps: VPS });
  const gate = rig.partition.gate(0);
  rig.interrupted = () => assert.equal(callFast(gate, { code: 0xffff }, new BigUint64Array(2)), [2, 0]);
  assert.equal(callFast(gate, { code: 0xb }, BigUint64Array.of(0xfdn, 1n)), [0, 0]);
  assert.is(rig.interrupts.length, 1);
});

ipi('a sparse set names VPs by bank, empty banks included', () => {
  const { outcome, interrupts } = send({ code: 0x15, varQwords: 3 }, setInput(0xfb, 0, 0n, 7n, [0n, 1n, 4n]));
  assert.equal(outcome, [0, 0]);
  assert.equal(interrupts, [
    [64, 0xfb],
    [130, 0xfb],
  ]);
});

ipi('the format of all VPs is taken', () => {
  const { interrupts } = send({ code: 0x15 }, setInput(0xfb, 0, 1n, 0n, []));
  assert.equal(
    interrupts.map(([vp]) => vp),
    VPS,
  );
});

ipi('an empty set interrupts nobody and is fine', () => {
  for (const { outcome, interrupts } of [
    send({ code: 0xb }, encode(hv_send_ipi, { vector: 0x20, cpu_mask: 0n })),
    send({ code: 0x15 }, setInput(0x20, 0, 0n, 0n, [])),
    send({ code: 0xb }, encode(hv_send_ipi, { vector: 0x20, cpu_mask: 0xf4n })),
  ]) {
    assert.equal(outcome, [0, 0]);
    assert.equal(interrupts, []);
  }
});

ipi('VTL 0 may be said', () => {
  assert.equal(send({ code: 0x15 }, setInput(0x20, 0x10, 1n, 0n, [])).outcome, [0, 0]);
});

for (const [what, call, input] of [
  ['a vector below 16', { code: 0xb }, setInput(15, 0, 1n, 0n, [])],
  ['a vector above 255', { code: 0xb }, setInput(256, 0, 1n, 0n, [])],
  ['a vector below 16 of a set', { code: 0x15 }, setInput(0, 0, 1n, 0n, [])],
  ['another VTL', { code: 0xb }, setInput(0x20, 0x11, 1n, 0n, [])],
  ['a reserved bit beside the VTL', { code: 0x15 }, setInput(0x20, 0x20, 1n, 0n, [])],
  ['a format beyond', { code: 0x15 }, setInput(0x20, 0, 2n, 0n, [])],
  ['a format beyond in the upper half', { code: 0x15 }, setInput(0x20, 0, 1n << 32n, 0n, [])],
  ['a bank too few', { code: 0x15, varQwords: 1 }, setInput(0x20, 0, 0n, 3n, [1n])],
  ['a bank too many', { code: 0x15, varQwords: 2 }, setInput(0x20, 0, 0n, 1n, [1n, 1n])],
] as const)
  ipi(`${what} is an invalid parameter and interrupts nobody`, () => {
    const { outcome, interrupts } = send(call, input);
    assert.equal(outcome, [5, 0]);
    assert.equal(interrupts, []);
  });

ipi('arm64 guests have no such call', () => {
  assert.equal(send({ code: 0xb }, setInput(0x20, 0, 0n, 0n, []), 'arm64').outcome, [2, 0]);
  assert.equal(send({ code: 0x15 }, setInput(0x20, 0, 1n, 0n, []), 'arm64').outcome, [2, 0]);
});

ipi.run();
