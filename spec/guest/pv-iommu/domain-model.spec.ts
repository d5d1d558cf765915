import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FlushStrategy } from '../../../src/guest/pv-iommu/flush-entries.js';
import { FlushGather } from '../../../src/guest/pv-iommu/flush-gather.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig } from './rig.js';

const model = suite('pvIOMMU: domain and model');

const HALF = 2 ** 35;
const END = 2 ** 36;
const GIB = 2 ** 18;

interface Step {
  readonly kind: 'map' | 'unmap' | 'touch' | 'later';
  readonly page: number;
  readonly frame: number;
  readonly pages: number;
  readonly write: boolean;
  /** What goes wrong meanwhile. */
  readonly trouble: 'none' | 'no-memory' | 'list-refused' | 'parts' | 'list-refused-once';
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('map', 'map', 'unmap', 'unmap', 'touch', 'later'),
  page: fc.constantFrom(0, 1, 3, 510, 511, 512, 1024, GIB - 1, GIB, HALF - 2, HALF - 512, HALF, END - 513, END - 512),
  frame: fc.constantFrom(0, 7, 512, 515, 1024, GIB),
  pages: fc.constantFrom(1, 2, 5, 512, 513, 1024),
  write: fc.boolean(),
  trouble: fc.constantFrom('none', 'none', 'none', 'no-memory', 'list-refused', 'parts', 'list-refused-once'),
});

function run(steps: readonly Step[], strategy: FlushStrategy, sizes: bigint): void {
  const rig = new PvRig();
  const { hypervisor } = rig;
  const iommu = rig.started({ flush: strategy, defaultDomain: 'none' });
  const device = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
  const domain = got(iommu.allocate(sizes));
  iommu.attach(device, domain);
  const plain = new Map<number, { frame: number; write: boolean }>();
  const later = new FlushGather();
  const { cached } = hypervisor.domains.get(domain.id)!;
  const touch = (page: number): void => {
    const wanted = plain.get(page);
    const seen = hypervisor.dma(DEVICE_ID, BigInt(page) * 4096n);
    assert.is(seen?.gpa, wanted && BigInt(wanted.frame) * 4096n);
    assert.is(seen?.write, wanted?.write);
  };
  for (const { kind, page, frame, pages, write, trouble } of steps) {
    const count = Math.min(pages, END - page);
    const iova = BigInt(page) * 4096n;
    rig.frames.left = trouble === 'no-memory' ? 1 : Number.POSITIVE_INFINITY;
    hypervisor.listStep = trouble === 'parts' ? 1 : 4095;
    let refusals = trouble === 'list-refused' ? 9 : trouble === 'list-refused-once' ? 1 : 0;
    hypervisor.refuse = ({ code }) => (code === 0xd1 && refusals-- > 0 ? 5 : undefined);
    // What was put off is flushed before its IOVAs are used again: who puts off sees to that.
    if (kind !== 'later') domain.sync(later);
    const before = new Map(cached);
    hypervisor.calls.length = 0;
    switch (kind) {
      case 'touch':
        for (let n = 0; n < Math.min(count, 8); n++) touch(page + n);
        break;
      case 'map': {
        const mapped = domain.map(iova, frame * PAGE, count * PAGE, write);
        const free = Array.from({ length: count }, (_, n) => n).every((n) => !plain.has(page + n));
        // All or nothing; a failure has a reason.
        if (mapped.ok) for (let n = 0; n < count; n++) plain.set(page + n, { frame: frame + n, write });
        else assert.ok(mapped.errno === 'EEXIST' ? !free : trouble === 'no-memory', mapped.errno);
        assert.ok(!mapped.ok || free);
        break;
      }
      case 'later':
      case 'unmap': {
        const gone = domain.unmap(iova, count * PAGE, kind === 'later' ? later : undefined) / PAGE;
        for (let n = 0; n < gone; n++) assert.ok(plain.delete(page + n));
        if (kind === 'later') break;
        for (let n = 0; n < gone; n++) assert.not(cached.has(BigInt(page + n)));
        const whole = hypervisor.codes.includes('d0');
        if (gone === 0) assert.equal(hypervisor.codes, []);
        if (strategy === 'exact' && !whole)
          for (const [one] of before)
            assert.is(
              cached.has(one),
              !(one >= BigInt(page) && one < BigInt(page + gone)),
              'exact flushes nothing else',
            );
      }
    }
  }
  rig.frames.left = Number.POSITIVE_INFINITY;
  hypervisor.refuse = () => undefined;
  domain.sync(later);
  for (const { page, pages } of steps)
    for (const one of [page - 1, page, page + pages - 1, page + pages]) if (one >= 0 && one < END) touch(one);
  for (const page of plain.keys()) touch(page);
  assert.is(hypervisor.staleHits, 0);
  iommu.attach(device, iommu.blocked);
  assert.ok(iommu.freeDomain(domain).ok);
  assert.is(rig.frames.inUse.size, 0, 'no table is lost');
}

for (const strategy of ['single', 'exact', 'domain'] as const)
  model(`PVI-38 PVI-36 PVI-51 ${strategy}: driver, tables and DMA agree with a plain model, whatever fails`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.constantFrom(0x40201000n, 0x201000n, 0x1000n), (steps, sizes) =>
        run(steps, strategy, sizes),
      ),
      { numRuns: 60 },
    );
  });

model.run();
