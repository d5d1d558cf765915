import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODES } from './fake-hypervisor.js';
import { booksAgree, pagesOf, pagingDomain, type Rig, rig } from './rig.js';

// Figures of the recorded driver: 506 pages at 0x40010000, done 100 at a time, or 496 of them when memory ran out.
const IOVA = 0x4001_0000n;
const PADDR = 0x1e_0000n;
const HEAD = `${'ff'.repeat(8)}${'00'.repeat(8)}0000000001000000`;
const MAP_HEAD = `${HEAD}00000000${'03000000'}`;

const control = ({ hv }: Rig): string[] => hv.made.map((call) => BigInt(call.control).toString(16));

const partial = suite('root IOMMU: calls that are done in parts');

partial(
  'IOMMU-47, COM-08: a map goes on on the same page: start in bits 48 to 59, the address and the list as they were',
  () => {
    const r = rig();
    const domain = pagingDomain(r);
    r.hv.maxReps = 100;
    assert.is(r.iommu.map(domain, pagesOf(IOVA, PADDR, 506)).errno, undefined);
    assert.equal(control(r), [
      '1fa000000b3',
      '6401fa000000b3',
      'c801fa000000b3',
      '12c01fa000000b3',
      '19001fa000000b3',
      '1f401fa000000b3',
    ]);
    const [first] = r.hv.made;
    assert.is(first!.input.slice(0, 96), `${MAP_HEAD}${'0000014000000000'}${'e001000000000000'}`);
    assert.ok(r.hv.made.every(({ input, inputGpa }) => input === first!.input && inputGpa === first!.inputGpa));
    assert.equal(
      r.hv.made.map(({ result }) => BigInt(result).toString(16)),
      ['6400000000', 'c800000000', '12c00000000', '19000000000', '1f400000000', '1fa00000000'],
    );
    assert.is(r.hv.pagesOf(1).get(0x40010 + 100)!.frame, 0x1e0 + 100);
    assert.ok(booksAgree(r.hv, domain));
  },
);

partial('IOMMU-59, COM-08: an unmap goes on the same way', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.iommu.map(domain, pagesOf(IOVA, PADDR, 506));
  r.hv.made.length = 0;
  r.hv.maxReps = 200;
  assert.is(r.iommu.unmap(domain, IOVA, 4096, 506), 506n << 12n);
  assert.equal(control(r), ['1fa000000b4', 'c801fa000000b4', '19001fa000000b4']);
  assert.ok(r.hv.made.every(({ input }) => input === `${HEAD}${'0000014000000000'}`));
  assert.is(r.hv.pagesOf(1).size, 0);
});

partial(
  'IOMMU-47: without memory 496 are done: 256 pages are given, and a new call has the address and list of the rest',
  () => {
    const r = rig({ ownPartition: 1n });
    const domain = pagingDomain(r);
    r.hv.refuse(CODES.map, 0x0b, { reps: 496 });
    assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, 506)), { mapped: 506n << 12n });
    assert.equal(control(r), ['1fa000000b3', '10000000048', 'a000000b3']);
    assert.is(r.hv.made[0]!.result, '0x000001f00000000b');
    const list = ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7', 'd8', 'd9'].map((low) => `${low}03000000000000`);
    assert.is(r.hv.made[2]!.input, `${MAP_HEAD}${'0000204000000000'}${list.join('')}`);
    assert.is(r.hv.made[2]!.start, 0);
    assert.ok(booksAgree(r.hv, domain));
  },
);

partial('IOMMU-47, DEP-05: memory that runs out in a later part: what is done counts from the first one', () => {
  const r = rig();
  const domain = pagingDomain(r);
  r.hv.maxReps = 100;
  // The fifth part ends at 496 instead of 500.
  const hypercall = r.hv.hypercall.bind(r.hv);
  r.hv.hypercall = (lo, hi, input, output) => {
    if ((lo & 0xffff) === CODES.map && hi >>> 16 === 400) r.hv.refuse(CODES.map, 0x0b, { reps: 496 });
    hypercall(lo, hi, input, output);
  };
  assert.is(r.iommu.map(domain, pagesOf(IOVA, PADDR, 506)).errno, undefined);
  const maps = r.hv.made.filter(({ code }) => code === CODES.map);
  assert.equal(
    maps.slice(4).map((call) => BigInt(call.control).toString(16)),
    ['19001fa000000b3', 'a000000b3'],
  );
  assert.is(maps[4]!.result, '0x000001f00000000b');
  assert.is(maps[5]!.input.slice(64, 80), '0000204000000000');
  assert.ok(booksAgree(r.hv, domain));
});

/** Pages of the map, rep that is refused, controls. */
const REFUSED = [
  [506, 200, ['1fa000000b3', 'c8000000b4']],
  [512, 1, ['1fb000000b3', '1000000b4']],
  [506, 0, ['1fa000000b3']],
] as const;

for (const [pages, rep, controls] of REFUSED) {
  partial(`IOMMU-48: of ${pages} pages the one at ${rep} is refused: exactly ${rep} are taken back`, () => {
    const r = rig();
    const domain = pagingDomain(r);
    r.hv.refuse(CODES.map, 0x05, { reps: rep });
    assert.equal(r.iommu.map(domain, pagesOf(IOVA, PADDR, pages)), { errno: 'EINVAL', mapped: 0n });
    assert.equal(control(r), controls);
    assert.is(r.hv.pagesOf(1).size, 0);
    assert.is(domain.tree.size, 0);
  });
}

partial(
  'IOMMU-48: of 4,096 pages one in the ninth batch is refused: those before it are taken back in one call',
  () => {
    const r = rig();
    const domain = pagingDomain(r);
    const hypercall = r.hv.hypercall.bind(r.hv);
    let maps = 0;
    r.hv.hypercall = (lo, hi, input, output) => {
      if ((lo & 0xffff) === CODES.map && ++maps === 9) r.hv.refuse(CODES.map, 0x05, { reps: 3 });
      hypercall(lo, hi, input, output);
    };
    assert.is(r.iommu.map(domain, pagesOf(IOVA, PADDR, 4096)).errno, 'EINVAL');
    assert.equal(control(r).slice(8), ['28000000b3', 'fdb000000b4']);
    assert.is(r.hv.made[9]!.input, `${HEAD}${'0000014000000000'}`);
    assert.is(r.hv.pagesOf(1).size, 0);
  },
);

partial.run();
