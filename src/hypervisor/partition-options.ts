import type { Arch } from '../layout/types.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import type { InterruptSink } from '../ports/interrupt-sink.js';
import type { RunQueue } from '../ports/run-queue.js';
import type { TraceSink } from '../ports/trace-sink.js';
import type { IommuOptions } from './iommu/iommu-options.js';

/** Bits that a partition's feature leaves have besides the usual ones: HV_FEATURES_* of include/hyperv/hvgdk_mini.h. */
export interface FeatureBits {
  /** 0x40000003 EAX: registers that may be used. Those that this hypervisor does not have stay away from the guest anyway. */
  readonly features?: number;
  /** 0x40000003 EBX: what the partition may do. */
  readonly privileges?: number;
  /** 0x40000003 EDX. */
  readonly misc?: number;
  /** 0x40000004 EAX: what the guest had better do. */
  readonly hints?: number;
}

/** HV_STATUS of calls whose form is wrong; HV_STATUS_INVALID_HYPERCALL_INPUT unless told otherwise, as OpenVMM answers. */
export interface FormRules {
  /** Input or output leaves its page. */
  readonly crossing?: number;
  /** A rep call without reps. */
  readonly noReps?: number;
}

/** What a guest asked to have flushed; the hypervisor itself keeps no translations. */
export interface FlushRequest {
  /** VP that made the call. */
  readonly vp: number;
  /** VPs of the partition that are meant, ascending. */
  readonly vps: readonly number[];
  readonly addressSpace: bigint;
  /** hv_flush_flags. */
  readonly flags: number;
  /** Ranges: page number above bit 12, further pages below. Empty for whole address spaces. */
  readonly ranges: readonly bigint[];
}

export interface PartitionOptions {
  readonly arch: Arch;
  readonly memory: GuestMemory;
  readonly queue: RunQueue;
  /** Absent: nothing is recorded. */
  readonly trace?: TraceSink;
  readonly sink: InterruptSink;
  /** VP indices: at least one, ascending, below 4096; gaps are fine. */
  readonly vps: readonly number[];
  /** The partition manages the machine: memory deposits, processors, interrupts of physical devices. */
  readonly isRoot?: boolean;
  /** The partition's memory is its own: it is told to reach devices by hypercalls. */
  readonly isConfidential?: boolean;
  /** Reserved bits of the control word are not looked at. */
  readonly lenient?: boolean;
  readonly formRules?: FormRules;
  readonly bits?: FeatureBits;
  /** Counts per second of the guest's time stamp counter and of its APIC timer. */
  readonly tscHz?: number;
  readonly apicHz?: number;
  /** Reps that one time slice holds; without it a rep call is done at once. */
  readonly sliceReps?: number;
  /** What the end of a slice is to the guest: its instruction executed again, or success with fewer reps done. */
  readonly continuation?: 'retry' | 'partial';
  /** What HvExtCallQueryCapabilities answers. */
  readonly extendedCapabilities?: bigint;
  /** 1 unless told otherwise for a root partition, 2 for another one. */
  readonly partitionId?: bigint;
  /** Pages that the hypervisor has for a root partition's requests before any is deposited. */
  readonly rootPages?: number;
  /** Where a root partition finds the pages that the hypervisor hands out; the last 16 MiB of memory unless told otherwise. */
  readonly rootPagesGpa?: number;
  /** Values of HVCALL_GET_SYSTEM_PROPERTY by number; others are unknown. */
  readonly systemProperties?: ReadonlyMap<number, bigint>;
  /** Guest physical address of the GICv3 distributor's 64 KiB (arm64); without it device interrupts go where they were created for. */
  readonly gicdGpa?: number;
  /** Affinity of a VP as GICD_IROUTER holds it; its index in fields of 8 bits unless told otherwise. */
  readonly affinityOf?: (vp: number) => bigint;
  /** Device domains: of the second stage for a root partition, of the first for another. Without it no such call is served. */
  readonly iommu?: IommuOptions;
  readonly onFlush?: (request: FlushRequest) => void;
  readonly onCrash?: (crash: GuestCrash) => void;
}

/** What a guest left in its crash registers. */
export interface GuestCrash {
  readonly vp: number;
  /** P0 to P4. */
  readonly parameters: readonly bigint[];
  /** The message, where there is one. */
  readonly text?: string;
}
