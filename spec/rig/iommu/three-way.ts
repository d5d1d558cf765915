import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import { RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import type { FailPoint } from '../../../src/hypervisor/iommu/iommu-options.js';
import type { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import { DONE } from '../../../src/ports/outcome.js';
import { makeRootMachine } from '../../support/root-machine.js';

const PAGE = 4096;
const WINDOW = 80;
const FRAMES = 0x500;
const memory = SharedGuestMemory.create(0x2000 * PAGE);

const page = fc.integer({ min: 0, max: 60 });
const count = fc.integer({ min: 1, max: 20 });
const which = fc.nat(1);
/** INVALID_PARAMETER, ACCESS_DENIED, INSUFFICIENT_MEMORY. */
const status = fc.constantFrom(0x05, 0x06, 0x0b);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('map' as const), which, page, count, writable: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('unmap' as const), which, page, count }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('attach' as const), which, to: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('detach' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('fail' as const), at: fc.integer({ min: -1, max: 60 }), status }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('starve' as const), isStarved: fc.boolean() }) },
);
const sequence = fc.record({
  steps: fc.array(step, { maxLength: 30 }),
  maxReps: fc.constantFrom(1, 3, 7, 4095),
  pool: fc.constantFrom(0, 2, 1000),
  pagesPerMapping: fc.constantFrom(0, 0, 1),
  splitIntervals: fc.boolean(),
});
type Sequence = typeof sequence extends fc.Arbitrary<infer T> ? T : never;

interface Injected {
  fail: { readonly at: number; readonly status: number } | undefined;
}

/** A root partition of two devices that are in one domain each, and what makes its calls fail. */
function makeRig({ maxReps, pool, pagesPerMapping, splitIntervals }: Sequence) {
  const injected: Injected = { fail: undefined };
  const failAt = ({ page: at }: FailPoint): number | undefined => {
    const { fail } = injected;
    if (fail === undefined || at !== fail.at) return undefined;
    injected.fail = undefined;
    return fail.status;
  };
  const { partition, machine, frames } = makeRootMachine({
    memory,
    continuation: 'partial',
    iommu: { devices: () => true, poolPages: pool, pagesPerMapping, maxRepsPerCall: maxReps, failAt },
  });
  const driver = new RootIommu(machine, { flavour: 'root', splitIntervals });
  assert.ok(driver.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE }).ok);
  const devices = [3, 4].map((device) => new IommuDevice({ segment: 0, bus: 0, device, function: 0 }));
  const domains = devices.map(() => {
    const made = driver.allocPaging();
    if (!made.ok) throw new Error(`no domain: ${made.errno}`);
    return made.value;
  });
  for (const [n, device] of devices.entries()) assert.ok(driver.attach(domains[n]!, device).ok);
  return { partition, driver, devices, domains, frames, injected };
}

type Rig = ReturnType<typeof makeRig>;

/** After any sequence the drivers' trees, the hypervisor's maps and what DMA sees are the same. */
function holds(plan: Sequence): void {
  const rig = makeRig(plan);
  const { driver, devices, domains, frames, injected } = rig;
  const places = [driver.identity, driver.blocked, ...domains];
  const hoard: number[] = [];
  for (const one of plan.steps) {
    const iova = 'page' in one ? BigInt(one.page * PAGE) : 0n;
    if (one.op === 'map') {
      const paddr = BigInt((one.page + FRAMES * (one.which + 1)) * PAGE);
      const { count: pageCount, writable } = one;
      driver.map(domains[one.which]!, { iova, paddr, pageSize: PAGE, pageCount, writable });
    } else if (one.op === 'unmap') {
      const before = mappedPages(rig);
      const bytes = driver.unmap(domains[one.which]!, iova, PAGE, one.count);
      assert.is(Number(bytes) / PAGE, before - mappedPages(rig), 'what unmap says that it did');
    } else if (one.op === 'attach') driver.attach(places[one.to]!, devices[one.which]!);
    else if (one.op === 'detach') driver.detach(devices[one.which]!);
    else if (one.op === 'fail') injected.fail = one;
    else starve(frames, hoard, one.isStarved);
    for (const domain of domains) assert.is(domain.numAttached, domain.devices.size);
  }
  injected.fail = undefined;
  starve(frames, hoard, false);
  for (const n of devices.keys()) compare(rig, n);
}

function mappedPages({ partition }: Rig): number {
  return partition.iommu!.domains.list().reduce((sum, { mapped }) => sum + mapped, 0);
}

/** Takes every page frame that the guest could deposit, or gives them back. */
function starve(frames: PageFrameAllocator, hoard: number[], isStarved: boolean): void {
  if (!isStarved) {
    frames.give(hoard);
    hoard.length = 0;
    return;
  }
  for (let size = 0x1000; size >= 1; size /= 2)
    for (let taken = frames.take(size); taken !== undefined; taken = frames.take(size)) hoard.push(...taken);
}

function compare({ partition, driver, devices, domains }: Rig, n: number): void {
  const iommu = partition.iommu!;
  const [domain, device] = [domains[n]!, devices[n]!];
  const where = iommu.domains.places.of(device.deviceId);
  assert.is(where.kind === 'domain' ? where.domain.name.id : -1, device.holder?.id ?? 0, 'where the device is');
  const runs = iommu.domains
    .list()
    .filter(({ id }) => id === domain.id)
    .flatMap((report) => [...report.runs()]);
  const theirs = new Map<number, { frame: number; permissions: number }>();
  for (const { page: first, frame, count: pages, permissions } of runs)
    for (let i = 0; i < pages; i++) theirs.set(first + i, { frame: frame + i, permissions });
  assert.ok(driver.attach(domain, device).ok, 'the device comes into its domain again');
  for (let at = 0; at < WINDOW; at++) {
    const iova = BigInt(at * PAGE);
    const ours = driver.iovaToPhys(domain, iova);
    const frame = ours === undefined ? undefined : Number(ours) / PAGE;
    assert.is(frame, theirs.get(at)?.frame, `page ${at}: driver and hypervisor`);
    const read = iommu.dma.access(device.deviceId, iova, 1, 'read');
    assert.is(read.ok ? read.segments[0]!.gpa / PAGE : undefined, frame, `page ${at}: DMA`);
    const flags = domain.tree.find(at)?.flags;
    assert.is(flags, theirs.get(at)?.permissions, `page ${at}: what is allowed`);
    assert.is(iommu.dma.access(device.deviceId, iova, 1, 'write').ok, (flags ?? 0) > 1, `page ${at}: write`);
  }
}

/** Runs so many random sequences. Throws what fast-check says, with the shortest one that fails. */
export function compareThreeWays(runs: number, seed?: number): void {
  fc.assert(fc.property(sequence, holds), { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
}
