import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cpuidLeavesOf, type LeafSetting } from '../../src/hypervisor/cpuid-leaves.js';
import { readCapture } from '../support/captures.js';
import { PartitionRig } from './partition-rig.js';

const test = suite('hypervisor: CPUID leaves');

/** Setting of the hypervisor that a guest of fixtures/captures was recorded on. */
const CAPTURES: readonly [string, Partial<LeafSetting>][] = [
  ['conversation-boot.jsonl', {}],
  ['tlb.jsonl', { bits: { hints: 0x404, misc: 0x10 } }],
  ['conversation-mmiocall.jsonl', { bits: { hints: 0x200000 } }],
  ['root-interrupts.jsonl', { isRoot: true }],
];

function leavesOf(setting: Partial<LeafSetting> = {}): string[][] {
  const leaves = cpuidLeavesOf({ arch: 'x64', isRoot: false, isConfidential: false, bits: {}, ...setting });
  return leaves.map(({ leaf, eax, ebx, ecx, edx }) =>
    [leaf, eax, ebx, ecx, edx].map((word) => `0x${word.toString(16)}`),
  );
}

for (const [name, setting] of CAPTURES)
  test(`those of ${name}`, () => {
    const setup = readCapture(name).find(({ k }) => k === 'setup')!;
    assert.equal(leavesOf(setting), setup.cpuid);
  });

test('arm64 has fewer registers, and hints for none', () => {
  const leaves = leavesOf({ arch: 'arm64' });
  assert.equal(
    leaves.filter(([leaf]) => leaf === '0x40000003' || leaf === '0x40000004'),
    [
      ['0x40000003', '0x64', '0x30', '0x0', '0x100'],
      ['0x40000004', '0x0', '0x0', '0x0', '0x0'],
    ],
  );
});

test('a confidential partition is told so, and how to reach devices', () => {
  const leaves = new Map(leavesOf({ isConfidential: true }).map(([leaf, ...words]) => [leaf, words]));
  assert.equal(leaves.get('0x40000003'), ['0xa76', '0x400030', '0x0', '0x500']);
  assert.equal(leaves.get('0x40000004'), ['0x200220', '0xfff', '0x0', '0x0']);
  assert.equal(leaves.get('0x4000000c'), ['0x0', '0x1', '0x0', '0x0']);
  assert.is(leaves.get('0x40000000')![0], '0x4000000c');
});

for (const [note, options, edx] of [
  // linux-series-amd64/root-iommu and /pviommu: 0x1000500 and 0x500.
  ['a root partition with device domains', { isRoot: true, iommu: {} }, 0x1000500],
  ['a root partition without', { isRoot: true }, 0x500],
  ['a root inside a partition, which attaches directly', { isRoot: true, iommu: { isL1vh: true } }, 0x500],
  ['a guest with an IOMMU, which no bit tells', { iommu: {} }, 0x500],
] as const)
  test(`IOMMU-01 ${note}`, () => {
    assert.is(new PartitionRig(options).partition.cpuid(0x4000_0003).edx, edx);
  });

test('leaves that are not there are zeros', () => {
  const { partition } = new PartitionRig();
  assert.equal(partition.cpuid(0x4000_0009), { eax: 0, ebx: 0, ecx: 0, edx: 0 });
  assert.is(partition.cpuid(0x4000_0001).eax, 0x31237648);
  assert.is(partition.cpuidLeaves().length, 7);
});

test.run();
