/**
 * The one interface between guest code and any hypervisor: what a virtual CPU can do that leaves the guest.
 * Words travel as unsigned 32-bit halves where speed counts and as bigint elsewhere; nothing here throws for what the
 * hypervisor answers: a refused call is a result word, a fault is a value.
 */
export interface CpuGate {
  /** Index of the VP that makes the calls. */
  readonly vp: number;
  /**
   * A memory-based hypercall: control word as halves, GPAs of the areas in bytes. Afterwards `resultLo` and `resultHi`
   * hold the exact 64-bit result.
   */
  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void;
  /** A fast hypercall: input in registers, as many qwords as `registers` has; outputs are written back into it. */
  hypercallFast(controlLo: number, controlHi: number, registers: BigUint64Array): void;
  /** Halves of the last result, unsigned. */
  readonly resultLo: number;
  readonly resultHi: number;
  /** Undefined when the access faults (#GP). */
  rdmsr(msr: number): bigint | undefined;
  /** False when the access faults (#GP). */
  wrmsr(msr: number, value: bigint): boolean;
  /** A read of 1, 2, 4 or 8 bytes from device space; all ones where nothing answers. */
  mmioRead(gpa: number, size: 1 | 2 | 4 | 8): bigint;
  mmioWrite(gpa: number, size: 1 | 2 | 4 | 8, value: bigint): void;
}
