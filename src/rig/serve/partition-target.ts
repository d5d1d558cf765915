import { hv_status } from '../../abi/hv/status.js';
import type { Convention, Registers } from '../../hypercall/conventions.js';
import type { Partition } from '../../hypervisor/partition.js';
import type { Arch } from '../../layout/types.js';
import type { AccessSize, AddressRange, CpuidLeaf, MonitorTarget, MsrRange } from './monitor-target.js';

export interface PartitionTargetOptions {
  readonly arch: Arch;
  readonly partition: Partition;
  /** VP index of each processor of the monitor. */
  readonly vps: readonly number[];
  readonly isRoot: boolean;
}

const MIB = 1n << 20n;
/** Device space of the virtual machines that monitors emulate: below and above 4 GiB (the _CRS of the VMBus device). */
const WINDOWS: Readonly<Record<Arch, readonly AddressRange[]>> = {
  x64: [
    { base: 0xf800_0000n, size: 64n * MIB },
    { base: 0xf_e000_0000n, size: 256n * MIB },
  ],
  arm64: [
    { base: 0x0c00_0000n, size: 32n * MIB },
    { base: 0xf_e000_0000n, size: 256n * MIB },
  ],
};
/** A call that is never done would keep the monitor waiting; no call has more repetitions than a control word can say. */
const MOST_RESUMES = 4096;

/** A partition as a monitor sees it. */
export class PartitionTarget implements MonitorTarget {
  readonly arch: Arch;
  readonly leaves: readonly CpuidLeaf[];
  readonly msrRanges: readonly MsrRange[];
  readonly windows: readonly AddressRange[];
  private readonly partition: Partition;
  private readonly vps: readonly number[];

  constructor({ arch, partition, vps, isRoot }: PartitionTargetOptions) {
    this.arch = arch;
    this.partition = partition;
    this.vps = vps;
    this.leaves = partition.cpuidLeaves();
    this.msrRanges = partition.msrRanges();
    // The devices of a root partition are the monitor's own.
    this.windows = isRoot ? [] : WINDOWS[arch];
  }

  rdmsr(vcpu: number, msr: number): bigint | undefined {
    const vp = this.vps[vcpu];
    return vp === undefined ? undefined : this.partition.rdmsr(vp, msr);
  }

  wrmsr(vcpu: number, msr: number, value: bigint): boolean {
    const vp = this.vps[vcpu];
    return vp !== undefined && this.partition.wrmsr(vp, msr, value);
  }

  hypercall(vcpu: number, convention: Convention, registers: Registers, at: bigint): Registers {
    const vp = this.vps[vcpu];
    const [result] = convention.result;
    if (vp === undefined) return { ...registers, [result!]: BigInt(hv_status.HV_STATUS_INVALID_VP_INDEX) };
    let now = registers;
    for (let i = 0; i < MOST_RESUMES; i++) {
      const { registers: after, retry } = this.partition.hypercall(vp, convention, now, at);
      if (!retry) return after;
      now = after;
    }
    return now;
  }

  mmioRead(vcpu: number, gpa: number, size: AccessSize): bigint {
    return this.partition.mmioRead(this.vpOf(vcpu), gpa, size);
  }

  mmioWrite(vcpu: number, gpa: number, size: AccessSize, value: bigint): void {
    this.partition.mmioWrite(this.vpOf(vcpu), gpa, size, value);
  }

  /** A monitor may access device space for no processor; that counts as the first one's. */
  private vpOf(vcpu: number): number {
    return this.vps[vcpu] ?? this.vps[0] ?? 0;
  }
}
