import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { coveringEntry, exactEntries } from '../../../src/guest/pv-iommu/flush-entries.js';
import { IotlbPages } from '../../../src/hypervisor/iommu/iotlb.js';
import { IommuRig, LOGICAL, range } from './iommu-rig.js';

const test = suite('IOTLB and its flushes (PVI-51)');

const LAST = 2 ** 52 - 1;
/** Pages around the borders that matter: 0, 2^47 and 2^57 as addresses, and the last page of 64 bits. */
const pageNumber = fc
  .tuple(fc.constantFrom(0, 2 ** 18, 2 ** 35 - 600, 2 ** 45 - 700, LAST - 1300), fc.nat(1300))
  .map(([base, by]) => base + by);
const kept = fc.record({ page: pageNumber, span: fc.constantFrom(1, 512, 512 * 512) });
const entry = fc.record({ page: pageNumber, shift: fc.oneof(fc.nat(12), fc.constantFrom(35, 45, 51, 52, 63)) });

const translation = (page: number, span: number) => ({ frame: page % 2 ** 40, permissions: 3, span });

function isCovered(page: number, entries: readonly { readonly page: number; readonly shift: number }[]): boolean {
  return entries.some(
    ({ page: at, shift }) => shift >= 52 || Math.floor(page / 2 ** shift) === Math.floor(at / 2 ** shift),
  );
}

test('PVI-38 what an entry names is gone, and nothing else is', () => {
  fc.assert(
    fc.property(fc.array(kept, { maxLength: 40 }), fc.array(entry, { maxLength: 4 }), (pages, entries) => {
      const iotlb = new IotlbPages();
      for (const { page, span } of pages) iotlb.put(page, translation(page, span));
      for (const { page, shift } of entries) iotlb.flushBlock(page, shift);
      for (const { page } of pages) assert.is(iotlb.get(page) === undefined, isCovered(page, entries), `${page}`);
    }),
    { numRuns: 500 },
  );
});

test('PVI-38 kept whole, a large page is gone when any part of it was named, and else all of it is there', () => {
  fc.assert(
    fc.property(kept, fc.array(entry, { maxLength: 3 }), fc.nat(512 * 512), ({ page, span }, entries, other) => {
      const iotlb = new IotlbPages(true);
      iotlb.put(page, translation(page, span));
      for (const { page: at, shift } of entries) iotlb.flushBlock(at, shift);
      const first = page - (page % span);
      const isHit = entries.some(({ page: at, shift }) => {
        const size = 2 ** Math.min(shift, 52);
        const from = at - (at % size);
        return from < first + span && from + size > first;
      });
      const elsewhere = first + (other % span);
      const found = iotlb.get(elsewhere);
      if (isHit) assert.is(found, undefined);
      else assert.is(found?.frame, (page % 2 ** 40) - page + elsewhere);
    }),
    { numRuns: 500 },
  );
});

test('PVI-33 PVI-38 both strategies of drivers, up to the last page of 64 bits and across 2^47', () => {
  fc.assert(
    fc.property(pageNumber, fc.nat(700), fc.array(pageNumber, { maxLength: 60 }), (first, more, pages) => {
      const last = Math.min(first + more, LAST);
      const all = [...pages, first, last, Math.floor((first + last) / 2)];
      for (const entries of [[coveringEntry(first, last)], exactEntries(first, last, 508)!]) {
        const iotlb = new IotlbPages();
        for (const page of all) iotlb.put(page, translation(page, 1));
        for (const { page, shift } of entries) iotlb.flushBlock(page, shift);
        for (const page of all) {
          const isInside = page >= first && page <= last;
          if (isInside) assert.is(iotlb.get(page), undefined, `${page} is stale`);
          else if (entries.length > 1) assert.ok(iotlb.get(page) !== undefined, `${page} is flushed`);
        }
      }
    }),
    { numRuns: 300 },
  );
  const iotlb = new IotlbPages();
  for (const page of [0, 2 ** 35, LAST]) iotlb.put(page, translation(page, 1));
  iotlb.flushBlock(0, 52);
  assert.equal(
    [0, 2 ** 35, LAST].map((page) => iotlb.get(page)),
    [undefined, undefined, undefined],
  );
});

test('a translation that takes the place of another is the one that counts, whatever their sizes', () => {
  const iotlb = new IotlbPages(true);
  iotlb.put(5, { frame: 0x205, permissions: 1, span: 512 });
  iotlb.put(7, { frame: 0x77, permissions: 3, span: 1 });
  assert.equal([iotlb.get(7)?.frame, iotlb.get(5)], [0x77, undefined]);
  iotlb.put(9, { frame: 0x409, permissions: 3, span: 512 });
  assert.equal([iotlb.get(9)?.frame, iotlb.get(511)?.frame], [0x409, 0x5ff]);
});

/** A guest whose device used one page of a large page at 2M, which is gone from the tables now. */
function guestOfLargePage(largePagesWhole: boolean): IommuRig {
  const rig = new IommuRig({ largePagesWhole }, { isRoot: false });
  const [root, second, third] = [0x40000, 0x41000, 0x42000] as const;
  rig.memory.writeU64(root, BigInt(second) | 3n);
  rig.memory.writeU64(second, BigInt(third) | 3n);
  rig.memory.writeU64(third + 8, 0x4000_0083n);
  rig.create({ id: 1, type: 1 });
  rig.configure({ id: 1 }, 1n, BigInt(root));
  rig.attach({ id: 1, type: 1 }, LOGICAL);
  assert.is(rig.iommu.dma.access(LOGICAL, 0x20_3000n, 1, 'read').ok, true);
  rig.memory.writeU64(third + 8, 0n);
  return rig;
}

const stalePages = (rig: IommuRig) =>
  range(0, 8).filter((i) => rig.iommu.dma.access(LOGICAL, 0x20_0000n + BigInt(i) * 0x1000n, 1, 'read').ok);

test('PVI-51 a large page that is kept whole is stale as a whole, and flushed as a whole', () => {
  for (const [isWhole, before, entry, after] of [
    [false, [3], 0x20_3000n, []],
    [false, [3], 0x20_4000n, [3]],
    [true, range(0, 8), 0x20_4000n, []],
    [true, range(0, 8), 0x3f_f000n, []],
    [true, range(0, 8), 0x40_0000n, range(0, 8)],
    [true, range(0, 8), 0x20_0009n, []],
    [true, range(0, 8), 63n, []],
  ] as const) {
    const rig = guestOfLargePage(isWhole);
    assert.equal(stalePages(rig), [...before]);
    assert.equal(rig.flushList({ id: 1 }, [entry]), [0, 1]);
    assert.equal(stalePages(rig), [...after], `${isWhole} ${entry.toString(16)}`);
  }
});

test.run();
