import { hv_output_get_iommu_capabilities } from '../../../src/abi/hv/device-domain-flush.js';
import { LogicalDeviceIdTable } from '../../../src/guest/device-id/logical-device-id-table.js';
import type { DeviceSpace, GuestCpu, GuestMachine } from '../../../src/guest/machine/guest-machine.js';
import type { PvIommu } from '../../../src/guest/pv-iommu/pv-iommu.js';
import { type PvIommuOptions, startPvIommu } from '../../../src/guest/pv-iommu/start.js';
import { encode } from '../../../src/layout/codec.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import type { Outcome } from '../../../src/ports/outcome.js';
import type { PageFrames } from '../../../src/ports/page-frames.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { capabilities, FakeHypervisor } from './fake-hypervisor.js';

export const PAGE = 4096;
/** Prefix of the recorded bus: instance 8fd2b1c6-37a9-4e05-... */
export const PREFIX = 0x37a94e00;
export const DOMAIN = 0x37a9;
export const DEVICE_ID = 0x37a94e00n;

const NO_SPACE: DeviceSpace = { take: () => undefined, give: () => undefined, taken: 0 };

/** Frames that can run out, and tell when they are given back. */
export class CountedFrames implements PageFrames {
  readonly inUse = new Set<number>();
  left = Number.POSITIVE_INFINITY;
  onGive: (frames: readonly number[]) => void = () => undefined;
  private readonly frames: PageFrames;

  constructor(frames: PageFrames) {
    this.frames = frames;
  }

  take(count: number, contiguous?: boolean): number[] | undefined {
    if (this.left < count) return undefined;
    const taken = this.frames.take(count, contiguous);
    for (const frame of taken ?? []) this.inUse.add(frame);
    if (taken !== undefined) this.left -= count;
    return taken;
  }

  give(frames: readonly number[]): void {
    this.onGive(frames);
    this.frames.give(frames);
    for (const frame of frames) this.inUse.delete(frame);
  }
}

/** A guest with two CPUs on a fake hypervisor. */
export class PvRig implements GuestMachine {
  readonly arch: 'x64' | 'arm64';
  readonly queue = new VirtualQueue();
  // So large that the C library maps it: memory that nobody touches costs nothing, and goes at once when the rig does.
  readonly memory = SharedGuestMemory.create(10240 * PAGE, { kernel: false });
  readonly frames = new CountedFrames(PageFrameAllocator.create(0, 2048));
  readonly pages: HypercallPages;
  readonly lines: LogLine[] = [];
  readonly hypervisor = new FakeHypervisor(this.memory);
  readonly cpus: readonly GuestCpu[];
  readonly space = NO_SPACE;
  readonly ids = new LogicalDeviceIdTable((line) => this.log(line));

  constructor(arch: 'x64' | 'arm64' = 'x64') {
    this.arch = arch;
    this.pages = HypercallPages.create(this.memory, this.frames, { cpus: 2 });
    this.cpus = [0, 1].map((cpu) => ({ cpu, gate: this.hypervisor.gate(cpu), present: true, online: true }));
    for (const { cpu } of this.cpus) this.pages.online(cpu);
    this.frames.inUse.clear();
  }

  readonly log = (line: LogLine): void => {
    this.lines.push(line);
  };

  handle(): void {}

  takeVector(): number | undefined {
    return undefined;
  }

  giveVector(): void {}

  /** Codes of lines of a level. */
  codes(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map(({ code }) => code);
  }

  has(change: Parameters<typeof capabilities>[0]): void {
    this.hypervisor.capabilities = encode(hv_output_get_iommu_capabilities, capabilities(change));
  }

  start(options: PvIommuOptions = {}): Outcome<PvIommu> {
    return startPvIommu(this, this.ids, options);
  }

  /** Started, with the recorded bus in the table of ids and the calls of the start forgotten. */
  started(options: PvIommuOptions = {}): PvIommu {
    const iommu = got(this.start(options));
    this.ids.registerBus(DOMAIN, PREFIX);
    this.hypervisor.calls.length = 0;
    return iommu;
  }
}

/** The value of what has to succeed. */
export function got<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.errno);
  return outcome.value;
}

/** `ok`, or the errno. */
export function told(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'ok' : outcome.errno;
}
