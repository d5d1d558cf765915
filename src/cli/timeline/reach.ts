import type { DecodedRecord } from '../../capture/record.js';
import { lendAt } from '../../layout/codec.js';
import { hexText, plural } from '../tree/numbers.js';

/** Pages of many calls, and the addresses from the lowest to the highest of them. */
export interface Reach {
  readonly pages: number;
  readonly first: bigint;
  readonly last: bigint;
}

const PAGE = 0x1000n;
const NOTHING = -1n;

/** Structures whose calls go through memory page by page, with the address of the first. */
const ADDRESSED: ReadonlySet<string> = new Set(['hv_input_map_device_gpa_pages', 'hv_input_unmap_device_gpa_pages']);
/** Those whose reps are pages without an order. */
const COUNTED: ReadonlySet<string> = new Set(['hv_deposit_memory', 'hv_input_withdraw_memory']);

/** The pages of a call: all reps, as only calls that succeed are folded. Undefined for calls about something else. */
export function reachOf({ call, parts }: DecodedRecord): Reach | undefined {
  const [input] = parts;
  if (call === undefined || call.reps === 0 || input?.type === undefined) return undefined;
  if (COUNTED.has(input.struct)) return { pages: call.reps, first: NOTHING, last: NOTHING };
  if (!ADDRESSED.has(input.struct)) return undefined;
  const value = lendAt(input.type, input.view, input.offset, input.limits) as Readonly<Record<string, unknown>>;
  const { target_device_va_base: first } = value;
  // An input that was recorded in part has none.
  if (typeof first !== 'bigint') return undefined;
  return { pages: call.reps, first, last: first + PAGE * BigInt(call.reps) - 1n };
}

/** Both together; one without addresses leaves them to the other. */
export function joined(a: Reach | undefined, b: Reach | undefined): Reach | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    pages: a.pages + b.pages,
    first: a.first < b.first ? a.first : b.first,
    last: a.last > b.last ? a.last : b.last,
  };
}

/** `261,105 pages, 0x100ddd000 to 0x13fffffff`. */
export function reachText({ pages, first, last }: Reach): string {
  const count = plural(pages, 'page');
  return first === NOTHING ? count : `${count}, ${hexText(first)} to ${hexText(last)}`;
}
