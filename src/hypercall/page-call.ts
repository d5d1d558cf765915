import { hiOf, loOf } from '../bytes/word.js';
import type { CpuGate } from '../ports/cpu-gate.js';
import type { InputPages } from '../ports/input-pages.js';

const NOTHING = new Uint8Array(0);

/** A CPU that makes calls: its number, which its page goes by, and its way out. */
export interface CallingCpu {
  readonly cpu: number;
  readonly gate: CpuGate;
}

/**
 * A call on a CPU's page, with whole input bytes that were made beforehand: between taking the page and the call's return
 * nothing is looked up, allocated or waited for (COM-03), and no byte of an earlier call is left in the input (COM-04). The
 * result stays in the gate; `output` is filled only after a success (IOMMU-06).
 */
export function callOnPage(
  pages: InputPages,
  { cpu, gate }: CallingCpu,
  control: bigint,
  input: Uint8Array,
  output: Uint8Array = NOTHING,
): void {
  const [lo, hi] = [loOf(control), hiOf(control)];
  pages.withInputPage(
    cpu,
    input.length,
    output.length,
    (area) => {
      new Uint8Array(area.input.buffer, area.input.byteOffset, input.length).set(input);
      gate.hypercall(lo, hi, area.inputGpa, area.outputGpa);
      if ((gate.resultLo & 0xffff) === 0 && output.length > 0)
        output.set(new Uint8Array(area.output.buffer, area.output.byteOffset, output.length));
    },
    0,
  );
}
