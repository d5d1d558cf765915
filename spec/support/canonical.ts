import { AbiError } from '../../src/bytes/errors.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { isSeq } from '../../src/layout/seq.js';

/**
 * A decoded value as text that tells apart what `assert.equal` does not: key order, absent from undefined, number from
 * bigint, a list over bytes from a plain one.
 */
export function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `bytes(${bytesToHex(value)})`;
  if (isSeq(value)) return `${value.scalar}(${(value.toArray() as unknown[]).map(canonical).join()})`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, part]) => `${key}:${canonical(part)}`)
      .join()}}`;
  return Object.is(value, -0) ? '-0' : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** What came of a call: its value as text, or the code, path and offset of its AbiError. Other errors are not caught. */
export function outcome(call: () => unknown): string {
  try {
    return canonical(call());
  } catch (error) {
    if (error instanceof AbiError)
      return `${error.name} ${error.code} ${error.struct} '${error.path}' @${error.offset}`;
    throw error;
  }
}
