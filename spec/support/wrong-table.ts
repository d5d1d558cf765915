import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ErrorCode, LayoutError } from '../../src/bytes/errors.js';
import { thrownBy } from './thrown-by.js';

/** A declaration that must fail as its module loads, and why: `struct.path: reason`. */
export type WrongRow = readonly [note: string, declare: () => unknown, says: string];

/** Registers one spec per row. */
export function checkWrong(test: Test, code: ErrorCode, rows: readonly WrongRow[]): void {
  for (const [note, declare, says] of rows) {
    test(note, () => {
      const error = thrownBy(declare);
      assert.instance(error, LayoutError);
      const { message, code: found, struct, path, offset } = error as LayoutError;
      assert.is(message, `${says} [${code}]`);
      assert.is(found, code);
      assert.is(offset, -1);
      const where = [struct, path].filter(Boolean).join('.');
      assert.ok(says.startsWith(where === '' ? '' : `${where}: `), `${where} is not in front of: ${says}`);
    });
  }
}

/** Past the type checker, which would refuse the declaration too. */
export const loose = <T>(value: unknown): T => value as T;
