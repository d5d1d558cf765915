import { EncodeError } from '../bytes/errors.js';
import { MAX_REP_COUNT } from '../layout/hypercall.js';
import type { CpuGate } from '../ports/cpu-gate.js';
import { isNoAnswer } from './status.js';

/** How a rep call ended: the exact last result, and how far it got (counted from rep 0). */
export interface RepOutcome {
  readonly resultLo: number;
  readonly resultHi: number;
  readonly done: number;
  /** Exits to the hypervisor. */
  readonly calls: number;
  /** The hypervisor said success and did nothing: -EIO, where Linux would spin. */
  readonly stuck: boolean;
}

/**
 * One rep call, issued again from where it stopped until every rep is done or it fails (COM-08; hv_do_rep_hypercall,
 * include/asm-generic/mshyperv.h). `controlLo` is the low half of the control word: code, variable header, fast.
 * No reps, no call. Throws EncodeError E_RANGE for a count that the 12-bit field cannot hold.
 */
export function callReps(
  gate: CpuGate,
  controlLo: number,
  count: number,
  inputGpa: number,
  outputGpa: number,
): RepOutcome {
  if (!Number.isInteger(count) || count < 0 || count > MAX_REP_COUNT) {
    throw new EncodeError('E_RANGE', `${count} reps do not fit the 12-bit rep count (0 to ${MAX_REP_COUNT})`);
  }
  let done = 0;
  let calls = 0;
  let resultLo = 0;
  let resultHi = 0;
  while (done < count) {
    gate.hypercall(controlLo, (count | (done << 16)) >>> 0, inputGpa, outputGpa);
    calls++;
    resultLo = gate.resultLo;
    resultHi = gate.resultHi;
    // Nobody answered: the ones are no count either.
    if (isNoAnswer(resultLo, resultHi)) return { resultLo, resultHi, done, calls, stuck: false };
    // Never more than were asked for, whatever the host says.
    const completed = Math.min(resultHi & 0xfff, count);
    // A refusal before the first rep may say 0; what earlier parts did stays done.
    if ((resultLo & 0xffff) !== 0) return { resultLo, resultHi, done: Math.max(done, completed), calls, stuck: false };
    if (completed <= done) return { resultLo, resultHi, done, calls, stuck: true };
    done = completed;
  }
  return { resultLo, resultHi, done, calls, stuck: false };
}
