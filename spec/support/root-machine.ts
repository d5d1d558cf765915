import { bootGuest } from '../../src/guest/machine/boot.js';
import type { IommuOptions } from '../../src/hypervisor/iommu/iommu-options.js';
import { Partition } from '../../src/hypervisor/partition.js';
import type { PartitionOptions } from '../../src/hypervisor/partition-options.js';
import { HypercallPages } from '../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import type { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type { CpuGate } from '../../src/ports/cpu-gate.js';
import type { LogSink } from '../../src/ports/log-sink.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';

const FIRST_FRAME = 16;
const PAGE_BYTES = 4096;

export interface RootMachineOptions {
  readonly memory: SharedGuestMemory;
  readonly iommu: IommuOptions;
  readonly isRoot?: boolean;
  readonly continuation?: NonNullable<PartitionOptions['continuation']>;
  readonly log?: LogSink;
  /** Stands between the guest and the hypervisor. */
  readonly through?: (gate: CpuGate) => CpuGate;
}

/** A booted guest with one CPU, all of its memory free for deposits, on our hypervisor with an IOMMU. */
export function makeRootMachine(options: RootMachineOptions) {
  const { memory, iommu, isRoot = true, continuation, log, through = (gate) => gate } = options;
  const frames = PageFrameAllocator.create(FIRST_FRAME, memory.size / PAGE_BYTES - FIRST_FRAME);
  const pages = HypercallPages.create(memory, frames, { cpus: 1, separateOutput: true });
  pages.online(0);
  const queue = new VirtualQueue();
  const sink = { interrupt: () => undefined };
  const rules = continuation === undefined ? {} : { continuation };
  const partition = new Partition({ arch: 'x64', memory, queue, vps: [0], isRoot, sink, iommu, ...rules });
  const gates = [through(partition.gate(0))];
  const machine = bootGuest({
    arch: 'x64',
    memory,
    frames,
    pages,
    queue,
    gates,
    ...(log === undefined ? {} : { log }),
  });
  return { partition, machine, frames };
}
