import * as assert from 'node:assert/strict';
import { bootGuest } from '../../src/guest/machine/boot.js';
import { IommuDevice } from '../../src/guest/root-iommu/iommu-device.js';
import { RootIommu } from '../../src/guest/root-iommu/root-iommu.js';
import { Partition } from '../../src/hypervisor/partition.js';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { DONE } from '../../src/ports/outcome.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';
import { atLeast, type BenchCase } from '../case.js';
import { quantile } from '../race.js';

const PAGE = 4096;
const PAGES = 262_144;
const IOVA = 0x1_0000_0000n;
const TARGET = 0x40_0000_0000n;

/** A root partition with its driver, a domain and a device in it. */
function makeDriver() {
  const memory = SharedGuestMemory.create(64 << 20, { kernel: true });
  const frames = PageFrameAllocator.create(16, 12_000);
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
    iommu: { devices: () => true },
  });
  const machine = bootGuest({ arch: 'x64', memory, frames, pages, queue, gates: [partition.gate(0)] });
  const driver = new RootIommu(machine, { flavour: 'root', filler: memory });
  assert.ok(driver.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE }).ok);
  const made = driver.allocPaging();
  if (!made.ok) throw new Error(`no domain: ${made.errno}`);
  const device = new IommuDevice({ segment: 0, bus: 0, device: 3, function: 0 });
  assert.ok(driver.attach(made.value, device).ok);
  return { driver, domain: made.value, device, partition };
}

const bench: BenchCase = {
  question:
    'How fast does a root partition map and unmap 1 GiB in 4 KiB pages: driver, codec, dispatcher, second-level map?',
  run(pace) {
    const { driver, domain, device, partition } = makeDriver();
    const rounds = pace === 'full' ? 40 : 4;
    const maps: number[] = [];
    const unmaps: number[] = [];
    const range = { iova: IOVA, paddr: TARGET, pageSize: PAGE, pageCount: PAGES, writable: true };
    for (let round = 0; round < rounds + 5; round++) {
      let from = process.hrtime.bigint();
      const { mapped } = driver.map(domain, range);
      const mapNs = Number(process.hrtime.bigint() - from);
      assert.equal(mapped, BigInt(PAGES) * BigInt(PAGE));
      const last = IOVA + BigInt((PAGES - 1) * PAGE);
      const seen = partition.iommu!.dma.access(device.deviceId, last, 1, 'write');
      assert.ok(seen.ok && seen.segments[0]!.gpa === Number(TARGET) + (PAGES - 1) * PAGE);
      from = process.hrtime.bigint();
      const unmapped = driver.unmap(domain, IOVA, PAGE, PAGES);
      const unmapNs = Number(process.hrtime.bigint() - from);
      assert.equal(unmapped, mapped);
      // The first ones compile, and make the tables.
      if (round < 5) continue;
      maps.push((PAGES * 1e3) / mapNs);
      unmaps.push((PAGES * 1e3) / unmapNs);
    }
    const median = (rates: readonly number[]): number =>
      quantile(
        rates.toSorted((a, b) => a - b),
        0.5,
      );
    const note = (rates: readonly number[]): string =>
      `${rates.length} rounds, ${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
    return {
      figures: [
        { what: 'map, 518 calls', value: median(maps), unit: 'M pages/s', note: note(maps) },
        { what: 'unmap, 65 calls', value: median(unmaps), unit: 'M pages/s', note: note(unmaps) },
      ],
      bars: [
        atLeast('map of 1 GiB', median(maps), 50, 'M pages/s'),
        atLeast('unmap of 1 GiB', median(unmaps), 50, 'M pages/s'),
      ],
    };
  },
};

export default bench;
