import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SeriesHabits } from '../../../src/rig/compare/series-habits.js';
import { driven, withHabits } from '../../criticism/root-driver.js';
import { CODES } from '../../guest/root-iommu/fake-hypervisor.js';
import { pagesOf, pagingDomain, type Rig } from '../../guest/root-iommu/rig.js';

// What the recorded drivers send where ours does better, by the figures of their recordings: the doubles that comparisons use
// are right, and what the criticised habits do is what ours does not.
const IOVA = 0x4001_0000n;
const PADDR = 0x1e_0000n;

const control = ({ hv }: Rig): string[] => hv.made.map((call) => BigInt(call.control).toString(16));

function make(habits: SeriesHabits | 'ours'): Rig & { domain: ReturnType<typeof pagingDomain> } {
  const r = habits === 'ours' ? driven() : driven(withHabits(habits));
  return { ...r, domain: pagingDomain(r) };
}

const series = suite('root IOMMU: habits of the recorded drivers');

/** Pages of the map, page that is refused, controls of the newest driver, of ours, result of the unmap of all of them. */
const FAILING = [
  [506, 200, ['1fa000000b3', '1fa000000b4'], ['1fa000000b3', 'c8000000b4'], '0x000000c800000005'],
  [
    512,
    509,
    ['1fb000000b3', '5000000b3', '200000000b4'],
    ['1fb000000b3', '5000000b3', '1fd000000b4'],
    '0x000001fd00000005',
  ],
  [4096, 3, ['1fb000000b3', 'fff000000b4'], ['1fb000000b3', '3000000b4'], '0x0000000300000005'],
  [506, 0, ['1fa000000b3'], ['1fa000000b3'], '0x0000000000000005'],
] as const;

for (const [pages, at, newest, ours, result] of FAILING)
  series(
    `IOMMU-48: page ${at} of ${pages} is refused: the newest driver unmaps all of them, ours those that were mapped`,
    () => {
      for (const habits of ['newest', 'ours'] as const) {
        const r = make(habits);
        r.hv.refusedPages.add(0x40010 + at);
        assert.equal(r.iommu.map(r.domain, pagesOf(IOVA, PADDR, pages)), { errno: 'EINVAL', mapped: 0n });
        assert.equal(control(r), habits === 'newest' ? newest : ours);
        if (at > 0) assert.is(r.hv.made.at(-1)!.result, habits === 'newest' ? result : result.replace(/5$/, '0'));
        assert.is(r.hv.pagesOf(1).size, 0);
        assert.is(r.domain.tree.size, 0);
      }
    },
  );

series('IOMMU-45, IOMMU-59: the third version unmaps 4,096 pages in one call, is refused, and says that it did', () => {
  const r = make('v3');
  r.iommu.map(r.domain, pagesOf(IOVA, PADDR, 4096));
  assert.is(r.hv.count(CODES.map), 9);
  r.hv.made.length = 0;
  assert.is(r.iommu.unmap(r.domain, IOVA, 4096, 4096), 4096n << 12n);
  assert.equal(control(r), ['1000000000b4']);
  assert.is(r.hv.made[0]!.result, '0x0000000000000003');
  assert.is(r.hv.pagesOf(1).size, 4096, 'the device still sees all of it');
  assert.is(r.domain.tree.size, 0);

  const better = make('ours');
  better.iommu.map(better.domain, pagesOf(IOVA, PADDR, 4096));
  better.hv.made.length = 0;
  assert.is(better.iommu.unmap(better.domain, IOVA, 4096, 4096), 4096n << 12n);
  assert.equal(control(better), ['fff000000b4', '1000000b4']);
  assert.is(better.hv.pagesOf(1).size, 0);
});

for (const [pages, reps] of [
  [508, '1fc'],
  [512, '200'],
  [1014, '3f6'],
  [1015, '3f7'],
] as const)
  series(
    `IOMMU-45: ${pages} pages on one page run over its end, and taking nothing back is a call without reps`,
    () => {
      const r = make('unlimited');
      assert.equal(r.iommu.map(r.domain, pagesOf(IOVA, PADDR, pages)), { errno: 'EINVAL', mapped: 0n });
      assert.equal(control(r), [`${reps}000000b3`, 'b4']);
      assert.is(r.hv.made[0]!.result, '0x0000000000000004');
      const better = make('ours');
      assert.is(better.iommu.map(better.domain, pagesOf(IOVA, PADDR, pages)).errno, undefined);
      assert.ok(better.hv.made.every((call) => call.reps > 0 && call.reps <= 507));
    },
  );

series('IOMMU-48: the third version takes back exactly what was mapped, like ours', () => {
  for (const habits of ['v3', 'ours'] as const) {
    const r = make(habits);
    r.hv.refuse(CODES.map, 0x05, { reps: 200 });
    r.iommu.map(r.domain, pagesOf(IOVA, PADDR, 506));
    assert.equal(control(r), ['1fa000000b3', 'c8000000b4']);
    assert.is(r.hv.pagesOf(1).size, 0);
  }
});

series.run();
