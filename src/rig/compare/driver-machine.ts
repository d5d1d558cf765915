import { LogicalDeviceIdTable } from '../../guest/device-id/logical-device-id-table.js';
import type { GuestMachine } from '../../guest/machine/guest-machine.js';
import { HypercallPages } from '../../memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../memory/shared-memory.js';
import { VirtualQueue } from '../../sched/virtual-queue.js';
import type { RecordedCall } from '../replay/recorded-call.js';
import { CallTape, type ComparedInput } from './call-tape.js';

/** Pages of memory: tables of a guest's IOMMU for some 60 GiB in small pages. */
const MEMORY_PAGES = 1 << 15;
const PAGE = 4096;

/** A guest that makes no exits but hypercalls, which a tape answers. */
export interface DriverMachine {
  readonly tape: CallTape;
  readonly machine: GuestMachine;
  readonly ids: LogicalDeviceIdTable;
}

export interface DriverMachineOptions {
  readonly cpus: number;
  /** Output has a page of its own, as in a root partition. */
  readonly separateOutput: boolean;
  /** Frames that deposits give are those of the recording. */
  readonly recordedFrames: boolean;
  readonly compared?: ComparedInput;
}

let shared: SharedGuestMemory | undefined;

export function driverMachine(calls: readonly RecordedCall[], options: DriverMachineOptions): DriverMachine {
  // Drivers write before they read: one memory will do for all that are tried.
  shared ??= SharedGuestMemory.create(MEMORY_PAGES * PAGE);
  const memory = shared;
  const own = PageFrameAllocator.create(0, MEMORY_PAGES);
  const { cpus, separateOutput, recordedFrames, compared } = options;
  const pages = HypercallPages.create(memory, own, { cpus, separateOutput });
  const tape = new CallTape(memory, calls, compared);
  const log = (): void => undefined;
  const machine: GuestMachine = {
    arch: 'x64',
    memory,
    frames: recordedFrames ? tape : own,
    pages,
    queue: new VirtualQueue(),
    log,
    cpus: Array.from({ length: cpus }, (_, cpu) => ({ cpu, gate: tape, present: true, online: true })),
    space: { take: () => undefined, give: () => undefined, taken: 0 },
    handle: () => undefined,
    takeVector: () => undefined,
    giveVector: () => undefined,
  };
  for (let cpu = 0; cpu < cpus; cpu++) pages.online(cpu);
  return { tape, machine, ids: new LogicalDeviceIdTable(log) };
}
