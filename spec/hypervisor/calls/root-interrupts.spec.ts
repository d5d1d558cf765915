import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../../src/bytes/hex.js';
import { callSlow, OUTPUT, PartitionRig } from '../partition-rig.js';

const IOAPIC = 0x8000000000000000n;
const PCI = 0x4000000000000018n;
const LOGICAL = 0x18n;
const ACPI = 0xc000000000000000n;
const EDGE = 0;
const LEVEL = 1;
const MULTICAST = 1;
const SET = 2;

interface Mapping {
  readonly partition?: bigint;
  readonly device?: bigint;
  readonly type?: number;
  readonly trigger?: number;
  readonly count?: number;
  readonly vector?: number;
  readonly flags?: number;
  /** Mask, or format and mask of banks behind which the banks follow. */
  readonly words?: readonly bigint[];
}

function input(mapping: Mapping): Uint8Array {
  const {
    partition = 1n,
    device = PCI,
    type = 0,
    trigger = EDGE,
    count = 1,
    vector = 0x40,
    flags = 0,
    words = [1n],
  } = mapping;
  const view = new DataView(new ArrayBuffer(64 + 8 * words.length));
  view.setBigUint64(0, partition, true);
  view.setBigUint64(8, device, true);
  for (const [i, word] of [type, trigger, count, 0, vector, flags].entries()) view.setUint32(40 + 4 * i, word, true);
  for (const [i, word] of words.entries()) view.setBigUint64(64 + 8 * i, word, true);
  return new Uint8Array(view.buffer);
}

class Bench {
  readonly rig: PartitionRig;

  constructor(arch: 'x64' | 'arm64' = 'x64') {
    this.rig = new PartitionRig({ arch, isRoot: true, vps: [0, 1, 66, 0x305] });
    this.rig.memory.write(OUTPUT, new Uint8Array(64).fill(0xa5));
  }

  map(mapping: Mapping = {}): [number, number] {
    const varQwords = (mapping.words?.length ?? 1) - 1;
    return callSlow(this.rig, this.rig.partition.gate(0), { code: 0x7c, varQwords }, input(mapping));
  }

  unmap(device: bigint, entry: string, partition = 1n): [number, number] {
    const head = new Uint8Array(BigUint64Array.of(partition, device).buffer);
    const bytes = Uint8Array.of(...head, ...hexToBytes(entry));
    return callSlow(this.rig, this.rig.partition.gate(0), { code: 0x7d }, bytes);
  }

  get entry(): string {
    return this.rig.hex(OUTPUT, 16);
  }

  get size(): number {
    return this.rig.partition.machine!.interrupts.size;
  }
}

const interrupts = suite('hypervisor: interrupts of physical devices 0x7C, 0x7D');

for (const [what, mapping, entry] of [
  ['a message to VP 0', {}, '01000000000000000000e0fe40000000'],
  ['a message to VP 1', { words: [2n] }, '01000000000000000010e0fe40000000'],
  ['a message to the first of several', { words: [3n], vector: 0xef }, '01000000000000000000e0feef000000'],
  ['lowest priority', { type: 1 }, '01000000000000000000e0fe40010000'],
  ['a logical id is a device too', { device: LOGICAL, vector: 0x22 }, '01000000000000000000e0fe22000000'],
  ['an I/O APIC, edge', { device: IOAPIC, vector: 0x30 }, '02000000000000003000000000000000'],
  [
    'an I/O APIC, level, VP 1',
    { device: IOAPIC, vector: 0x20, trigger: LEVEL, words: [2n] },
    '02000000000000002080000000000001',
  ],
  ['a sparse set', { flags: SET, words: [0n, 2n, 4n] }, '01000000000000000020e4fe40000000'],
  ['a VP above 255', { flags: SET, words: [0n, 0x1000n, 0x20n] }, '01000000000000006050e0fe40000000'],
  [
    'a VP above 255, I/O APIC',
    { device: IOAPIC, flags: SET, words: [0n, 0x1000n, 0x20n] },
    '02000000000000004000000000000605',
  ],
  ['all of a sparse set', { flags: SET | MULTICAST, words: [0n, 3n, 2n, 4n] }, '01000000000000000010e0fe40000000'],
] as readonly (readonly [string, Mapping, string])[])
  interrupts(`${what}: the entry says so, and is taken back by it`, () => {
    const bench = new Bench();
    assert.equal(bench.map(mapping), [0, 0]);
    assert.is(bench.entry, entry);
    assert.is(bench.rig.hex(OUTPUT + 16, 4), 'a5a5a5a5', '16 bytes are written');
    assert.is(bench.size, 1);
    const device = mapping.device ?? PCI;
    assert.equal(bench.unmap(device, entry), [0, 0]);
    assert.is(bench.size, 0);
    assert.equal(bench.unmap(device, entry), [5, 0], 'but once');
  });

for (const [what, mapping, status] of [
  ['another partition', { partition: 2n }, 0xd],
  ['an ACPI device', { device: ACPI }, 0x57],
  ['an NMI', { type: 4 }, 5],
  ['a trigger beyond', { trigger: 2 }, 5],
  ['no vector', { count: 0 }, 5],
  ['two vectors', { count: 2 }, 5],
  ['a vector of exceptions', { vector: 15 }, 5],
  ['a vector beyond', { vector: 256 }, 5],
  ['a reserved flag', { flags: 4 }, 5],
  ['nobody', { words: [0n] }, 5],
  ['a VP that is not there', { words: [4n] }, 5],
  ['a set of all', { flags: SET, words: [1n, 0n] }, 5],
  ['a set without banks', { flags: SET, words: [0n] }, 5],
  ['a set with a bank too few', { flags: SET, words: [0n, 3n, 1n] }, 5],
] as readonly (readonly [string, Mapping, number])[])
  interrupts(`${what} is refused, without a trace of it`, () => {
    const bench = new Bench();
    assert.equal(bench.map(mapping), [status, 0]);
    assert.is(bench.size, 0);
    assert.is(bench.entry, 'a5'.repeat(16));
  });

interrupts('two with equal entries are two', () => {
  const bench = new Bench();
  bench.map({ vector: 0xef });
  bench.map({ vector: 0xef });
  const { entry } = bench;
  assert.is(bench.size, 2);
  assert.equal(
    [bench.unmap(PCI, entry), bench.unmap(PCI, entry)],
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal(bench.unmap(PCI, entry), [5, 0]);
});

interrupts('an entry is one device’s', () => {
  const bench = new Bench();
  bench.map();
  assert.equal(bench.unmap(PCI + 8n, bench.entry), [5, 0]);
  assert.equal(bench.unmap(PCI, bench.entry, 2n), [0xd, 0]);
  assert.equal(
    bench.rig.partition.machine!.interrupts.list(PCI).map(({ vector, vps, isLevel }) => [vector, vps, isLevel]),
    [[0x40, [0], false]],
  );
});

interrupts('a root partition on arm64 has no such call', () => {
  assert.equal(new Bench('arm64').map(), [2, 0]);
});

interrupts.run();
