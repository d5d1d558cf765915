import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  exactEntries,
  type FlushEntry,
  flushEntries,
  MAX_FLUSH_ENTRIES,
} from '../../../src/guest/pv-iommu/flush-entries.js';
import { FlushGather } from '../../../src/guest/pv-iommu/flush-gather.js';
import type { PagingDomain } from '../../../src/guest/pv-iommu/paging-domain.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig } from './rig.js';

const LAST = 0xffff_ffff_ffff_ffffn;
const flush = suite('pvIOMMU: flushes');

const text = (entries: readonly FlushEntry[] | undefined): string =>
  entries?.map(({ page, shift }) => `${page.toString(16)}/${shift}`).join(' ') ?? 'all';

for (const [what, start, end, single, exact] of [
  ['one page', 0x5000n, 0x5fffn, '5/0', '5/0'],
  ['start = end', 0x5123n, 0x5123n, '5/0', '5/0'],
  [
    '506 pages as recorded',
    0x40010000n,
    0x40209fffn,
    '40000/10',
    '40010/4 40020/5 40040/6 40080/7 40100/8 40200/3 40208/1',
  ],
  ['1015 pages as recorded', 0x7f00000000n, 0x7f003f6fffn, '7f00000/10', null],
  ['an aligned 2 MiB', 0x43000000n, 0x431fffffn, '43000/9', '43000/9'],
  ['across 2^47', (1n << 47n) - 0x1000n, (1n << 47n) + 0xfffn, '0/36', '7ffffffff/0 800000000/0'],
  ['across 2^48, pages 0 and up', 0n, (1n << 48n) + 0xfffn, '0/37', '0/36 1000000000/0'],
  ['the last page', LAST - 0xfffn, LAST, 'fffffffffffff/0', 'fffffffffffff/0'],
  ['the last three', LAST - 0x2fffn, LAST, 'ffffffffffffc/2', 'ffffffffffffd/0 ffffffffffffe/1'],
  ['everything', 0n, LAST, '0/52', '0/52'],
  ['all but the first page', 0x1000n, LAST, '0/52', null],
] as const)
  flush(`PVI-31 PVI-32 PVI-33 ${what}`, () => {
    assert.is(text(flushEntries(start, end, 'single')), single);
    if (exact !== null) assert.is(text(flushEntries(start, end, 'exact')), exact);
    assert.is(flushEntries(start, end, 'domain'), undefined);
  });

flush('PVI-33 an empty range and one that is no u64 are refused', () => {
  for (const [start, end] of [
    [1n, 0n],
    [0n, LAST + 1n],
    [-1n, 0n],
  ] as const)
    assert.throws(() => flushEntries(start, end, 'single'), RangeError);
});

flush('PVI-33 rounding end + 1 up instead, as criticised, loses the whole range at 2^64 - 1', () => {
  const criticised = (start: bigint, end: bigint): number =>
    Number(BigInt.asUintN(64, BigInt.asUintN(64, end + 0x1000n) & ~0xfffn) >> 12n) - Number(start >> 12n);
  assert.ok(criticised(LAST - 0xfffn, LAST) <= 0);
  assert.is(flushEntries(LAST - 0xfffn, LAST, 'exact')!.length, 1);
});

const page = fc.double({ min: 0, max: 1, noNaN: true }).map((share) => Math.floor(share * 2 ** 52 * (1 - 2 ** -53)));
const near = fc.oneof(
  page,
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 5000 }).map((n) => 2 ** 52 - 1 - n),
);
const range = fc
  .tuple(near, fc.oneof(fc.integer({ min: 1, max: 4096 }), page))
  .map(([first, pages]) => ({ first, last: Math.min(first + Math.max(pages, 1) - 1, 2 ** 52 - 1) }));

flush('PVI-38 single has all of the range and is no larger than it must be; exact is the range', () => {
  fc.assert(
    fc.property(range, ({ first, last }) => {
      const [start, end] = [BigInt(first) << 12n, (BigInt(last) << 12n) | 0xfffn];
      const [one, ...more] = flushEntries(start, end, 'single')!;
      assert.is(more.length, 0);
      assert.ok(one!.page % 2 ** one!.shift === 0);
      assert.ok(one!.page <= first && last <= one!.page + 2 ** one!.shift - 1);
      if (one!.shift > 0) {
        const half = one!.page + 2 ** (one!.shift - 1);
        assert.ok(first < half && half <= last, 'a smaller entry would do');
      }
      // Without the limit of one call the list is the range, entry by entry.
      let next = first;
      for (const entry of exactEntries(first, last, 200)!) {
        assert.is(entry.page, next);
        assert.is(entry.page % 2 ** entry.shift, 0);
        next += 2 ** entry.shift;
      }
      assert.is(next - 1, last);
    }),
    { numRuns: 500 },
  );
});

flush('PVI-32 a list that does not fit is a flush of the whole domain', () => {
  assert.is(MAX_FLUSH_ENTRIES, 508);
  assert.is(exactEntries(1, 6, 3), undefined);
  assert.is(text(exactEntries(1, 6, 4)), '1/0 2/1 4/1 6/0');
});

flush('PVI-30 a gather starts with its ends crossed, and takes both ends in', () => {
  const gather = new FlushGather();
  assert.equal([gather.start, gather.end, gather.isEmpty], [LAST, 0n, true]);
  gather.add(4, 0);
  assert.ok(gather.isEmpty);
  gather.add(2 ** 52 - 1, 1);
  gather.add(7, 2);
  assert.equal([gather.start, gather.end], [0x7000n, LAST]);
  gather.reset();
  assert.ok(gather.isEmpty);
});

/** A device in a domain, with 64 pages mapped one by one from `iova` on, all of them remembered by the hardware. */
function warm(strategy: 'single' | 'exact' | 'domain', iova: bigint): { rig: PvRig; domain: PagingDomain } {
  const rig = new PvRig();
  const iommu = rig.started({ flush: strategy, defaultDomain: 'none' });
  const device = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
  const domain = got(iommu.allocate(0x1000n));
  iommu.attach(device, domain);
  for (let n = 0; n < 64; n++) {
    assert.ok(domain.map(iova + BigInt(n * PAGE), (1000 + 2 * n) * PAGE, PAGE).ok);
    assert.ok(rig.hypervisor.dma(DEVICE_ID, iova + BigInt(n * PAGE)));
  }
  rig.hypervisor.calls.length = 0;
  return { rig, domain };
}

const cachedOf = (rig: PvRig, domain: PagingDomain): number => rig.hypervisor.domains.get(domain.id)!.cached.size;
const HALF = 1n << 47n;

for (const [strategy, base, left, codes] of [
  ['exact', 0x40000000n, 64 - 11, ['d1']],
  ['single', 0x40000000n, 64 - 16, ['d1']],
  ['domain', 0x40000000n, 0, ['d0']],
  // The 24th page is the first one from 2^47 on: no entry but one of 2^48 has both sides.
  ['exact', HALF - 24n * 0x1000n, 64 - 11, ['d1']],
  ['single', HALF - 24n * 0x1000n, 0, ['d1']],
] as const)
  flush(`PVI-38 PVI-51 ${strategy} at ${base.toString(16)}: no stale translation is left, ${left} others are`, () => {
    const { rig, domain } = warm(strategy, base);
    assert.is(domain.unmap(base + 19n * 0x1000n, 11 * PAGE), 11 * PAGE);
    assert.equal(rig.hypervisor.codes, codes);
    assert.is(cachedOf(rig, domain), left);
    for (let n = 0n; n < 64n; n++)
      assert.is(rig.hypervisor.dma(DEVICE_ID, base + n * 0x1000n) === undefined, n >= 19n && n < 30n);
    assert.is(rig.hypervisor.staleHits, 0);
  });

flush('PVI-51 an unmap without a flush is seen, so that the specs above can fail', () => {
  const { rig, domain } = warm('single', 0x40000000n);
  const gather = new FlushGather();
  domain.unmap(0x40000000n, PAGE, gather);
  assert.ok(rig.hypervisor.dma(DEVICE_ID, 0x40000000n));
  assert.is(rig.hypervisor.staleHits, 1);
  domain.sync(gather);
  assert.is(rig.hypervisor.dma(DEVICE_ID, 0x40000000n), undefined);
});

flush('PVI-30 nothing gathered, no call; one sync for many unmaps', () => {
  const { rig, domain } = warm('single', 0x40000000n);
  const gather = new FlushGather();
  domain.sync(gather);
  assert.is(domain.unmap(0x50000000n, PAGE), 0);
  assert.equal(rig.hypervisor.codes, []);
  for (const n of [3n, 60n]) domain.unmap(0x40000000n + n * 0x1000n, PAGE, gather);
  domain.sync(gather);
  domain.sync(gather);
  assert.equal(rig.hypervisor.codes, ['d1']);
});

flush('PVI-34 PVI-35 the list counts pages of 4 KiB and every byte of it is written', () => {
  const { rig, domain } = warm('exact', 0x40000000n);
  // Whatever was in the page before.
  rig.memory.write(rig.hypervisor.calls[0]?.inputGpa ?? pageOf(rig), new Uint8Array(PAGE).fill(0xee));
  domain.unmap(0x40001000n, 2 * PAGE);
  const [call] = rig.hypervisor.calls;
  assert.is(call!.control, 0x2_0000_00d1n);
  assert.is(
    call!.input,
    `${'ff'.repeat(8)}${'00'.repeat(8)}0100000003000000${'0100000000000000'}${'0010004000000000'}${'0020004000000000'}`,
  );
});

function pageOf(rig: PvRig): number {
  return rig.pages.withInputPage(0, 8, 0, ({ inputGpa }) => inputGpa);
}

flush('COM-08 a list that the hypervisor does in parts is made again from where it stopped', () => {
  const { rig, domain } = warm('exact', 0x40000000n);
  rig.hypervisor.listStep = 1;
  domain.unmap(0x40001000n, 4 * PAGE);
  assert.equal(
    rig.hypervisor.calls.map(({ control }) => control.toString(16)),
    ['3000000d1', '10003000000d1', '20003000000d1'],
  );
  assert.is(cachedOf(rig, domain), 60);
});

flush('PVI-36 a list that is refused: a warning, then the whole domain', () => {
  const { rig, domain } = warm('single', 0x40000000n);
  rig.hypervisor.refuse = ({ code }) => (code === 0xd1 ? 5 : undefined);
  domain.unmap(0x40000000n, PAGE);
  assert.equal(rig.hypervisor.codes, ['d1', 'd0']);
  assert.equal(rig.codes('warn'), ['pviommu-call-failed']);
  assert.is(cachedOf(rig, domain), 0);
});

flush('PVI-36 tables go back behind the flush, and never when both flushes fail', () => {
  for (const broken of [false, true]) {
    const { rig, domain } = warm('single', 0x40000000n);
    const given: number[] = [];
    rig.frames.onGive = (frames) => {
      given.push(...frames);
      assert.equal(rig.hypervisor.codes, ['d1'], 'the flush comes first');
    };
    // The whole reach of a last-level table, so that the table goes.
    for (let n = 64; n < 512; n++) domain.map(0x40000000n + BigInt(n * PAGE), 1000 * PAGE, PAGE);
    if (broken) rig.hypervisor.refuse = () => 5;
    assert.is(domain.unmap(0x40000000n, 512 * PAGE), 512 * PAGE);
    assert.is(given.length, broken ? 0 : 1);
    assert.is(domain.leakedTables, broken ? 1 : 0);
    assert.is(rig.codes('error').includes('pviommu-not-flushed'), broken);
  }
});

flush('PVI-37 flushAll is one call with no flags', () => {
  const { rig, domain } = warm('single', 0x40000000n);
  const [one, two] = [new FlushGather(), new FlushGather()];
  domain.unmap(0x40000000n, PAGE, one);
  domain.unmap(0x40010000n, PAGE, two);
  domain.flushAll(one, two);
  assert.equal(rig.hypervisor.codes, ['d0']);
  assert.is(rig.hypervisor.calls[0]!.input.slice(48), '0'.repeat(16));
  assert.ok(one.isEmpty && two.isEmpty);
  assert.is(cachedOf(rig, domain), 0);
});

flush.run();
