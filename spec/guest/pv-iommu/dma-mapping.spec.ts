import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DmaMapping, type DmaMode } from '../../../src/guest/pv-iommu/dma-mapping.js';
import { IovaSpace } from '../../../src/guest/pv-iommu/iova-space.js';
import type { PagingDomain } from '../../../src/guest/pv-iommu/paging-domain.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PvRig, told } from './rig.js';

const dma = suite('pvIOMMU: DMA mappings');

function make(mode: DmaMode): { rig: PvRig; mapping: DmaMapping } {
  const rig = new PvRig();
  const iommu = rig.started();
  const device = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
  const mapping = new DmaMapping(iommu.defaultOf(device) as PagingDomain, rig.queue, mode);
  rig.hypervisor.calls.length = 0;
  return { rig, mapping };
}

dma('IOVAs come from the top of 32 bits down, aligned to their size, and around the message window (PVI-10)', () => {
  const space = new IovaSpace((1n << 48n) - 1n);
  assert.is(space.take(PAGE), 0xfffff000n);
  assert.is(space.take(2 * PAGE), 0xffffc000n);
  assert.is(space.take(3 * PAGE), 0xffff8000n);
  assert.is(space.take(PAGE), 0xffffe000n, 'the gap');
  assert.is(space.take(0x1000000), 0xfd000000n, 'below the message window');
  assert.is(space.take(2 ** 32), (1n << 48n) - (1n << 32n), 'too large for 32 bits');
  assert.ok(space.give(0xffffc000n));
  assert.not(space.give(0xffffc000n));
  assert.not(space.give(0xfee00000n));
  assert.is(space.lengthAt(0xfee00000n), undefined);
  assert.is(space.take(2 * PAGE), 0xffffc000n);
  assert.is(space.inUse, 6);
});

dma('a small aperture runs out, page 0 is never handed out', () => {
  const space = new IovaSpace(0x3fffn);
  assert.equal(
    [space.take(PAGE), space.take(PAGE), space.take(PAGE), space.take(PAGE)],
    [0x3000n, 0x2000n, 0x1000n, undefined],
  );
});

dma('any buffer of guest memory: the offset in its page stays', () => {
  const { rig, mapping } = make('strict');
  const iova = got(mapping.map(0x5ff8, 16));
  assert.is(iova & 0xfffn, 0xff8n);
  assert.is(rig.hypervisor.dma(DEVICE_ID, iova)!.gpa, 0x5ff8n);
  assert.is(rig.hypervisor.dma(DEVICE_ID, iova + 8n)!.gpa, 0x6000n);
  for (const [gpa, length] of [
    [-1, 1],
    [0, 0],
    [Number.NaN, 1],
    [2 ** 52, 1],
  ] as const)
    assert.is(told(mapping.map(gpa, length)), 'EINVAL');
  assert.is(mapping.inUse, 1);
  rig.frames.left = 0;
  assert.is(told(mapping.map(0, 2 ** 32)), 'ENOMEM');
  assert.is(mapping.inUse, 1);
});

dma('PVI-36 strict: a list at each unmap, the IOVA is free at once', () => {
  const { rig, mapping } = make('strict');
  const iova = got(mapping.map(0x5000, PAGE));
  rig.hypervisor.dma(DEVICE_ID, iova);
  assert.ok(mapping.unmap(iova).ok);
  assert.equal(rig.hypervisor.codes, ['d1']);
  assert.is(rig.hypervisor.dma(DEVICE_ID, iova), undefined);
  assert.is(told(mapping.unmap(iova)), 'EINVAL');
  assert.is(got(mapping.map(0x6000, PAGE)), iova);
  assert.is(rig.hypervisor.staleHits, 0);
});

dma('PVI-36 a large page takes the place of an empty table: flushed at once, and the table is given back', () => {
  for (const mode of ['strict', 'lazy'] as const) {
    const { rig, mapping } = make(mode);
    const small = got(mapping.map(0x5000, PAGE));
    assert.ok(mapping.unmap(small).ok);
    mapping.flush();
    rig.hypervisor.calls.length = 0;
    const before = rig.frames.inUse.size;
    const large = got(mapping.map(1 << 21, 1 << 21));
    assert.is(mapping.domain.find(large)!.pageSize, 1 << 21);
    assert.ok(small >= large && small < large + (1n << 21n));
    assert.equal([rig.frames.inUse.size, rig.hypervisor.codes], [before - 1, ['d1']]);
  }
});

dma('PVI-37 lazy: one flush of the domain for many unmaps, 10 ms later, and no IOVA is used again before', () => {
  const { rig, mapping } = make('lazy');
  const iovas = [1, 2, 3].map((n) => got(mapping.map(n * PAGE, PAGE)));
  for (const iova of iovas) {
    assert.ok(mapping.unmap(iova).ok);
    assert.is(told(mapping.unmap(iova)), 'EINVAL');
  }
  assert.not(iovas.includes(got(mapping.map(0x9000, PAGE))));
  assert.equal(rig.hypervisor.codes, []);
  rig.queue.drain();
  assert.is(rig.queue.now(), 10_000);
  assert.equal(rig.hypervisor.codes, ['d0']);
  assert.is(mapping.inUse, 1);
  mapping.flush();
  assert.equal(rig.hypervisor.codes, ['d0']);
});

dma('PVI-37 lazy: 256 unmaps do not wait', () => {
  const { rig, mapping } = make('lazy');
  for (let n = 0; n < 256; n++) mapping.unmap(got(mapping.map(n * PAGE, PAGE)));
  assert.equal(rig.hypervisor.codes, ['d0']);
  assert.is(mapping.inUse, 0);
  rig.queue.drain();
  assert.equal(rig.hypervisor.codes, ['d0']);
});

dma('lazy: IOVAs that run out are a reason to flush', () => {
  const rig = new PvRig();
  rig.has({ max_iova_width: 14 });
  const mapping = new DmaMapping(got(rig.started().allocate()), rig.queue, 'lazy');
  for (let n = 0; n < 3; n++) mapping.unmap(got(mapping.map(n * PAGE, PAGE)));
  rig.hypervisor.calls.length = 0;
  for (let n = 0; n < 3; n++) assert.ok(mapping.map(n * PAGE, PAGE).ok);
  assert.equal(rig.hypervisor.codes, ['d0']);
  assert.is(told(mapping.map(0, PAGE)), 'ENOSPC');
});

dma('PVI-51 any sequence in both modes: no old translation leads a device to memory of another mapping', () => {
  const step = fc.record({ map: fc.boolean(), which: fc.nat(7), length: fc.constantFrom(1, 4096, 5000, 2 ** 21) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom<DmaMode>('strict', 'lazy'), (steps, mode) => {
      const { rig, mapping } = make(mode);
      const live = new Map<number, { iova: bigint; gpa: number }>();
      for (const [n, { map, which, length }] of steps.entries()) {
        const old = live.get(which);
        if (old !== undefined && !map) {
          assert.ok(mapping.unmap(old.iova).ok);
          live.delete(which);
        } else if (old === undefined && map) {
          const gpa = (n + 1) * 2 ** 22 + 12;
          live.set(which, { iova: got(mapping.map(gpa, length)), gpa });
        }
        for (const { iova, gpa } of live.values()) assert.is(rig.hypervisor.dma(DEVICE_ID, iova)?.gpa, BigInt(gpa));
      }
      assert.is(rig.hypervisor.staleHits, 0);
      for (const { iova } of live.values()) mapping.unmap(iova);
      mapping.flush();
      assert.is(mapping.inUse, 0);
      for (const { cached } of rig.hypervisor.domains.values()) assert.is(cached.size, 0);
    }),
    { numRuns: 100 },
  );
});

dma.run();
