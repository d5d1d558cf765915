import * as assert from 'uvu/assert';
import type { ErrorCode } from '../../src/bytes/errors.js';
import { MemoryError } from '../../src/memory/memory-error.js';

/** Asserts that `run` throws a MemoryError with this code, and the GPA where one is given. */
export function refuses(code: ErrorCode, run: () => unknown, gpa?: number): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof MemoryError)) throw new Error(`wanted a MemoryError ${code}, got ${String(thrown)}`);
  assert.is(thrown.code, code, thrown.message);
  if (gpa !== undefined) assert.ok(Object.is(thrown.offset, gpa), thrown.message);
}
