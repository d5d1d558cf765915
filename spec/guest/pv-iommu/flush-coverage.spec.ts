import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  exactEntries,
  type FlushStrategy,
  flushEntries,
  MAX_FLUSH_ENTRIES,
} from '../../../src/guest/pv-iommu/flush-entries.js';
import { FlushGather } from '../../../src/guest/pv-iommu/flush-gather.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig } from './rig.js';

const SELF = 'ffffffffffffffff';
const PAGES = 64;

const coverage = suite('pvIOMMU: what flushes reach');

/** First IOVAs of 64 pages: in 32 bits, the first page, across 2^32 and 2^47, and the last ones of 48 and of 57 bits. */
const BASES = [
  0x4000_0000n,
  0n,
  (1n << 32n) - 17n * 0x1000n,
  (1n << 47n) - 24n * 0x1000n,
  (1n << 48n) - 64n * 0x1000n,
  (1n << 57n) - 64n * 0x1000n,
];

const scene = fc.record({
  base: fc.constantFrom(...BASES),
  strategy: fc.constantFrom<FlushStrategy>('single', 'exact', 'domain'),
  unmaps: fc.array(fc.record({ at: fc.nat(PAGES - 1), pages: fc.integer({ min: 1, max: 20 }) }), {
    minLength: 1,
    maxLength: 5,
  }),
  together: fc.boolean(),
});

coverage(
  'PVI-38, PVI-51: no stale translation is left in what was unmapped; exact drops what was gathered and no other',
  () => {
    fc.assert(
      fc.property(scene, ({ base, strategy, unmaps, together }) => {
        const rig = new PvRig();
        if (base >= 1n << 48n) rig.has({ max_iova_width: 57, iommu_cap: 13n });
        const iommu = rig.started({ flush: strategy, defaultDomain: 'none' });
        const device = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
        const domain = got(iommu.allocate(0x1000n));
        iommu.attach(device, domain);
        const iovaOf = (n: number): bigint => base + BigInt(n * PAGE);
        for (let n = 0; n < PAGES; n++) {
          assert.ok(domain.map(iovaOf(n), (1000 + 2 * n) * PAGE, PAGE).ok);
          assert.ok(rig.hypervisor.dma(DEVICE_ID, iovaOf(n)));
        }
        const cached = rig.hypervisor.domains.get(domain.id)!.cached;
        const before = [...cached.keys()];
        const gathers = together ? [new FlushGather()] : unmaps.map(() => new FlushGather());
        const gone = new Set<bigint>();
        for (const [i, { at, pages }] of unmaps.entries()) {
          const length = Math.min(pages, PAGES - at) * PAGE;
          const bytes = domain.unmap(iovaOf(at), length, together ? gathers[0]! : gathers[i]!);
          for (let n = 0; n < bytes / PAGE; n++) gone.add((iovaOf(at) >> 12n) + BigInt(n));
        }
        const ranges = gathers
          .filter((one) => !one.isEmpty)
          .map(({ start, end }) => [start >> 12n, end >> 12n] as const);
        for (const gather of gathers) domain.sync(gather);
        const inside = (page: bigint): boolean => ranges.some(([first, last]) => first <= page && page <= last);
        for (const page of gone) assert.ok(inside(page) && !cached.has(page));
        for (const page of before) {
          if (inside(page)) assert.not(cached.has(page));
          else if (strategy === 'exact') assert.ok(cached.has(page), 'a translation that nobody asked to drop');
        }
        for (let n = 0; n < PAGES; n++)
          assert.is(rig.hypervisor.dma(DEVICE_ID, iovaOf(n)) === undefined, gone.has(iovaOf(n) >> 12n));
        assert.is(rig.hypervisor.staleHits, 0);
        assert.equal(rig.lines, []);
      }),
      { numRuns: 150, seed: 38 },
    );
  },
);

/** Entries as qwords, by hand: page number above bit 12, page mask shift below. */
const LISTS = [
  ['single', 1, ['0a00004000000000']],
  [
    'exact',
    7,
    [
      '0400014000000000',
      '0500024000000000',
      '0600044000000000',
      '0700084000000000',
      '0800104000000000',
      '0300204000000000',
      '0180204000000000',
    ],
  ],
] as const;

for (const [flush, reps, entries] of LISTS)
  coverage(
    `PVI-31, PVI-32: 506 pages from 0x40010000, as the ${flush === 'single' ? 'newest' : 'first'} driver sends them`,
    () => {
      const rig = new PvRig();
      const domain = got(rig.started({ flush }).allocate(0x1000n));
      assert.ok(domain.map(0x40010000n, 0x100000, 506 * PAGE).ok);
      rig.hypervisor.calls.length = 0;
      assert.is(domain.unmap(0x40010000n, 506 * PAGE), 506 * PAGE);
      const [call, ...more] = rig.hypervisor.calls;
      assert.equal(more, []);
      assert.is(call!.control.toString(16), `${reps}000000d1`);
      assert.is(call!.input, `${SELF}0000000000000000${'0100000003000000'}${'0100000000000000'}${entries.join('')}`);
    },
  );

coverage('PVI-33: start = end, the last byte of 64 bits, and everything', () => {
  const last = 0xffff_ffff_ffff_ffffn;
  for (const strategy of ['single', 'exact'] as const) {
    assert.equal(flushEntries(last, last, strategy), [{ page: 2 ** 52 - 1, shift: 0 }]);
    assert.equal(flushEntries(0n, 0n, strategy), [{ page: 0, shift: 0 }]);
    assert.equal(flushEntries(0n, last, strategy), [{ page: 0, shift: 52 }]);
  }
});

coverage('PVI-32: 508 entries are a call, 509 a flush of the whole domain', () => {
  // The worst range takes 102: below its middle and above, each size once.
  const worst = exactEntries(1, 2 ** 52 - 2, 1000)!;
  assert.is(worst.length, 102);
  assert.is(exactEntries(1, 2 ** 52 - 2, 102)?.length, 102);
  assert.is(exactEntries(1, 2 ** 52 - 2, 101), undefined);
  assert.is(MAX_FLUSH_ENTRIES, 508);
  const rig = new PvRig();
  const iommu = rig.started();
  const domain = got(iommu.allocate());
  rig.hypervisor.calls.length = 0;
  const { calls } = (domain as unknown as { source: { calls: Lists } }).source;
  const entries = Array.from({ length: 508 }, (_, page) => ({ page: 2 * page, shift: 0 }));
  assert.ok(calls.flushList(domain.id, entries).ok);
  assert.is(rig.hypervisor.calls[0]!.control.toString(16), '1fc000000d1');
  assert.is(rig.hypervisor.calls[0]!.input.length, 2 * 4096);
});

interface Lists {
  flushList(domain: number, entries: readonly { page: number; shift: number }[]): { ok: boolean };
}

coverage(
  'PVI-32, PVI-36: the whole domain is flushed when a strategy has no list, and tables stay when that is refused',
  () => {
    for (const refused of [false, true]) {
      const rig = new PvRig();
      const domain = got(rig.started({ flush: 'domain' }).allocate(0x1000n));
      assert.ok(domain.map(0x40000000n, 0x100000, 512 * PAGE).ok);
      if (refused) rig.hypervisor.refuse = ({ code }) => (code === 0xd0 ? 5 : undefined);
      const held = rig.frames.inUse.size;
      rig.hypervisor.calls.length = 0;
      domain.unmap(0x40000000n, 512 * PAGE);
      assert.equal(rig.hypervisor.codes, ['d0']);
      assert.is(held - rig.frames.inUse.size, refused ? 0 : 1);
      assert.is(domain.leakedTables, refused ? 1 : 0);
      assert.equal(rig.codes('error'), refused ? ['pviommu-call-failed', 'pviommu-not-flushed'] : []);
    }
  },
);

coverage.run();
