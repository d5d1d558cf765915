import { hv_status } from '../abi/hv/status.js';
import { HV_HYP_PAGE_SIZE } from '../bytes/page.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import type { CallFrame } from './call-frame.js';
import type { CallRegistry, ServedCall } from './call-registry.js';
import type { FormRules } from './partition-options.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_HYPERCALL_CODE: INVALID_CODE,
  HV_STATUS_INVALID_HYPERCALL_INPUT: INVALID_INPUT,
  HV_STATUS_INVALID_ALIGNMENT: INVALID_ALIGNMENT,
  HV_STATUS_TIME_OUT: TIME_OUT,
} = hv_status;

/** HV_HYPERCALL_RSVD_MASK as halves; the nested bit is one of them for a partition that is not nested. */
const RESERVED_LO = 0xf8000000;
const RESERVED_HI = 0xf000f000;
const REP_BITS = 0x0fff0fff;
/** Fast data moves in pairs of qwords. */
const PAIR = 16;
/** Shorter inputs are copied word by word: no view has to be made for them. */
const SHORT = 128;

export interface DispatcherOptions {
  readonly registry: CallRegistry;
  readonly memory: GuestMemory;
  /** Reserved bits of the control word and the nested bit are not looked at, as OpenVMM does. */
  readonly lenient: boolean;
  /** Reps that one time slice holds. */
  readonly sliceReps: number;
  /** What the end of a slice is: the instruction again, or success with fewer reps. */
  readonly continuation: 'retry' | 'partial';
  readonly formRules?: FormRules | undefined;
}

/** Where the output of a fast call goes in the registers. */
export type FastOutput = 'next pair' | 'last pairs' | 'none';

/**
 * Checks a call word, fetches its input, has it handled and hands the output back: the order of checks is that of
 * microsoft/openvmm vm/hv1/hv1_hypercall/src/support.rs, reserved bits those of the TLFS. What comes of it is in the frame.
 */
export class Dispatcher {
  private readonly registry: CallRegistry;
  private readonly memory: GuestMemory;
  private readonly lenient: boolean;
  private readonly sliceReps: number;
  private readonly partial: boolean;
  private readonly crossing: number;
  private readonly noReps: number;

  constructor({ registry, memory, lenient, sliceReps, continuation, formRules }: DispatcherOptions) {
    this.registry = registry;
    this.memory = memory;
    this.lenient = lenient;
    this.sliceReps = sliceReps;
    this.partial = continuation === 'partial';
    this.crossing = formRules?.crossing ?? INVALID_INPUT;
    this.noReps = formRules?.noReps ?? INVALID_INPUT;
  }

  /** A memory-based call. GPAs are numbers of bytes; whatever they are, no memory but the guest's is touched. */
  slow(frame: CallFrame, lo: number, hi: number, inputGpa: number, outputGpa: number): void {
    const call = this.open(frame, lo, hi);
    if (call === undefined) return;
    const status = this.fetch(frame, inputGpa, outputGpa);
    if (status !== SUCCESS) {
      refuse(frame, status);
      return;
    }
    settle(frame, call, call.handle(frame), this.partial);
    const length = frame.outputTo - frame.outputFrom;
    if (length > 0) {
      const to = outputGpa + frame.outputFrom;
      if (this.memory.has(to, length))
        this.memory.write(to, frame.outputBytes.subarray(frame.outputFrom, frame.outputTo));
      else {
        frame.outputTo = frame.outputFrom;
        refuse(frame, INVALID_INPUT);
      }
    }
  }

  /**
   * A fast call. `registers` holds the qwords that may carry data, of `pairs` pairs at most; those missing read as zero and
   * outputs that have no place there are lost.
   */
  fast(frame: CallFrame, lo: number, hi: number, registers: BigUint64Array, pairs: number, output: FastOutput): void {
    const call = this.open(frame, lo, hi);
    if (call === undefined) return;
    const inputPairs = Math.ceil(frame.inputLength / PAIR);
    const outputPairs = Math.ceil(frame.outputLength / PAIR);
    if (inputPairs + outputPairs > pairs || (outputPairs > 0 && output === 'none')) {
      refuse(frame, INVALID_INPUT);
      return;
    }
    const qwords = Math.ceil(frame.inputLength / 8);
    const there = Math.min(qwords, registers.length);
    for (let i = 0; i < there; i++) frame.inputQwords[i] = registers[i]!;
    for (let i = there; i < qwords; i++) frame.inputQwords[i] = 0n;
    frame.outputBytes.fill(0, 0, frame.outputLength);
    settle(frame, call, call.handle(frame), this.partial);
    if (frame.outputTo > frame.outputFrom)
      putRegisters(frame, registers, output === 'last pairs' ? 2 * (pairs - outputPairs) : 2 * inputPairs);
  }

  /** Checks what the control word alone can say; undefined when the call is refused. */
  private open(frame: CallFrame, lo: number, hi: number): ServedCall | undefined {
    frame.begin(lo, hi);
    const call = this.registry.get(frame.code);
    if (call === undefined) return refuse(frame, INVALID_CODE);
    if (call.isVtl) {
      if (lo >>> 0 === frame.code && hi === 0) return call;
      frame.fault = true;
      return undefined;
    }
    if (!this.lenient && ((lo & RESERVED_LO) | (hi & RESERVED_HI)) !== 0) return refuse(frame, INVALID_INPUT);
    if (call.isRep) {
      if (frame.reps === 0) return refuse(frame, this.noReps);
      if (frame.repStart >= frame.reps) return refuse(frame, INVALID_INPUT);
      frame.repEnd = Math.min(frame.reps, frame.repStart + this.sliceReps);
    } else if ((hi & REP_BITS) !== 0) return refuse(frame, INVALID_INPUT);
    if (frame.varQwords !== 0 && !call.isVariable) return refuse(frame, INVALID_INPUT);
    frame.listAt = call.input + 8 * frame.varQwords;
    frame.inputLength = frame.listAt + call.inputElement * frame.reps;
    frame.outputLength = call.output + call.outputElement * frame.reps;
    return call;
  }

  /** Checks both areas and copies the input; the order of the checks decides which status wins. */
  private fetch(frame: CallFrame, inputGpa: number, outputGpa: number): number {
    const { inputLength, outputLength, inputWords } = frame;
    const input = this.areaStatus(inputGpa, inputLength);
    if (input !== SUCCESS) return input;
    const output = this.areaStatus(outputGpa, outputLength);
    if (output !== SUCCESS) return output;
    if (inputLength > 0) {
      if (!this.memory.has(inputGpa, inputLength)) return INVALID_INPUT;
      if (inputLength <= SHORT && (inputLength & 3) === 0)
        for (let at = 0; at < inputLength; at += 4) inputWords[at >> 2] = this.memory.readU32(inputGpa + at);
      else this.memory.read(inputGpa, frame.inputSpan(inputLength));
    }
    if (outputLength > 0) frame.outputBytes.fill(0, 0, outputLength);
    return SUCCESS;
  }

  /** Nothing is asked of an area that is not used. */
  private areaStatus(gpa: number, length: number): number {
    if (length === 0) return SUCCESS;
    if (length > HV_HYP_PAGE_SIZE - (gpa % HV_HYP_PAGE_SIZE)) return this.crossing;
    return gpa % 8 === 0 ? SUCCESS : INVALID_ALIGNMENT;
  }
}

function refuse(frame: CallFrame, status: number): undefined {
  frame.resultLo = status;
  frame.resultHi = 0;
  frame.retry = false;
}

/** Result word, retry and range of output that follow from the handler's status (openvmm support.rs, complete). */
function settle(frame: CallFrame, call: ServedCall, status: number, partial: boolean): void {
  if (call.isVtl) {
    frame.fault = status !== SUCCESS;
    return;
  }
  frame.resultLo = status;
  if (!call.isRep) {
    frame.resultHi = 0;
    frame.outputTo = status === SUCCESS ? frame.outputLength : 0;
    if (status === TIME_OUT) again(frame, frame.controlHi);
    return;
  }
  if (status === SUCCESS && frame.done === frame.repStart) frame.done = frame.repEnd;
  // An error says that there is a rep that failed.
  const most = status === SUCCESS || status === TIME_OUT ? frame.reps : frame.reps - 1;
  const done = Math.max(frame.repStart, Math.min(frame.done, most));
  frame.done = done;
  frame.resultHi = done;
  if (call.outputElement > 0) {
    frame.outputFrom = call.output + call.outputElement * frame.repStart;
    frame.outputTo = call.output + call.outputElement * done;
  } else frame.outputTo = status === SUCCESS ? frame.outputLength : 0;
  const more = status === SUCCESS && done < frame.reps;
  if (status === TIME_OUT || (more && !partial)) again(frame, ((frame.controlHi & 0xf000ffff) | (done << 16)) >>> 0);
}

function again(frame: CallFrame, hi: number): void {
  frame.retry = true;
  frame.retryHi = hi;
}

/** Output pairs that were touched; the other half of the last one is zero, that of a resumed first one stays. */
function putRegisters(frame: CallFrame, registers: BigUint64Array, at: number): void {
  const { outputFrom, outputTo, outputQwords, outputBytes } = frame;
  const first = Math.floor(outputFrom / PAIR) * 2;
  const last = Math.ceil(outputTo / PAIR) * 2;
  outputBytes.fill(0, outputTo, last * 8);
  for (let i = first; i < last; i++) {
    if (at + i >= registers.length) return;
    if (i * 8 < outputFrom) {
      const kept = registers[at + i]!;
      const bytes = outputFrom - i * 8;
      registers[at + i] = bytes >= 8 ? kept : merged(kept, outputQwords[i]!, bytes);
    } else registers[at + i] = outputQwords[i]!;
  }
}

function merged(low: bigint, high: bigint, lowBytes: number): bigint {
  const bits = BigInt(lowBytes * 8);
  return BigInt.asUintN(Number(bits), low) | ((high >> bits) << bits);
}
