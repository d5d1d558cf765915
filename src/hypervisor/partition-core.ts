import type { Arch } from '../layout/types.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import type { RunQueue } from '../ports/run-queue.js';
import type { TraceSink } from '../ports/trace-sink.js';
import type { CpuidWords } from './cpuid-leaves.js';
import type { DeviceSpace } from './devices/device-space.js';
import type { InterruptTable } from './devices/interrupt-table.js';
import type { PartitionOptions } from './partition-options.js';
import type { PartitionRegisters } from './registers/partition-registers.js';
import type { PortTable } from './synic/port-table.js';
import type { VirtualProcessor } from './virtual-processor.js';

/** What the calls of a partition have of it. */
export interface PartitionCore {
  readonly arch: Arch;
  readonly memory: GuestMemory;
  readonly queue: RunQueue;
  /** Takes events in the form of the captures; with `isTraced` false nobody reads them. */
  readonly trace: TraceSink;
  readonly isTraced: boolean;
  readonly isRoot: boolean;
  readonly isConfidential: boolean;
  /** The partition's own id; a guest may name itself by all ones as well, which `isSelf` knows. */
  readonly partitionId: bigint;
  readonly options: PartitionOptions;
  /** Indices of the VPs, ascending; they may have gaps. */
  readonly vps: readonly number[];
  /** A synthetic CPUID leaf; zeros where there is none. */
  cpuid(leaf: number): CpuidWords;
  /** Undefined for an index that no VP has. */
  vp(index: number): VirtualProcessor | undefined;
  /** True when a call's partition id names this partition. */
  isSelf(partitionId: bigint): boolean;
  /** Interrupts a VP: an APIC vector on x64 (recorded as `msi`), an INTID on arm64 (`intid`). */
  interrupt(vp: number, vector: number): void;
  /** Runs `task` when the call in progress is over and recorded: an interrupt that follows from it, as on a machine. */
  afterCall(task: () => void): void;
  readonly interrupts: InterruptTable;
  readonly space: DeviceSpace;
  readonly ports: PortTable;
  /** Messages to the guest that wait for a slot, over all VPs. */
  readonly backlog: { readonly count: number };
  readonly registers: PartitionRegisters;
}
