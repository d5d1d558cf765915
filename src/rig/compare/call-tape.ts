import { hv_deposit_memory } from '../../abi/hv/memory.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import { bytesToHex } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { hiOf, joinU64, loOf } from '../../bytes/word.js';
import { callOf } from '../../capture/names.js';
import { inputSide } from '../../layout/hypercall.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { PageFrames } from '../../ports/page-frames.js';
import type { RecordedCall } from '../replay/recorded-call.js';
import { CallsOnlyGate } from './calls-only-gate.js';
import { wordsFrom } from './driver-calls.js';

/** How far ahead, and then back, a call is looked for that is not the next one. */
const REACH = 200;
/** Inputs with fewer bytes say too little to know a call by. */
const LEAST_INPUT = 16;
/** Bytes of an input that a difference shows. */
const SHOWN = 48;
/** Frames that are given where the recording does not say which. */
const FREE_FRAME = 0x100000;

/**
 * `missing`: recorded and not made; `extra`: made and not recorded; `late`: made, but behind calls that were recorded behind it.
 */
export interface CallDifference {
  readonly what: 'missing' | 'extra' | 'late';
  /** Number of the recorded event; absent for a call that is in no recording. */
  readonly n?: number;
  /** Of a call that is in no recording: number of the recorded one that it came in front of. */
  readonly before?: number;
  readonly code: number;
  readonly control: bigint;
  /** The first 48 bytes, in hex. */
  readonly input: string;
  /** Recorded result word. */
  readonly result?: bigint;
}

/** Bytes of an input that are compared; all of them when there is no such function. */
export type ComparedInput = (code: number, input: Uint8Array) => Uint8Array;

/** A hypervisor that answers as a recorded one did, call by call, and notes each call that was not made or is not recorded. */
export class CallTape extends CallsOnlyGate implements PageFrames {
  same = 0;
  private readonly memory: GuestMemory;
  private readonly calls: readonly RecordedCall[];
  private readonly compared: ComparedInput;
  private readonly noted: CallDifference[] = [];
  private readonly passed = new Set<number>();
  private at = 0;

  constructor(memory: GuestMemory, calls: readonly RecordedCall[], compared: ComparedInput = (_, input) => input) {
    super();
    this.memory = memory;
    this.calls = calls;
    this.compared = compared;
  }

  /** The call that is to come. */
  get next(): RecordedCall | undefined {
    return this.calls[this.at];
  }

  /** Everything that differs, with what was recorded and never made. */
  end(): readonly CallDifference[] {
    this.skipTo(this.calls.length);
    return this.noted;
  }

  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    const code = controlLo & 0xffff;
    const control = joinU64(controlLo >>> 0, controlHi >>> 0);
    const page = new Uint8Array(Math.min(HV_HYP_PAGE_SIZE, HV_HYP_PAGE_SIZE - (inputGpa % HV_HYP_PAGE_SIZE)));
    this.memory.read(inputGpa, page);
    // A list that runs over the end of its page is recorded no further than that, or not at all.
    const isIt = (call: RecordedCall): boolean => {
      const made = page.subarray(0, call.input.length);
      if (call.control !== control || call.input.length < LEAST_INPUT) return false;
      if (!sameBytes(this.compared(code, call.input.subarray(0, made.length)), this.compared(code, made))) return false;
      return call.output.length === 0 || call.outputGpa - call.inputGpa === outputGpa - inputGpa;
    };
    const made = { code, control, input: bytesToHex(page.subarray(0, Math.min(SHOWN, inputBytes(code, controlHi)))) };
    const call = this.findAhead(isIt) ?? this.findBehind(isIt, made);
    if (call === undefined) {
      const before = this.next?.n;
      this.noted.push({ what: 'extra', ...(before === undefined ? {} : { before }), ...made });
      this.resultLo = 0;
      this.resultHi = controlHi & 0xfff;
      return;
    }
    if (call.output.length > 0) this.memory.write(outputGpa, call.output);
    this.resultLo = loOf(call.result);
    this.resultHi = hiOf(call.result);
  }

  override hypercallFast(controlLo: number, controlHi: number): void {
    const control = joinU64(controlLo >>> 0, controlHi >>> 0);
    this.noted.push({ what: 'extra', code: controlLo & 0xffff, control, input: '' });
    this.resultLo = 0;
    this.resultHi = 0;
  }

  /** The frames that the recorded guest gave, so that its lists can be compared. */
  take(count: number): number[] | undefined {
    const call = this.calls.slice(this.at, this.at + REACH).find(({ code }) => code === HVCALL_DEPOSIT_MEMORY.code);
    const given = call === undefined ? [] : wordsFrom(call, hv_deposit_memory.size);
    return Array.from({ length: count }, (_, i) => Number(given[i] ?? FREE_FRAME + i));
  }

  give(): void {}

  private findAhead(isIt: (call: RecordedCall) => boolean): RecordedCall | undefined {
    const found = this.calls.slice(this.at, this.at + REACH).findIndex(isIt);
    if (found < 0) return undefined;
    this.skipTo(this.at + found);
    this.same++;
    this.isMade(this.at);
    return this.calls[this.at++];
  }

  private findBehind(
    isIt: (call: RecordedCall) => boolean,
    made: Omit<CallDifference, 'what'>,
  ): RecordedCall | undefined {
    for (const index of this.passed) {
      const call = this.calls[index]!;
      if (index < this.at - REACH || !isIt(call)) continue;
      this.isMade(index);
      this.noted.push({ what: 'late', ...made, n: call.n });
      this.at = index + 1;
      return call;
    }
    return undefined;
  }

  /** Takes back that a call was passed over. */
  private isMade(index: number): void {
    if (!this.passed.delete(index)) return;
    const { n } = this.calls[index]!;
    const told = this.noted.findIndex((one) => one.what === 'missing' && one.n === n);
    if (told >= 0) this.noted.splice(told, 1);
  }

  private skipTo(end: number): void {
    for (; this.at < end; this.at++) {
      if (this.passed.has(this.at)) continue;
      const { n, code, control, input, result } = this.calls[this.at]!;
      this.passed.add(this.at);
      this.noted.push({ what: 'missing', n, code, control, input: bytesToHex(input.subarray(0, SHOWN)), result });
    }
  }
}

/** Bytes of the input of a call, by its declaration. */
function inputBytes(code: number, controlHi: number): number {
  const call = callOf(code);
  if (call === undefined) return SHOWN;
  const { header, element } = inputSide(call, 'x64');
  return header + element * (controlHi & 0xfff);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
