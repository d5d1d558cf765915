import { compileSuspect, type SuspectFn } from './compile-check.js';
import type { Cursor } from './cursor.js';
import { canGenerateCode } from './generate.js';
import { type Limits, setCursor } from './limits.js';
import { TRUNCATED } from './markers.js';
import type { AnyType } from './types.js';

const MADE = new WeakMap<AnyType, SuspectFn>();
const CURSOR: Cursor = { end: 0, varEnd: -1, reps: -1, p: 0 };

/** False when check() would report nothing for these bytes: the cheap question that a reader of many records asks first. */
export function maySuspect(type: AnyType, view: DataView, offset = 0, limits?: Limits): boolean {
  let suspect = MADE.get(type);
  if (suspect === undefined) {
    suspect = canGenerateCode() ? compileSuspect(type) : () => true;
    MADE.set(type, suspect);
  }
  setCursor(CURSOR, view, limits);
  try {
    return suspect(view, offset, CURSOR);
  } catch (error) {
    if (error === TRUNCATED || error instanceof RangeError) return true;
    throw error;
  }
}
