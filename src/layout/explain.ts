import { DecodeError } from '../bytes/errors.js';
import { describe, type Issue } from './describe.js';
import type { Limits } from './limits.js';
import { type AnyType, titleOf } from './types.js';

/** Why the bytes do not decode, with path and byte offset. */
export function explain(type: AnyType, view: DataView, offset = 0, limits?: Limits): DecodeError {
  const struct = titleOf(type);
  try {
    describe(type, view, offset, limits);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    if (!(error instanceof RangeError)) throw error;
  }
  return new DecodeError('E_TRUNCATED', 'the bytes end early', { struct, offset: 0 });
}

/** Everything that a strict reader would refuse: reserved bits set, unknown enum values and tags, misaligned addresses, counts that disagree. Throws DecodeError. */
export function check(type: AnyType, view: DataView, offset = 0, limits?: Limits): readonly Issue[] {
  return describe(type, view, offset, limits).issues;
}
