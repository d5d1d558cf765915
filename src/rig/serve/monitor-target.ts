import type { Convention, Registers } from '../../hypercall/conventions.js';
import type { Arch } from '../../layout/types.js';

/** CPUID 0x400000xx: number and four registers. */
export interface CpuidLeaf {
  readonly leaf: number;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** First and last register of a range that leaves the guest. */
export interface MsrRange {
  readonly first: number;
  readonly last: number;
}

/** Device space that leaves the guest, in bytes. */
export interface AddressRange {
  readonly base: bigint;
  readonly size: bigint;
}

export type AccessSize = 1 | 2 | 4 | 8;

/** The machine that a monitor runs the processors of. Processors are numbered as the monitor does, from 0. */
export interface MonitorTarget {
  readonly arch: Arch;
  readonly leaves: readonly CpuidLeaf[];
  readonly msrRanges: readonly MsrRange[];
  readonly windows: readonly AddressRange[];
  /** Undefined is a #GP. */
  rdmsr(vcpu: number, msr: number): bigint | undefined;
  /** False is a #GP. */
  wrmsr(vcpu: number, msr: number, value: bigint): boolean;
  /** The registers after the call, however often it had to be taken up again. `at` is the address of the instruction. */
  hypercall(vcpu: number, convention: Convention, registers: Registers, at: bigint): Registers;
  mmioRead(vcpu: number, gpa: number, size: AccessSize): bigint;
  mmioWrite(vcpu: number, gpa: number, size: AccessSize, value: bigint): void;
}
