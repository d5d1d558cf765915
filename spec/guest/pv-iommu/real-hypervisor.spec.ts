import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LogicalDeviceIdTable } from '../../../src/guest/device-id/logical-device-id-table.js';
import { bootGuest } from '../../../src/guest/machine/boot.js';
import { FlushGather } from '../../../src/guest/pv-iommu/flush-gather.js';
import type { PagingDomain } from '../../../src/guest/pv-iommu/paging-domain.js';
import { startPvIommu } from '../../../src/guest/pv-iommu/start.js';
import { Partition } from '../../../src/hypervisor/partition.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { DEVICE_ID, DOMAIN, got, PAGE, PREFIX, told } from './rig.js';

const real = suite('pvIOMMU: on the hypervisor');

function make(width: number, flush: 'single' | 'exact' | 'domain') {
  const memory = SharedGuestMemory.create(1024 * PAGE);
  const frames = PageFrameAllocator.create(0, 512);
  const queue = new VirtualQueue();
  const lines: LogLine[] = [];
  const log = (line: LogLine): void => void lines.push(line);
  const partition = new Partition({
    arch: 'x64',
    memory,
    queue,
    sink: { interrupt: () => undefined },
    vps: [0],
    iommu: { capabilities: { maxIovaWidth: width }, devices: [DEVICE_ID] },
  });
  const pages = HypercallPages.create(memory, frames, { cpus: 1 });
  pages.online(0);
  const guest = bootGuest({ arch: 'x64', memory, frames, pages, queue, log, gates: [partition.gate(0)] });
  const free = frames.free;
  const ids = new LogicalDeviceIdTable(log);
  const iommu = got(startPvIommu(guest, ids, { flush }));
  ids.registerBus(DOMAIN, PREFIX);
  const dma = partition.iommu!.dma;
  const reach = (iova: bigint, access: 'read' | 'write' = 'read') => dma.access(DEVICE_ID, iova, 8, access);
  return { iommu, ids, reach, partition, lines, frames, free };
}

for (const [width, levels] of [
  [48, 4],
  [57, 5],
] as const)
  for (const flush of ['single', 'exact', 'domain'] as const)
    real(`E2E-01 PVI-50 PVI-51 PVI-52 ${levels} levels, ${flush}: attach, DMA, unmap, flush, release`, () => {
      const { iommu, reach, lines, frames, free } = make(width, flush);
      assert.is(iommu.capabilities.levels, levels);
      const device = got(iommu.add({ domain: DOMAIN, devfn: 0 }));
      const domain = iommu.defaultOf(device) as PagingDomain;
      const top = (1n << BigInt(width)) - 0x200000n;
      assert.not(reach(top).ok);
      assert.ok(domain.map(top, 0x200000, 0x200000).ok);
      assert.ok(domain.map(0x1000n, 0x5000, PAGE, false).ok);
      for (const iova of [top, top + 0x1ffff8n]) assert.ok(reach(iova, 'write').ok);
      assert.ok(reach(0x1000n).ok);
      assert.not(reach(0x1000n, 'write').ok);
      assert.is(domain.unmap(top, 0x200000), 0x200000);
      assert.not(reach(top).ok);
      assert.ok(reach(0x1000n).ok);
      assert.ok(iommu.attach(device, iommu.identity).ok);
      assert.ok(reach(0x8000n, 'write').ok);
      assert.ok(iommu.attach(device, iommu.blocked).ok);
      assert.not(reach(0x8000n).ok);
      assert.ok(iommu.attach(device, domain).ok);
      assert.ok(iommu.release(device).ok);
      assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
      assert.equal(lines, []);
      assert.is(frames.free, free);
    });

real('PVI-51 an unmap without its flush is what the hypervisor calls a stale hit', () => {
  const { iommu, reach, partition } = make(48, 'single');
  const domain = iommu.defaultOf(got(iommu.add({ domain: DOMAIN, devfn: 0 }))) as PagingDomain;
  domain.map(0x1000n, 0x5000, PAGE);
  assert.ok(reach(0x1000n).ok);
  const gather = new FlushGather();
  domain.unmap(0x1000n, PAGE, gather);
  assert.ok(reach(0x1000n).ok);
  assert.is(partition.iommu!.dma.staleTlbHits, 1);
  domain.sync(gather);
  assert.not(reach(0x1000n).ok);
});

real('PVI-24 a device that is not there is refused', () => {
  const { iommu, ids } = make(48, 'single');
  ids.registerBus(7, 0x100);
  assert.not(told(iommu.add({ domain: 7, devfn: 0 })) === 'ok');
  assert.equal(iommu.state, { devices: 0, pagingDomains: 0, domainIds: 2 });
});

real.run();
