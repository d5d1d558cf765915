import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DRIVER_GENERATIONS } from '../../../src/guest/root-iommu/driver-generation.js';
import { CODES } from './fake-hypervisor.js';
import { booksAgree, gained, nvme, pagesOf, pagingDomain, rig } from './rig.js';

const page = fc.integer({ min: 0, max: 60 });
const count = fc.integer({ min: 1, max: 12 });
/** Statuses that end a call, one that asks for memory among them. */
const status = fc.constantFrom(0x05, 0x06, 0x0b, 0x75);
const reps = fc.integer({ min: 0, max: 12 });

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('map' as const), page, count, writable: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('unmap' as const), page, count }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('move' as const), to: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constantFrom('detach' as const, 'release' as const, 'vain release' as const) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('refuse' as const),
      code: fc.constantFrom(
        CODES.map,
        CODES.unmap,
        CODES.attach,
        CODES.detach,
        CODES.attachDevice,
        CODES.detachDevice,
        CODES.deposit,
      ),
      status,
      reps,
      times: fc.constantFrom(1, 2, 40),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('pool' as const), pool: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('calm' as const) }) },
);

const books = suite('books');

for (const generation of ['newest', 'v3'] as const) {
  for (const [maxReps, splitIntervals] of [
    [1, false],
    [3, true],
    [4095, false],
    [4095, true],
  ] as const) {
    books(
      `IOMMU-67, IOMMU-41, IOMMU-39: books are what the hypervisor has, ${generation}, ${maxReps} reps at a time, splitting ${splitIntervals}`,
      () => {
        fc.assert(
          fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
            const r = rig({ ...DRIVER_GENERATIONS[generation], splitIntervals }, 4000);
            r.hv.maxReps = maxReps;
            const domain = pagingDomain(r);
            const device = nvme();
            const direct = gained(r.iommu.allocDirect(0x42n));
            const places = [r.iommu.identity, r.iommu.blocked, domain, direct];
            for (const one of steps) {
              if (one.op === 'map')
                r.iommu.map(
                  domain,
                  pagesOf(BigInt(one.page) << 12n, BigInt(one.page + 500) << 12n, one.count, one.writable),
                );
              else if (one.op === 'unmap') {
                const before = r.hv.pagesOf(1).size;
                const bytes = r.iommu.unmap(domain, BigInt(one.page) << 12n, 4096, one.count);
                assert.is(bytes, BigInt(before - r.hv.pagesOf(1).size) << 12n);
              } else if (one.op === 'move') {
                const refusesNothing = r.hv.refusals.every(({ times }) => times === 0);
                const attached = r.iommu.attach(places[one.to]!, device);
                // Whatever was refused before: no device is stuck.
                if (refusesNothing) assert.ok(attached.ok);
              } else if (one.op === 'detach') r.iommu.detach(device);
              else if (one.op === 'release') r.iommu.release(device);
              else if (one.op === 'vain release') {
                for (const code of [CODES.attach, CODES.detach, CODES.detachDevice]) r.hv.refuse(code, 0x06);
                r.iommu.release(device);
                r.hv.refusals.length = 0;
              } else if (one.op === 'refuse') r.hv.refuse(one.code, one.status, { reps: one.reps, times: one.times });
              else if (one.op === 'pool') r.hv.pool = one.pool;
              else r.hv.refusals.length = 0;
              assert.ok(booksAgree(r.hv, domain));
              assert.is(
                places.reduce((sum, place) => sum + place.numAttached, 0),
                device.holder === undefined ? 0 : 1,
              );
              // Where it can reach the memory of somebody it is counted, so that this one is not freed (IOMMU-24).
              const place = r.hv.places.get('0x4000000000000018');
              assert.is(device.holder === direct, r.hv.given.size === 1);
              assert.is(device.holder === domain, place === domain.id);
              if (device.holder !== undefined && device.holder.kind !== 'direct') assert.is(device.holder.id, place);
            }
          }),
          { numRuns: 80, seed: 67 },
        );
      },
    );
  }
}

books.run();
