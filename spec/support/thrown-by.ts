import * as assert from 'uvu/assert';

/** What a call throws. Fails when it throws nothing. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return assert.unreachable('is accepted');
}
