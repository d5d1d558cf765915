import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DIRECT_DMA } from '../../../src/guest/pci/dma-operations.js';
import { DmaMapping, type DmaMode } from '../../../src/guest/pv-iommu/dma-mapping.js';
import type { PagingDomain } from '../../../src/guest/pv-iommu/paging-domain.js';
import type { IommuFunction } from '../../../src/guest/pv-iommu/pv-device.js';
import type { PvIommuOptions } from '../../../src/guest/pv-iommu/start.js';
import { DEVICE_ID, DOMAIN, got, PvRig, told } from './rig.js';

const test = suite('pvIOMMU: mappings of drivers');

function make(options: PvIommuOptions = {}) {
  const rig = new PvRig();
  const free = rig.frames.inUse.size;
  const iommu = rig.started(options);
  const fn: IommuFunction = { domain: DOMAIN, devfn: 0 };
  const device = got(iommu.add(fn));
  rig.hypervisor.calls.length = 0;
  const codes = (): string[] => rig.hypervisor.calls.map(({ code }) => code.toString(16));
  return { rig, iommu, fn, device, codes, free };
}

for (const [kind, isMapping] of [
  ['paging', true],
  ['identity', false],
  ['blocked', false],
  ['none', false],
] as const)
  test(`E2E-01 default domain ${kind}: a driver ${isMapping ? 'maps through the domain' : 'has no mapping'}`, () => {
    const { iommu, fn, device } = make({ defaultDomain: kind });
    assert.is(fn.dma instanceof DmaMapping, isMapping);
    assert.is(iommu.mappingOf(device), isMapping ? fn.dma : undefined);
    assert.is(iommu.iovasInUse, 0);
  });

test('page frames wherever they are get one range of IOVAs, those that follow one another a large page', () => {
  const { rig, fn, iommu, device } = make();
  const scattered = got(fn.dma!.mapPages([9, 10, 4, 600], true));
  assert.equal(
    scattered.map((iova) => rig.hypervisor.dma(DEVICE_ID, iova)?.gpa),
    [0x9000n, 0xa000n, 0x4000n, 0x25_8000n],
  );
  assert.equal(scattered, [0xffffc000n, 0xffffd000n, 0xffffe000n, 0xfffff000n]);
  const domain = iommu.defaultOf(device) as PagingDomain;
  const large = got(
    fn.dma!.mapPages(
      Array.from({ length: 512 }, (_, i) => 512 + i),
      false,
    ),
  );
  assert.is(domain.find(large[0]!)!.pageSize, 0x20_0000);
  assert.is(domain.find(large[0]!)!.write, false);
  fn.dma!.unmapPages(scattered);
  fn.dma!.unmapPages(large);
  fn.dma!.unmapPages([]);
  assert.is(domain.find(scattered[2]!), undefined);
  assert.is(told(fn.dma!.mapPages([], true)), 'EINVAL');
});

test('pages of which the last cannot be mapped: the others are unmapped and flushed, and the IOVAs are free', () => {
  const { rig, fn, iommu, codes } = make();
  // The range crosses into a second table of 2 MiB, for which there is no frame.
  const first = got(fn.dma!.mapPages([1], true));
  rig.frames.left = 0;
  rig.hypervisor.calls.length = 0;
  const many = Array.from({ length: 1024 }, (_, i) => 1024 - i);
  assert.is(told(fn.dma!.mapPages(many, true)), 'ENOMEM');
  assert.is(iommu.iovasInUse, 1);
  assert.ok(codes().every((code) => code === 'd1'));
  rig.frames.left = Number.POSITIVE_INFINITY;
  fn.dma!.unmapPages(got(fn.dma!.mapPages(many, true)));
  fn.dma!.unmapPages(first);
});

for (const [mode, flushes] of [
  ['strict', ['d1', 'd1']],
  ['lazy', ['d0']],
] as const)
  test(`PVI-27 ${mode}: a device goes, its mappings with it: flushed, blocked, deleted, every frame back, no timer`, () => {
    const { rig, iommu, fn, device, codes, free } = make({ dmaMode: mode satisfies DmaMode });
    const mapped = [got(fn.dma!.mapPages([5], true)), got(fn.dma!.mapPages([6, 8], false))];
    for (const addresses of mapped) fn.dma!.unmapPages(addresses);
    iommu.release(device);
    assert.equal(codes(), [...flushes, 'b2', 'c5']);
    assert.is(fn.dma, DIRECT_DMA);
    assert.is(iommu.iovasInUse, 0);
    assert.is(rig.frames.inUse.size, free);
    rig.queue.drain();
    assert.equal(codes().length, flushes.length + 2);
    assert.equal(rig.lines, []);
  });

test('a driver that forgets a mapping is told of; tables and IOVAs go with the domain', () => {
  const { rig, iommu, fn, device, free } = make();
  got(fn.dma!.mapPages([5], true));
  iommu.release(device);
  assert.equal(rig.lines, [
    { level: 'warn', code: 'pviommu-still-mapped', fields: { domain: DOMAIN, devfn: 0, left: 1 } },
  ]);
  assert.is(iommu.iovasInUse, 0);
  assert.is(rig.frames.inUse.size, free);
});

test('another default domain: EBUSY while the driver has memory mapped, new operations behind it', () => {
  const { iommu, fn, device, codes } = make();
  const before = fn.dma;
  const mapped = got(fn.dma!.mapPages([5], true));
  assert.is(told(iommu.changeDefault(device, 'identity')), 'EBUSY');
  assert.is(fn.dma, before);
  fn.dma!.unmapPages(mapped);
  assert.is(told(iommu.changeDefault(device, 'identity')), 'ok');
  assert.is(fn.dma, DIRECT_DMA);
  assert.equal(codes(), ['d0', 'b2', 'c5']);
  assert.is(told(iommu.changeDefault(device, 'paging')), 'ok');
  assert.is(fn.dma, iommu.mappingOf(device));
  assert.is.not(fn.dma, before);
});

test.run();
