import * as assert from 'node:assert/strict';
import { makeRootMachine } from '../spec/support/root-machine.js';
import { IommuDevice } from '../src/guest/root-iommu/iommu-device.js';
import { RootIommu } from '../src/guest/root-iommu/root-iommu.js';
import type { IommuOptions } from '../src/hypervisor/iommu/iommu-options.js';
import type { Partition } from '../src/hypervisor/partition.js';
import { SharedGuestMemory } from '../src/memory/shared-memory.js';
import { DONE } from '../src/ports/outcome.js';

export const PAGE = 4096;
/** Where ranges are mapped, and what they lead to. */
export const IOVA = 0x1_0000_0000n;
export const TARGET = 0x40_0000_0000n;

/** A root partition with its driver, a domain and a device in it: driver, codec, dispatcher, second-level map. */
export function makeDriver(iommu: Partial<IommuOptions> = {}, mib = 64) {
  const memory = SharedGuestMemory.create(mib << 20, { kernel: true });
  const { partition, machine, frames } = makeRootMachine({ memory, iommu: { devices: () => true, ...iommu } });
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

/** Nanoseconds from which a time is that of the processor: nobody has a shared one for so long, and that is no property of a map. */
const SLICE_NS = 4e6;

/** What `work` took, in nanoseconds: by the clock, or by the processor where it is long. */
function timed(work: () => void): number {
  const cpu = process.cpuUsage();
  const from = process.hrtime.bigint();
  work();
  const ns = Number(process.hrtime.bigint() - from);
  if (ns < SLICE_NS) return ns;
  const { user, system } = process.cpuUsage(cpu);
  return Math.min(ns, (user + system) * 1e3);
}

/**
 * What maps and unmaps of so many pages each took, in nanoseconds for all of them: `ranges` side by side, one request each. Throws
 * when they did not do what they should.
 */
export function timeMap(
  { driver, device, partition }: Pick<BenchDriver, 'driver' | 'device' | 'partition'>,
  domain: BenchDriver['domain'],
  pageCount: number,
  ranges = 1,
): { readonly mapNs: number; readonly unmapNs: number } {
  const bytes = BigInt(pageCount) * BigInt(PAGE);
  const all = bytes * BigInt(ranges);
  let mapped = 0n;
  const mapNs = timed(() => {
    for (let at = 0n; at < all; at += bytes) {
      const range = { iova: IOVA + at, paddr: TARGET + at, pageSize: PAGE, pageCount, writable: true };
      mapped += driver.map(domain, range).mapped;
    }
  });
  assert.equal(mapped, all);
  assert.equal(mappedPages(partition), pageCount * ranges);
  if (device.domain === domain) {
    const seen = partition.iommu!.dma.access(device.deviceId, IOVA + all - BigInt(PAGE), 1, 'write');
    assert.ok(seen.ok && seen.segments[0]!.gpa === Number(TARGET + all) - PAGE);
  }
  let unmapped = 0n;
  const unmapNs = timed(() => {
    for (let at = 0n; at < all; at += bytes) unmapped += driver.unmap(domain, IOVA + at, PAGE, pageCount);
  });
  assert.equal(unmapped, all);
  assert.equal(mappedPages(partition), 0);
  return { mapNs, unmapNs };
}

/** Maps so many pages once and throws unless every one of them leads where it should; then unmaps them. */
export function checkMap({ driver, partition }: BenchDriver, domain: BenchDriver['domain'], pageCount: number): void {
  driver.map(domain, { iova: IOVA, paddr: TARGET, pageSize: PAGE, pageCount, writable: true });
  const runs = partition.iommu!.domains.list().flatMap((one) => [...one.runs()]);
  const page = Number(IOVA) / PAGE;
  assert.deepEqual(runs, [{ page, frame: Number(TARGET) / PAGE, count: pageCount, permissions: 3 }]);
  driver.unmap(domain, IOVA, PAGE, pageCount);
  assert.deepEqual(
    partition.iommu!.domains.list().flatMap((one) => [...one.runs()]),
    [],
  );
}

export function mappedPages(partition: Partition): number {
  return partition.iommu!.domains.list().reduce((sum, { mapped }) => sum + mapped, 0);
}
