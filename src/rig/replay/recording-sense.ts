import { hexNumber } from '../../bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { Event } from '../../capture/event.js';
import { callTally } from './call-tally.js';
import type { Contradiction } from './end-state.js';
import { optionalWord } from './optional-word.js';
import { inputLength, isDone, isRepCall, type RecordedCall } from './recorded-call.js';

/** Padding that was added to inputs with time: older ones are shorter. */
const LATER_PADDING = 8;

/** What an event says of its call besides the control word, where it says something else. */
export function contradictionsOf(event: Event, call: RecordedCall): Contradiction[] {
  const found: Contradiction[] = [];
  const { code, reps, start, fast } = call;
  for (const [key, word] of Object.entries({ code, reps, start, fast: Number(fast) })) {
    const value = typeof event[key] === 'boolean' ? BigInt(event[key]) : optionalWord(event, key);
    if (value !== undefined && value !== BigInt(word))
      found.push({
        expected: `${key} ${textOf(key, value)}`,
        got: `${key} ${textOf(key, BigInt(word))} in the control word`,
      });
  }
  const missing = missingInput(call);
  return missing === undefined ? found : [...found, missing];
}

function textOf(key: string, value: bigint): string {
  return key === 'code' ? hexNumber(value) : String(value);
}

/** A call that was done, but whose list is not in the recording as far as its page goes. */
function missingInput(call: RecordedCall): Contradiction | undefined {
  const { fast, input, inputGpa, reps } = call;
  if (fast || !isDone(call)) return undefined;
  const needed = Math.min(inputLength(call), HV_HYP_PAGE_SIZE - (inputGpa % HV_HYP_PAGE_SIZE));
  const least = isRepCall(call) && reps > 0 ? needed : needed - LATER_PADDING;
  return input.length >= least ? undefined : { expected: `in of ${input.length} bytes`, got: `in of ${needed} bytes` };
}

/** Calls that the host counted, against those that were recorded until then. */
export function tallyDifferences(event: Event, calls: readonly RecordedCall[]): Contradiction[] {
  return callTally(event, calls)
    .filter(({ kind }) => kind !== 'agreed')
    .map(({ key, said, recorded }) => ({ expected: `${key} ${said} times`, got: `${key} ${recorded} times` }));
}

/** Hypercalls that the end of a recording says there are, against those that are there. */
export function endDifferences(end: Event, hypercalls: number): Contradiction[] {
  const { seen } = end;
  if (typeof seen !== 'object' || seen === null || !('hypercall' in seen)) return [];
  const said = optionalWord(seen as Event, 'hypercall');
  return said === undefined || Number(said) === hypercalls
    ? []
    : [{ expected: `${said} hypercalls`, got: `${hypercalls} hypercalls` }];
}
