import * as assert from 'uvu/assert';
import type { GuestMachine } from '../../../src/guest/machine/guest-machine.js';
import { IommuDevice, type IommuDeviceOptions } from '../../../src/guest/root-iommu/iommu-device.js';
import type { PagingDomain } from '../../../src/guest/root-iommu/iommu-domain.js';
import { type IommuCore, RootIommu, type RootIommuOptions } from '../../../src/guest/root-iommu/root-iommu.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { DONE, type Outcome } from '../../../src/ports/outcome.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { FakeHypervisor } from './fake-hypervisor.js';

const FRAMES = 16384;
const memory = SharedGuestMemory.create(FRAMES * 4096);

export interface Rig {
  readonly hv: FakeHypervisor;
  readonly machine: GuestMachine;
  readonly log: LogLine[];
  readonly frames: PageFrameAllocator;
  readonly iommu: RootIommu;
}

/** Codes of the lines that were logged. */
export function codesOf(log: readonly LogLine[]): string[] {
  return log.map((line) => line.code);
}

export const QUIET_CORE: IommuCore = { publish: () => DONE, unpublish: () => undefined, register: () => DONE };

/** A guest on the fake hypervisor: CPU 0 is VP 7. */
export function bareRig(frames = 8192): Omit<Rig, 'iommu'> {
  const log: LogLine[] = [];
  const allocator = PageFrameAllocator.create(16, frames);
  const hv = new FakeHypervisor(memory);
  const pages = HypercallPages.create(memory, allocator, { cpus: 1, separateOutput: true });
  pages.online(0);
  const machine: GuestMachine = {
    arch: 'x64',
    memory,
    frames: allocator,
    pages,
    queue: new VirtualQueue(),
    log: (line) => log.push(line),
    cpus: [{ cpu: 0, gate: hv, present: true, online: true }],
    space: { take: () => undefined, give: () => undefined, taken: 0 },
    handle: () => undefined,
    takeVector: () => undefined,
    giveVector: () => undefined,
  };
  return { hv, machine, log, frames: allocator };
}

/** As bareRig, with a driver that is registered; calls and log of the start are dropped. */
export function rig(options: Partial<RootIommuOptions> = {}, frames?: number): Rig {
  const bare = bareRig(frames);
  const iommu = new RootIommu(bare.machine, { flavour: 'root', ...options });
  assert.is(iommu.init(QUIET_CORE).ok, true);
  bare.hv.made.length = 0;
  bare.log.length = 0;
  return { ...bare, iommu };
}

export function nvme(options: IommuDeviceOptions = {}, device = 3): IommuDevice {
  return new IommuDevice({ segment: 0, bus: 0, device, function: 0 }, options);
}

export function gained<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`not expected to fail: ${outcome.errno}`);
  return outcome.value;
}

export function errnoOf(outcome: Outcome<unknown>): string | undefined {
  return outcome.ok ? undefined : outcome.errno;
}

export function pagingDomain({ iommu, hv }: Rig): PagingDomain {
  const domain = gained(iommu.allocPaging());
  hv.made.length = 0;
  return domain;
}

/** 4 KiB pages from `iova` to `paddr`. */
export function pagesOf(iova: bigint, paddr: bigint, pageCount: number, writable = true, pageSize = 4096) {
  return { iova, paddr, pageSize, pageCount, writable };
}

/** True when the books of a domain and the hypervisor's pages say the same (IOMMU-67). */
export function booksAgree(hv: FakeHypervisor, domain: PagingDomain): boolean {
  const pages = hv.pagesOf(domain.id);
  let booked = 0;
  for (const { start, pages: length, frame, flags } of domain.tree.all()) {
    booked += length;
    for (let i = 0; i < length; i++) {
      const page = pages.get(start + i);
      if (page === undefined || page.frame !== frame + i || page.flags !== flags) return false;
    }
  }
  return booked === pages.size;
}
