import type { FailPoint } from '../../../src/hypervisor/iommu/iommu-options.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';

const DEPOSIT = 0x48;

/**
 * A failure that waits for its call. With `whole` it refuses an exit as a whole, whose answer has no count, after so many others;
 * else it fails a rep after so many others. Status 0 of a whole one: success, and nothing done.
 */
export interface Shot {
  readonly code: number;
  readonly after: number;
  readonly status: number;
  readonly times: number;
  readonly whole: boolean;
}

/** One exit as the guest saw it. */
export interface Exit {
  readonly code: number;
  readonly count: number;
  readonly start: number;
  readonly status: number;
  readonly done: number;
}

/** What makes calls fail, and what was called: between a driver and its hypervisor. */
export class Failures {
  /** Of the operation under way. */
  readonly fired: { readonly code: number; readonly status: number }[] = [];
  readonly exits: Exit[] = [];
  private shots: { code: number; after: number; status: number; times: number; whole: boolean }[] = [];

  /** An operation begins, during which this fails. */
  begin(shots: readonly Shot[]): void {
    this.shots = shots.map((shot) => ({ ...shot }));
    this.fired.length = 0;
    this.exits.length = 0;
  }

  /** For IommuOptions.failAt. */
  readonly at = ({ code }: FailPoint): number | undefined => {
    if (this.shots.length === 0) return undefined;
    const shot = this.shots.find((one) => one.code === code && !one.whole);
    return shot === undefined || shot.after-- > 0 ? undefined : this.fire(shot);
  };

  through(gate: CpuGate): CpuGate {
    let [lo, hi] = [0, 0];
    const make = (controlLo: number, controlHi: number, input: number, output: number): void => {
      gate.hypercall(controlLo, controlHi, input, output);
      [lo, hi] = [gate.resultLo, gate.resultHi];
    };
    return {
      vp: gate.vp,
      get resultLo() {
        return lo;
      },
      get resultHi() {
        return hi;
      },
      hypercall: (controlLo, controlHi, input, output) => {
        const code = controlLo & 0xffff;
        const [count, start] = [controlHi & 0xfff, (controlHi >>> 16) & 0xfff];
        const shot = this.shots.find((one) => one.code === code && (one.whole || code === DEPOSIT));
        if (shot === undefined) make(controlLo, controlHi, input, output);
        else if (shot.whole) {
          if (shot.after-- > 0) make(controlLo, controlHi, input, output);
          else [lo, hi] = [this.fire(shot), 0];
        } else if (shot.after >= count - start) {
          shot.after -= count - start;
          make(controlLo, controlHi, input, output);
        } else {
          // Deposits have no place in the hypervisor where they can be made to fail: the list is cut short.
          const end = start + Math.max(0, shot.after);
          if (end > start) make(controlLo, (end | (start << 16)) >>> 0, input, output);
          [lo, hi] = [this.fire(shot), end];
        }
        this.exits.push({ code, count, start, status: lo & 0xffff, done: hi & 0xfff });
      },
      hypercallFast: (controlLo, controlHi, registers) => gate.hypercallFast(controlLo, controlHi, registers),
      rdmsr: (msr) => gate.rdmsr(msr),
      wrmsr: (msr, value) => gate.wrmsr(msr, value),
      mmioRead: (gpa, size) => gate.mmioRead(gpa, size),
      mmioWrite: (gpa, size, value) => gate.mmioWrite(gpa, size, value),
    };
  }

  private fire(shot: { readonly code: number; readonly status: number; after: number; times: number }): number {
    shot.after = 0;
    shot.times--;
    if (shot.times <= 0) this.shots = this.shots.filter((one) => one !== shot);
    this.fired.push({ code: shot.code, status: shot.status });
    return shot.status;
  }
}
