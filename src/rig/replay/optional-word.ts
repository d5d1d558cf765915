import { AbiError } from '../../bytes/errors.js';
import { type Event, wordOf } from '../../capture/event.js';

/** A word of an event; undefined where there is none, or something else. */
export function optionalWord(event: Event, key: string): bigint | undefined {
  if (event[key] === undefined || event[key] === null) return undefined;
  try {
    return wordOf(event, key);
  } catch (error) {
    if (error instanceof AbiError) return undefined;
    throw error;
  }
}
