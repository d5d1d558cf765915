import { hv_status } from '../../abi/hv/status.js';
import { DecodeError } from '../../bytes/errors.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import { bytesIn, type Event, wordOf } from '../../capture/event.js';

/** Calls of devices and their domains, and what they need: a partition's id, and deposits. */
export const DEVICE_DOMAIN_CODES: ReadonlySet<number> = new Set([
  0x46, 0x48, 0x82, 0x83, 0xb1, 0xb2, 0xb3, 0xb4, 0xc4, 0xc5, 0xce, 0xd0, 0xd1, 0x125, 0x127,
]);

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
  const code = Number(control & 0xffffn);
  if (!DEVICE_DOMAIN_CODES.has(code)) return undefined;
  const result = wordOf(event, 'result');
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
    reps: Number((control >> 32n) & 0xfffn),
    start: Number((control >> 48n) & 0xfffn),
    inputGpa: event.rdx === undefined ? INPUT : Number(wordOf(event, 'rdx')),
    outputGpa: event.r8 === undefined ? OUTPUT : Number(wordOf(event, 'r8')),
    input,
    header: new DataView(header.buffer),
    output: bytesIn(event, 'out'),
    result,
    status: Number(result & 0xffffn),
    done: Number((result >> 32n) & 0xfffn),
  };
}

export function isDone({ status }: RecordedCall): boolean {
  return status === hv_status.HV_STATUS_SUCCESS;
}
