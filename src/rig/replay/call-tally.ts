import { hv_status } from '../../abi/hv/status.js';
import { hexNumber } from '../../bytes/hex.js';
import type { Event } from '../../capture/event.js';
import { isRepCall, type RecordedCall } from './recorded-call.js';

/** Statuses of calls that a host may refuse before it counts them. */
const FORM_STATUSES: readonly number[] = [
  hv_status.HV_STATUS_INVALID_HYPERCALL_CODE,
  hv_status.HV_STATUS_INVALID_HYPERCALL_INPUT,
  hv_status.HV_STATUS_INVALID_ALIGNMENT,
];

/** How often a call had a status, by the host's count and by the recording. */
export interface TallyRow {
  /** `0xcode/0xstatus`. */
  readonly key: string;
  readonly said: number;
  readonly recorded: number;
  /** `more`: the recording has more of them than the host. */
  readonly kind: 'agreed' | 'more' | 'less';
}

export function tallyKey({ code, status }: RecordedCall): string {
  return keyOf(code, status);
}

/**
 * The tally of a `device_domains` event beside the calls until then, for the codes that are in it. Calls that are refused for their
 * form may be in it or not.
 */
export function callTally({ calls: tally }: Event, calls: readonly RecordedCall[]): TallyRow[] {
  const told = toldBy(tally);
  const codes = new Set([...told.keys()].map((key) => Number(key.split('/')[0])));
  const seen = new Map<string, { all: number; refused: number }>();
  for (const call of calls) {
    if (!codes.has(call.code)) continue;
    const row = seen.get(tallyKey(call)) ?? { all: 0, refused: 0 };
    row.all++;
    if (FORM_STATUSES.includes(call.status) || (isRepCall(call) && call.reps === 0)) row.refused++;
    seen.set(tallyKey(call), row);
  }
  return [...new Set([...told.keys(), ...seen.keys()])].map((key) => {
    const { all: recorded, refused } = seen.get(key) ?? { all: 0, refused: 0 };
    const said = told.get(key) ?? 0;
    const kind = said > recorded ? 'less' : said < recorded - refused ? 'more' : 'agreed';
    return { key, said, recorded, kind };
  });
}

function toldBy(tally: unknown): Map<string, number> {
  const told = new Map<string, number>();
  if (typeof tally !== 'object' || tally === null) return told;
  for (const [text, count] of Object.entries(tally)) {
    const [code = Number.NaN, status = Number.NaN] = text.split('/').map(Number);
    if (Number.isInteger(code) && Number.isInteger(status) && typeof count === 'number')
      told.set(keyOf(code, status), count);
  }
  return told;
}

function keyOf(code: number, status: number): string {
  return `${hexNumber(code)}/${hexNumber(status)}`;
}
