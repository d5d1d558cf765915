import { hv_status } from '../../abi/hv/status.js';
import * as deviceDomains from '../../abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import { HVCALL_GET_PARTITION_ID } from '../../abi/hypercalls/partition.js';
import { DecodeError } from '../../bytes/errors.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { bytesIn, type Event, wordOf } from '../../capture/event.js';
import { splitControlWord, splitResult } from '../../hypercall/words.js';
import { type Hypercall, inputSide } from '../../layout/hypercall.js';

/** Calls of devices and their domains, and what they need: a partition's id, and deposits. */
const CALLS: ReadonlyMap<number, Hypercall> = new Map(
  [HVCALL_GET_PARTITION_ID, HVCALL_DEPOSIT_MEMORY, ...Object.values(deviceDomains)].map((call) => [call.code, call]),
);

/** Where areas are taken to be that an event does not name. */
const INPUT = HV_HYP_PAGE_SIZE;
const OUTPUT = 2 * HV_HYP_PAGE_SIZE;
const HIGHEST_VP = 4095;
/** Fixed inputs of these calls end before. */
const LONGEST_HEADER = 64;

/** A hypercall as it was recorded. */
export interface RecordedCall {
  readonly n: number;
  readonly vp: number;
  readonly control: bigint;
  readonly fast: boolean;
  readonly code: number;
  readonly reps: number;
  readonly start: number;
  readonly inputGpa: number;
  readonly outputGpa: number;
  readonly input: Uint8Array;
  /** The input, and zeros behind a short one, so that its fixed part can be read. */
  readonly header: DataView;
  readonly output: Uint8Array;
  readonly result: bigint;
  readonly status: number;
  readonly done: number;
}

/**
 * What an event's call was; undefined for other events, other calls, and calls that did not come back. Throws DecodeError E_RECORD
 * for words and bytes that are none.
 */
export function recordedCall(event: Event, n: number): RecordedCall | undefined {
  if (event.k !== 'hypercall' || event.result === undefined || event.result === null) return undefined;
  const control = wordOf(event, 'control');
  const { code, fast, reps, repStart } = splitControlWord(control);
  if (!CALLS.has(code)) return undefined;
  const result = wordOf(event, 'result');
  const { status, repsDone } = splitResult(result);
  const input = bytesIn(event, 'in');
  const header = new Uint8Array(Math.max(LONGEST_HEADER, input.length));
  header.set(input);
  const vp = event.vp === undefined ? 0 : Number(wordOf(event, 'vp'));
  if (vp > HIGHEST_VP) throw new DecodeError('E_RECORD', `there is no VP ${vp}`, { struct: 'hypercall', path: 'vp' });
  return {
    n,
    vp,
    control,
    fast,
    code,
    reps,
    start: repStart,
    inputGpa: event.rdx === undefined ? INPUT : Number(wordOf(event, 'rdx')),
    outputGpa: event.r8 === undefined ? OUTPUT : Number(wordOf(event, 'r8')),
    input,
    header: new DataView(header.buffer),
    output: bytesIn(event, 'out'),
    result,
    status,
    done: repsDone,
  };
}

export function isDone({ status }: RecordedCall): boolean {
  return status === hv_status.HV_STATUS_SUCCESS;
}

/** True for a call with a list, or with a number of pages. */
export function isRepCall({ code }: RecordedCall): boolean {
  return CALLS.get(code)?.rep !== undefined;
}

/** Bytes that the control word of a call asks for: fixed part and list. */
export function inputLength({ code, reps }: RecordedCall): number {
  const { header, element } = inputSide(CALLS.get(code)!);
  return header + element * reps;
}

/** False where the list of a call, as long as it says, runs over the end of its page. */
export function isListInPage(call: RecordedCall): boolean {
  return (call.inputGpa % HV_HYP_PAGE_SIZE) + inputLength(call) <= HV_HYP_PAGE_SIZE;
}

/** A page frame of a call's list; undefined where the recording does not have it. */
export function frameOf(call: RecordedCall, rep: number): number | undefined {
  const { header, element } = inputSide(CALLS.get(call.code)!);
  const at = header + element * rep;
  return element === 8 && at + 8 <= call.input.length ? Number(call.header.getBigUint64(at, true)) : undefined;
}

/**
 * Calls that say that they were done in part, though their CPU goes on with something else: whoever makes rep calls makes one
 * again until it is done (Linux: hv_do_rep_hypercall). Of the last call of a CPU nobody knows.
 */
export function abandonedCalls(calls: readonly RecordedCall[]): RecordedCall[] {
  const last = new Map<number, RecordedCall>();
  const abandoned: RecordedCall[] = [];
  for (const call of calls) {
    const before = last.get(call.vp);
    const isPart = before !== undefined && isRepCall(before) && isDone(before) && before.done < before.reps;
    const goesOn = before?.code === call.code && before.reps === call.reps && before.done === call.start;
    if (isPart && !goesOn) abandoned.push(before);
    last.set(call.vp, call);
  }
  return abandoned;
}
