import { hv_status } from '../../abi/hv/status.js';
import * as deviceDomains from '../../abi/hypercalls/device-domains.js';
import { HVCALL_DEPOSIT_MEMORY } from '../../abi/hypercalls/memory.js';
import { HVCALL_GET_PARTITION_ID } from '../../abi/hypercalls/partition.js';
import { DecodeError } from '../../bytes/errors.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { bytesIn, type Event, wordOf } from '../../capture/event.js';
import { splitControlWord, splitResult } from '../../hypercall/words.js';

/** Calls of devices and their domains, and what they need: a partition's id, and deposits. */
export const DEVICE_DOMAIN_CODES: ReadonlySet<number> = new Set(
  [HVCALL_GET_PARTITION_ID, HVCALL_DEPOSIT_MEMORY, ...Object.values(deviceDomains)].map(({ code }) => code),
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
export function recordedCall(event: Event, position: number): RecordedCall | undefined {
  if (event.k !== 'hypercall' || event.result === undefined || event.result === null) return undefined;
  const control = wordOf(event, 'control');
  const { code, reps, repStart } = splitControlWord(control);
  if (!DEVICE_DOMAIN_CODES.has(code)) return undefined;
  const result = wordOf(event, 'result');
  const { status, repsDone } = splitResult(result);
  const input = bytesIn(event, 'in');
  const header = new Uint8Array(Math.max(LONGEST_HEADER, input.length));
  header.set(input);
  const vp = event.vp === undefined ? 0 : Number(wordOf(event, 'vp'));
  if (vp > HIGHEST_VP) throw new DecodeError('E_RECORD', `there is no VP ${vp}`, { struct: 'hypercall', path: 'vp' });
  return {
    n: typeof event.n === 'number' ? event.n : position,
    vp,
    control,
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
