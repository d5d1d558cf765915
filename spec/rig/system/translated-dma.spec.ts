import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { TranslatedDma } from '../../../src/rig/system/translated-dma.js';
import { DEVICE, IommuRig, LOGICAL } from '../../hypervisor/iommu/iommu-rig.js';
import { randomBytes, randomWords } from '../../support/random.js';

const test = suite('a device behind the IOMMU');

/** Tables at 0x40000 and behind it: root, then a table for each level of page 0 of its first gigabyte. */
const ROOT = 0x40000;
const LEAVES = 0x43000;

interface Behind {
  readonly rig: IommuRig;
  readonly dma: TranslatedDma;
  /** Makes an entry of the last table lead somewhere. */
  map(page: number, entry: bigint): void;
  /** Events of one kind, without the kind. */
  events(kind: string): readonly unknown[];
}

function behind(): Behind {
  const rig = new IommuRig({}, { isRoot: false });
  for (let level = 0; level < 3; level++)
    rig.memory.writeU64(ROOT + level * 0x1000, BigInt(ROOT + (level + 1) * 0x1000) | 3n);
  rig.create({ id: 1, type: 1 });
  rig.configure({ id: 1 }, 1n, BigInt(ROOT));
  rig.attach({ id: 1, type: 1 }, LOGICAL);
  const events: (Readonly<Record<string, unknown>> & { readonly k: string })[] = [];
  const trace = {
    event: (event: Readonly<Record<string, unknown>> & { readonly k: string }) => void events.push(event),
  };
  const { memory, partitionId } = rig.partition;
  return {
    rig,
    dma: new TranslatedDma({ memory, partitionId, trace, isTraced: true }, rig.iommu, LOGICAL),
    map: (page, entry) => rig.memory.writeU64(LEAVES + page * 8, entry),
    events: (kind) => events.filter(({ k }) => k === kind).map(({ k: _, ...rest }) => rest),
  };
}

const hex = (rig: IommuRig, gpa: number, length: number): string => {
  const bytes = new Uint8Array(length);
  rig.memory.read(gpa, bytes);
  return bytesToHex(bytes);
};

test('E2E-01 PVI-52 reads and writes go where the tables say, page by page', () => {
  const { rig, dma, map, events } = behind();
  map(1, 0x8003n);
  map(2, 0x6003n);
  assert.ok(dma.write(0x1ffcn, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
  assert.is(hex(rig, 0x8ffc, 4), '01020304');
  assert.is(hex(rig, 0x6000, 4), '05060708');
  const back = new Uint8Array(8);
  assert.ok(dma.read(0x1ffcn, back));
  assert.is(bytesToHex(back), '0102030405060708');
  assert.ok(dma.storeU32(0x2010n, 0x89abcdef));
  assert.is(hex(rig, 0x6010, 4), 'efcdab89');
  assert.not(dma.storeU32(0x2012n, 1));
  const device = '0x37a94e00';
  assert.equal(events('dma'), [
    { device, iova: '0x1ffc', gpa: '0x8ffc', length: 4, access: 'write' },
    { device, iova: '0x2000', gpa: '0x6000', length: 4, access: 'write' },
    { device, iova: '0x1ffc', gpa: '0x8ffc', length: 4, access: 'read' },
    { device, iova: '0x2000', gpa: '0x6000', length: 4, access: 'read' },
  ]);
  assert.equal(events('iommu_fault'), []);
});

test('a refused access does nothing, and says where and why', () => {
  const { rig, dma, map, events } = behind();
  map(1, 0x8003n);
  map(3, 0x8001n);
  map(4, 0x7fff_f003n);
  map(0xf, 0xffff_ffff_f003n);
  rig.memory.clear(0x8000, 0x1000);
  const eight = new Uint8Array(8).fill(0xee);
  for (const [iova, access, at, reason] of [
    [0x1ffcn, 'write', '0x2000', 'not mapped'],
    [0x3000n, 'write', '0x3000', 'not writable'],
    [0x4000n, 'read', '0x4000', 'no memory'],
    [0xf000n, 'write', '0xf000', 'no memory'],
    [0xfee0_1000n, 'write', '0xfee01000', 'interrupt window'],
    [0xfedf_fffcn, 'read', '0xfedffffc', 'interrupt window'],
    [0xfeef_fffcn, 'read', '0xfeeffffc', 'interrupt window'],
    [0xfef0_0000n, 'read', '0xfef00000', 'not mapped'],
    [1n << 48n, 'read', '0x1000000000000', 'beyond width'],
    [0xffff_ffff_ffff_fffcn, 'read', '0xfffffffffffffffc', 'beyond width'],
  ] as const) {
    const before = events('iommu_fault').length;
    assert.not(access === 'read' ? dma.read(iova, eight) : dma.write(iova, eight), reason);
    assert.equal(events('iommu_fault').slice(before), [{ device: '0x37a94e00', iova: at, access, reason }]);
  }
  assert.is(hex(rig, 0x8ff8, 8), '0000000000000000');
  assert.is(bytesToHex(eight), 'eeeeeeeeeeeeeeee');
  rig.iommu.domains.removeDevice(LOGICAL);
  assert.not(dma.read(0x1000n, eight));
  assert.equal((events('iommu_fault').at(-1) as { reason: string }).reason, 'unknown device');
});

test('PVI-51 what goes by a translation that the tables no longer have is seen, and recorded each time', () => {
  const { rig, dma, map, events } = behind();
  map(1, 0x8003n);
  const four = new Uint8Array(4);
  assert.ok(dma.read(0x1000n, four));
  map(1, 0n);
  for (let time = 0; time < 2; time++) assert.ok(dma.read(0x1000n, four));
  assert.equal(
    events('dma').map((event) => (event as { stale_tlb_hits?: number }).stale_tlb_hits),
    [undefined, 1, 1],
  );
  rig.flush({ id: 1 });
  assert.not(dma.read(0x1000n, four));
  assert.is(rig.iommu.dma.staleTlbHits, 2);
});

test('a page that leads elsewhere is recorded again, one that does not is not; the number of events has an end', () => {
  const { rig, dma, map, events } = behind();
  const four = new Uint8Array(4);
  for (let time = 0; time < 5; time++) {
    map(1, BigInt(0x8000 + (time & 1) * 0x1000) | 3n);
    rig.flush({ id: 1 });
    for (let again = 0; again < 4; again++) assert.ok(dma.write(0x1000n + BigInt(again * 8), four));
  }
  assert.is(events('dma').length, 5);
  for (let time = 0; time < 1500; time++) {
    map(1, BigInt(0x8000 + (time & 1) * 0x1000) | 3n);
    rig.flush({ id: 1 });
    dma.write(0x1000n, four);
    dma.write(0x2000n, four);
  }
  assert.is(events('dma').length, 1000);
  assert.is(events('iommu_fault').length, 256);
});

test('a device that nobody attached goes straight to memory, and no translation is recorded', () => {
  const rig = new IommuRig({}, { isRoot: false });
  const events: unknown[] = [];
  const { memory, partitionId } = rig.partition;
  const trace = { event: (event: unknown) => void events.push(event) };
  const dma = new TranslatedDma({ memory, partitionId, trace, isTraced: true }, rig.iommu, LOGICAL);
  assert.ok(dma.write(0x5000n, Uint8Array.of(7)));
  assert.is(hex(rig, 0x5000, 1), '07');
  assert.not(dma.read(BigInt(rig.memory.size), new Uint8Array(1)));
  assert.is(events.length, 1);
});

test("a device in another partition's address space has none of this one's memory", () => {
  const rig = new IommuRig({ guestPartitions: [0x42n] });
  const { memory, partitionId, trace } = rig.partition;
  const dma = new TranslatedDma({ memory, partitionId, trace, isTraced: false }, rig.iommu, DEVICE);
  assert.ok(dma.read(0x5000n, new Uint8Array(1)));
  assert.is(rig.iommu.domains.attachDirectly(DEVICE, { partitionId: 0x42n, logicalId: 0x18n }), 0);
  assert.not(dma.read(0x5000n, new Uint8Array(1)));
});

/** Tables of a guest that means harm. */
const HOSTILE: readonly (readonly [note: string, make: (rig: IommuRig) => void])[] = [
  ['a root that points at itself', ({ memory }) => memory.writeU64(ROOT, BigInt(ROOT) | 3n)],
  [
    'all tables are one',
    ({ memory }) => {
      for (let slot = 0; slot < 512; slot++) memory.writeU64(ROOT + slot * 8, BigInt(ROOT) | 3n);
    },
  ],
  ['a table outside of memory', ({ memory }) => memory.writeU64(ROOT, 0xf_ffff_ffff_f003n)],
  ['a table half outside of memory', ({ memory }) => memory.writeU64(ROOT, BigInt(memory.size) | 3n)],
  ['a page of 512 GiB', ({ memory }) => memory.writeU64(ROOT, 0x83n)],
  ['a large page that is not aligned', ({ memory }) => memory.writeU64(ROOT + 0x1000, 0x5083n)],
  ['every reserved bit', ({ memory }) => memory.writeU64(LEAVES, 0xffff_ffff_ffff_ffffn)],
  [
    'random tables',
    ({ memory }) => {
      for (let table = 0; table < 4; table++) memory.write(ROOT + table * 0x1000, randomBytes(0x1000, table + 1));
    },
  ],
];

for (const [note, make] of HOSTILE)
  test(`PVI-52 hostile tables, ${note}: accesses are done or refused, in memory, and nothing throws`, () => {
    const { rig, dma } = behind();
    make(rig);
    const words = randomWords(7);
    const page = new Uint8Array(0x3000);
    for (let round = 0; round < 300; round++) {
      const iova = (BigInt(words()) << BigInt(words() % 33)) | BigInt(words() % 0x3000);
      const bytes = page.subarray(0, words() % 3 === 0 ? page.length : words() % 64);
      const done = words() % 2 === 0 ? dma.read(iova, bytes) : dma.write(iova, bytes);
      assert.type(done, 'boolean');
      assert.type(dma.storeU32(iova, words()), 'boolean');
    }
  });

test.run();
