import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DmaMapping, DmaMode } from '../../../src/guest/pv-iommu/dma-mapping.js';
import { IovaSpace } from '../../../src/guest/pv-iommu/iova-space.js';
import type { PvDevice } from '../../../src/guest/pv-iommu/pv-device.js';
import type { PvIommu } from '../../../src/guest/pv-iommu/pv-iommu.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig, told } from './rig.js';

const test = suite('pvIOMMU: IOVAs that were not flushed');
const FLUSH = 0xd0;
const FLUSH_LIST = 0xd1;

interface Made {
  readonly rig: PvRig;
  readonly iommu: PvIommu;
  readonly device: PvDevice;
  readonly mapping: DmaMapping;
}

function make(dmaMode: DmaMode, iovaWidth = 48): Made {
  const rig = new PvRig();
  rig.has({ max_iova_width: iovaWidth });
  const iommu = rig.started({ dmaMode });
  const device = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
  rig.hypervisor.calls.length = 0;
  return { rig, iommu, device, mapping: iommu.mappingOf(device)! };
}

function refuseFlushes({ hypervisor }: PvRig, ...codes: readonly number[]): void {
  hypervisor.refuse = ({ code }) => (codes.includes(code) ? 5 : undefined);
}

for (const mode of ['strict', 'lazy'] as const)
  test(`PVI-36 PVI-51 ${mode}: no flush succeeds: the range is not used again, counted and told of`, () => {
    const { rig, iommu, device, mapping } = make(mode);
    const iova = got(mapping.map(0x5000, 2 * PAGE));
    assert.is(rig.hypervisor.dma(DEVICE_ID, iova)!.gpa, 0x5000n);
    refuseFlushes(rig, FLUSH, FLUSH_LIST);
    assert.ok(mapping.unmap(iova).ok);
    mapping.flush();
    // The hardware remembers: whoever got the IOVA would have the device in the old page.
    assert.is(rig.hypervisor.dma(DEVICE_ID, iova)!.gpa, 0x5000n);
    const last = rig.lines.at(-1);
    assert.is(told(mapping.unmap(iova)), 'EINVAL');
    rig.hypervisor.refuse = () => undefined;
    const others = Array.from({ length: 8 }, () => got(mapping.map(0x9000, PAGE)));
    for (const other of others) {
      assert.not(other >= iova && other < iova + 0x2000n);
      assert.is(rig.hypervisor.dma(DEVICE_ID, other)!.gpa, 0x9000n);
    }
    assert.equal([mapping.inUse, mapping.leakedRanges, iommu.iovasInUse, iommu.iovasLeaked], [8, 1, 8, 1]);
    assert.equal(last, {
      level: 'error',
      code: 'pviommu-iova-leaked',
      fields: { domain: mapping.domain.id, ranges: 1, bytes: 2 * PAGE },
    });
    // It is none that the driver forgot, and goes with the domain.
    for (const other of others) mapping.unmap(other);
    assert.ok(iommu.changeDefault(device, 'paging').ok);
    assert.equal([iommu.iovasInUse, iommu.iovasLeaked], [0, 0]);
    assert.is(got(iommu.mappingOf(device)!.map(0x5000, 2 * PAGE)), iova);
  });

test('PVI-36 strict: a list that is refused before a flush of the domain leaks nothing', () => {
  const { rig, mapping } = make('strict');
  const iova = got(mapping.map(0x5000, PAGE));
  refuseFlushes(rig, FLUSH_LIST);
  assert.ok(mapping.unmap(iova).ok);
  assert.is(mapping.leakedRanges, 0);
  assert.is(got(mapping.map(0x6000, PAGE)), iova);
});

test('PVI-37 lazy: one flush that fails keeps all ranges that waited for it, one line tells', () => {
  const { rig, mapping } = make('lazy');
  const iovas = [1, 2, 3].map((n) => got(mapping.map(n * PAGE, n * PAGE)));
  for (const iova of iovas) mapping.unmap(iova);
  refuseFlushes(rig, FLUSH);
  rig.queue.drain();
  assert.is(mapping.leakedRanges, 3);
  assert.equal(
    rig.lines.filter(({ code }) => code === 'pviommu-iova-leaked').map(({ fields }) => fields),
    [{ domain: mapping.domain.id, ranges: 3, bytes: 6 * PAGE }],
  );
});

test('lazy: a flush for want of IOVAs that fails gives none: ENOSPC', () => {
  const { rig, mapping } = make('lazy', 14);
  for (let n = 0; n < 3; n++) mapping.unmap(got(mapping.map(n * PAGE, PAGE)));
  refuseFlushes(rig, FLUSH);
  assert.is(told(mapping.map(0, PAGE)), 'ENOSPC');
  rig.hypervisor.refuse = () => undefined;
  assert.is(told(mapping.map(0, PAGE)), 'ENOSPC');
  assert.equal([mapping.inUse, mapping.leakedRanges], [0, 3]);
});

for (const pages of ['one piece', 'many pieces'] as const)
  test(`PVI-36 a map in ${pages} that fails half way and whose flush fails: its range is not used again`, () => {
    const { rig, mapping } = make('strict');
    const before = got(mapping.map(0x1000, PAGE));
    const frames = Array.from({ length: 1024 }, (_, n) => (pages === 'one piece' ? 1025 + n : 2050 - n));
    rig.frames.left = 1;
    refuseFlushes(rig, FLUSH, FLUSH_LIST);
    rig.hypervisor.calls.length = 0;
    assert.is(told(mapping.mapPages(frames, true)), 'ENOMEM');
    assert.equal([...new Set(rig.hypervisor.codes)], ['d1', 'd0']);
    rig.frames.left = Number.POSITIVE_INFINITY;
    rig.hypervisor.refuse = () => undefined;
    const again = got(mapping.mapPages(frames, true))[0]!;
    // Aligned to its size, the first try was right below the range that has `before`.
    const tried = before - (before % 0x40_0000n) - 0x40_0000n;
    assert.is(again, tried - 0x40_0000n);
    assert.equal([mapping.inUse, mapping.leakedRanges], [2, 1]);
  });

test('PVI-36 PVI-51 whatever flush is refused, in both modes: no device is led to memory of an older mapping', () => {
  const step = fc.record({
    which: fc.nat(5),
    length: fc.constantFrom(1, 4096, 5000, 2 ** 21),
    refused: fc.constantFrom<readonly number[]>([], [], [FLUSH_LIST], [FLUSH], [FLUSH, FLUSH_LIST]),
    flush: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom<DmaMode>('strict', 'lazy'), (steps, mode) => {
      const { rig, iommu, device, mapping } = make(mode);
      const live = new Map<number, { iova: bigint; gpa: number }>();
      for (const [n, { which, length, refused, flush }] of steps.entries()) {
        refuseFlushes(rig, ...refused);
        const old = live.get(which);
        if (old === undefined) {
          const gpa = (n + 1) * 2 ** 22 + 12;
          live.set(which, { iova: got(mapping.map(gpa, length)), gpa });
        } else {
          assert.ok(mapping.unmap(old.iova).ok);
          live.delete(which);
        }
        if (flush) mapping.flush();
        for (const { iova, gpa } of live.values()) assert.is(rig.hypervisor.dma(DEVICE_ID, iova)?.gpa, BigInt(gpa));
      }
      rig.hypervisor.refuse = () => undefined;
      mapping.flush();
      assert.is(mapping.inUse, live.size);
      const lines = rig.lines.filter(({ code }) => code === 'pviommu-iova-leaked');
      assert.is(
        lines.reduce((sum, { fields }) => sum + Number(fields?.ranges), 0),
        mapping.leakedRanges,
      );
      const { leakedTables } = mapping.domain;
      assert.ok(iommu.release(device).ok);
      assert.is(rig.frames.inUse.size, leakedTables);
    }),
    { numRuns: 100 },
  );
});

test('an IOVA that is lost is no more in use, and never given again', () => {
  const space = new IovaSpace(0x3fffn);
  assert.is(space.take(PAGE), 0x3000n);
  assert.is(space.take(PAGE), 0x2000n);
  assert.ok(space.lose(0x3000n));
  assert.not(space.lose(0x3000n));
  assert.not(space.lose(0x1000n));
  assert.not(space.give(0x3000n));
  assert.equal([space.inUse, space.lost], [1, 1]);
  assert.is(space.lengthAt(0x3000n), undefined);
  assert.ok(space.give(0x2000n));
  assert.equal([space.take(2 * PAGE), space.take(PAGE), space.take(PAGE)], [undefined, 0x2000n, 0x1000n]);
  assert.is(space.take(PAGE), undefined);
});

test.run();
