import * as assert from 'node:assert/strict';
import { bootGuest } from '../src/guest/machine/boot.js';
import { IommuDevice } from '../src/guest/root-iommu/iommu-device.js';
import { RootIommu } from '../src/guest/root-iommu/root-iommu.js';
import type { IommuOptions } from '../src/hypervisor/iommu/iommu-options.js';
import { Partition } from '../src/hypervisor/partition.js';
import { HypercallPages } from '../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../src/memory/shared-memory.js';
import { DONE } from '../src/ports/outcome.js';
import { VirtualQueue } from '../src/sched/virtual-queue.js';

export const PAGE = 4096;
/** Where ranges are mapped, and what they lead to. */
export const IOVA = 0x1_0000_0000n;
export const TARGET = 0x40_0000_0000n;
const FIRST_FRAME = 16;

/** Frames that deposits take, of a guest with so many MiB. */
const framesOf = (mib: number): number => mib * 256 - FIRST_FRAME;

/** A root partition with its driver, a domain and a device in it: driver, codec, dispatcher, second-level map. */
export function makeDriver(iommu: Partial<IommuOptions> = {}, mib = 64) {
  const memory = SharedGuestMemory.create(mib << 20, { kernel: true });
  const frames = PageFrameAllocator.create(FIRST_FRAME, framesOf(mib));
  const pages = HypercallPages.create(memory, frames, { cpus: 1, separateOutput: true });
  pages.online(0);
  const queue = new VirtualQueue();
  const partition = new Partition({
    arch: 'x64',
    memory,
    queue,
    vps: [0],
    isRoot: true,
    sink: { interrupt: () => undefined },
    iommu: { devices: () => true, ...iommu },
  });
  const machine = bootGuest({ arch: 'x64', memory, frames, pages, queue, gates: [partition.gate(0)] });
  const driver = new RootIommu(machine, { flavour: 'root', filler: memory });
  assert.ok(driver.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE }).ok);
  const device = new IommuDevice({ segment: 0, bus: 0, device: 3, function: 0 });
  const domain = newDomain(driver);
  assert.ok(driver.attach(domain, device).ok);
  return { driver, domain, device, partition, frames };
}

export type BenchDriver = ReturnType<typeof makeDriver>;

export function newDomain(driver: RootIommu) {
  const made = driver.allocPaging();
  if (!made.ok) throw new Error(`no domain: ${made.errno}`);
  return made.value;
}

/** What a map and an unmap of so many pages took, in nanoseconds; throws when either did not do what it should. */
export function timeMap(
  { driver, device, partition }: Pick<BenchDriver, 'driver' | 'device' | 'partition'>,
  domain: BenchDriver['domain'],
  pageCount: number,
): { readonly mapNs: number; readonly unmapNs: number } {
  const bytes = BigInt(pageCount) * BigInt(PAGE);
  let from = process.hrtime.bigint();
  const { mapped } = driver.map(domain, { iova: IOVA, paddr: TARGET, pageSize: PAGE, pageCount, writable: true });
  const mapNs = Number(process.hrtime.bigint() - from);
  assert.equal(mapped, bytes);
  assert.equal(mappedPages(partition), pageCount);
  if (device.domain === domain) {
    const seen = partition.iommu!.dma.access(device.deviceId, IOVA + bytes - BigInt(PAGE), 1, 'write');
    assert.ok(seen.ok && seen.segments[0]!.gpa === Number(TARGET + bytes) - PAGE);
  }
  from = process.hrtime.bigint();
  const unmapped = driver.unmap(domain, IOVA, PAGE, pageCount);
  const unmapNs = Number(process.hrtime.bigint() - from);
  assert.equal(unmapped, bytes);
  assert.equal(mappedPages(partition), 0);
  return { mapNs, unmapNs };
}

function mappedPages(partition: Partition): number {
  return partition.iommu!.domains.list().reduce((sum, { mapped }) => sum + mapped, 0);
}
