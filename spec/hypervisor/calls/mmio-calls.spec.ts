import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_mmio_read_input, hv_mmio_write_input } from '../../../src/abi/hv/mmio.js';
import { encode } from '../../../src/layout/codec.js';
import { callSlow, hexOf, OUTPUT, PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: device space by hypercalls');

const GPA = 0xf8000000;
const READ = { code: 0x106 };
const WRITE = { code: 0x107 };

function rigWithDevice(): [PartitionRig, unknown[]] {
  const rig = new PartitionRig();
  const seen: unknown[] = [];
  rig.partition.mapWindow(GPA, 0x2000, {
    read: (offset, size, vp) => {
      seen.push(['r', offset, size, vp]);
      return 0x8877665544332211n;
    },
    write: (offset, size, value, vp) => seen.push(['w', offset, size, value, vp]),
  });
  return [rig, seen];
}

for (const [size, out] of [
  [1, '11'],
  [2, '2211'],
  [4, '44332211'],
  [8, '8877665544332211'],
] as const)
  test(`a read of ${size} bytes`, () => {
    const [rig, seen] = rigWithDevice();
    const input = encode(hv_mmio_read_input, { gpa: BigInt(GPA + 0x1008), size });
    assert.equal(callSlow(rig, rig.partition.gate(1), READ, input), [0, 0]);
    assert.equal(seen, [['r', 0x1008, size, 1]]);
    const bytes = new Uint8Array(64);
    rig.memory.read(OUTPUT, bytes);
    assert.is(hexOf(bytes), hexOf(bytes.slice(0, size)).padEnd(128, '0'));
    assert.is(hexOf(bytes.slice(0, size).reverse()), out);
  });

test('a write, and stale bytes in its reserved word and behind its data', () => {
  const [rig, seen] = rigWithDevice();
  const input = encode(hv_mmio_write_input, { gpa: BigInt(GPA), size: 4, data: new Uint8Array(64).fill(0xab) });
  input[12] = 0x94;
  assert.equal(callSlow(rig, rig.partition.gate(0), WRITE, input), [0, 0]);
  assert.equal(seen, [['w', 0, 4, 0xababababn, 0]]);
});

test('other sizes in the largest aligned pieces', () => {
  const [rig, seen] = rigWithDevice();
  const input = encode(hv_mmio_write_input, {
    gpa: BigInt(GPA + 3),
    size: 12,
    data: Uint8Array.from({ length: 64 }, (_, i) => i),
  });
  assert.equal(callSlow(rig, rig.partition.gate(0), WRITE, input), [0, 0]);
  assert.equal(seen, [
    ['w', 3, 1, 0n, 0],
    ['w', 4, 4, 0x04030201n, 0],
    ['w', 8, 4, 0x08070605n, 0],
    ['w', 12, 2, 0x0a09n, 0],
    ['w', 14, 1, 0x0bn, 0],
  ]);
});

for (const [what, gpa, size] of [
  ['no size', BigInt(GPA), 0],
  ['more than 64 bytes', BigInt(GPA), 65],
  ['a size of 32 bits', BigInt(GPA), 0xffff_ffff],
  ['memory', 0x1000n, 4],
  ['nothing there', 0xf900_0000n, 4],
  ['over the end of the window', BigInt(GPA + 0x1ffe), 4],
  ['an address of 64 bits', 0xffff_ffff_ffff_fffen, 4],
] as const)
  test(`${what}: invalid parameter, and no access`, () => {
    const [rig, seen] = rigWithDevice();
    const gate = rig.partition.gate(0);
    assert.equal(callSlow(rig, gate, READ, encode(hv_mmio_read_input, { gpa, size })), [5, 0]);
    const data = new Uint8Array(64);
    assert.equal(callSlow(rig, gate, WRITE, encode(hv_mmio_write_input, { gpa, size, data })), [5, 0]);
    assert.equal(seen, []);
  });

test.run();
