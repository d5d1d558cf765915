import { hv_x64_msr } from '../../abi/hv/msr-number.js';
import type { TraceSink } from '../../ports/trace-sink.js';

/** Kernels that stay on the register clock read it some fifty thousand times while they start. */
const MOST_TIME_READS = 40;

/** A sink without most of the reads of the time counter, which say nothing that the first ones do not. */
export class TimeReadLimit implements TraceSink {
  /** Reads that were seen, kept or not. */
  timeReads = 0;
  private readonly sink: TraceSink;

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  event(record: Readonly<Record<string, unknown>> & { readonly k: string }): void {
    if (record.k === 'rdmsr' && Number(record.msr) === hv_x64_msr.HV_X64_MSR_TIME_REF_COUNT) {
      this.timeReads++;
      if (this.timeReads > MOST_TIME_READS) return;
    }
    this.sink.event(record);
  }
}
