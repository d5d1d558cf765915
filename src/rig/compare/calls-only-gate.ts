import type { CpuGate } from '../../ports/cpu-gate.js';

/** The exits of a CPU whose driver makes nothing but hypercalls through memory; the others meet nobody. */
export abstract class CallsOnlyGate implements CpuGate {
  readonly vp: number = 0;
  resultLo = 0;
  resultHi = 0;

  abstract hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void;

  hypercallFast(_controlLo: number, _controlHi: number): void {
    throw new Error('the driver makes no fast calls');
  }

  rdmsr(): undefined {
    return undefined;
  }

  wrmsr(): boolean {
    return false;
  }

  mmioRead(): bigint {
    return 0xffff_ffff_ffff_ffffn;
  }

  mmioWrite(): void {}
}
