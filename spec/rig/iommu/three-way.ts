import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { bootGuest } from '../../../src/guest/machine/boot.js';
import { IommuDevice } from '../../../src/guest/root-iommu/iommu-device.js';
import { RootIommu } from '../../../src/guest/root-iommu/root-iommu.js';
import type { FailPoint } from '../../../src/hypervisor/iommu/iommu-options.js';
import { Partition } from '../../../src/hypervisor/partition.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import { DONE } from '../../../src/ports/outcome.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';

const PAGE = 4096;
const WINDOW = 80;
const FRAMES = 0x500;
const memory = SharedGuestMemory.create(0x2000 * PAGE);

const page = fc.integer({ min: 0, max: 60 });
const count = fc.integer({ min: 1, max: 20 });
/** INVALID_PARAMETER, ACCESS_DENIED, INSUFFICIENT_MEMORY. */
const status = fc.constantFrom(0x05, 0x06, 0x0b);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('map' as const), page, count, writable: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('unmap' as const), page, count }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('move' as const), to: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('detach' as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('fail' as const), at: fc.nat(60), status }) },
);
const sequence = fc.record({
  steps: fc.array(step, { maxLength: 30 }),
  maxReps: fc.constantFrom(1, 3, 7, 4095),
  pool: fc.constantFrom(0, 2, 1000),
  splitIntervals: fc.boolean(),
});
type Sequence = typeof sequence extends fc.Arbitrary<infer T> ? T : never;

/** After any sequence the driver's tree, the hypervisor's map and what DMA sees are the same. */
function holds({ steps, maxReps, pool, splitIntervals }: Sequence): void {
  const frames = PageFrameAllocator.create(16, 0x1f00);
  const pages = HypercallPages.create(memory, frames, { cpus: 1, separateOutput: true });
  pages.online(0);
  const queue = new VirtualQueue();
  let fail: { readonly at: number; readonly status: number } | undefined;
  const failAt = ({ page: at }: FailPoint): number | undefined => {
    if (fail === undefined || at !== fail.at) return undefined;
    const { status: answer } = fail;
    fail = undefined;
    return answer;
  };
  const partition = new Partition({
    arch: 'x64',
    memory,
    queue,
    vps: [0],
    isRoot: true,
    continuation: 'partial',
    sink: { interrupt: () => undefined },
    iommu: { devices: () => true, poolPages: pool, maxRepsPerCall: maxReps, failAt },
  });
  const machine = bootGuest({ arch: 'x64', memory, frames, pages, queue, gates: [partition.gate(0)] });
  const driver = new RootIommu(machine, { flavour: 'root', splitIntervals });
  assert.ok(driver.init({ publish: () => DONE, unpublish: () => undefined, register: () => DONE }).ok);
  const device = new IommuDevice({ segment: 0, bus: 0, device: 3, function: 0 });
  const made = driver.allocPaging();
  if (!made.ok) throw new Error(`no domain: ${made.errno}`);
  const domain = made.value;
  const places = [driver.identity, driver.blocked, domain];
  for (const one of steps) {
    const iova = 'page' in one ? BigInt(one.page * PAGE) : 0n;
    if (one.op === 'map')
      driver.map(domain, {
        iova,
        paddr: BigInt((one.page + FRAMES) * PAGE),
        pageSize: PAGE,
        pageCount: one.count,
        writable: one.writable,
      });
    else if (one.op === 'unmap') driver.unmap(domain, iova, PAGE, one.count);
    else if (one.op === 'move') driver.attach(places[one.to]!, device);
    else if (one.op === 'detach') driver.detach(device);
    else fail = one;
  }
  fail = undefined;
  const iommu = partition.iommu!;
  const runs = iommu.domains
    .list()
    .filter(({ id }) => id === domain.id)
    .flatMap((report) => [...report.runs()]);
  const theirs = new Map<number, number>();
  for (const run of runs) for (let n = 0; n < run.count; n++) theirs.set(run.page + n, run.frame + n);
  if (!driver.attach(domain, device).ok) return;
  for (let at = 0; at < WINDOW; at++) {
    const ours = driver.iovaToPhys(domain, BigInt(at * PAGE));
    const frame = ours === undefined ? undefined : Number(ours) / PAGE;
    assert.is(frame, theirs.get(at), `page ${at}: driver and hypervisor`);
    const dma = iommu.dma.access(device.deviceId, BigInt(at * PAGE), 1, 'read');
    assert.is(dma.ok ? dma.segments[0]!.gpa / PAGE : undefined, frame, `page ${at}: DMA`);
    assert.is(dma.ok ? dma.staleTlbHits : 0, 0, `page ${at}: stale`);
  }
}

/** Runs so many random sequences. Throws what fast-check says, with the shortest one that fails. */
export function compareThreeWays(runs: number, seed?: number): void {
  fc.assert(fc.property(sequence, holds), { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
}
