import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError, EncodeError, type ErrorCode } from '../../src/bytes/errors.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { decode, encodeUnchecked } from '../../src/layout/codec.js';
import type { Limits } from '../../src/layout/limits.js';
import type { AnyType, Declared } from '../../src/layout/types.js';
import { ENGINES } from './engine-law.js';
import { thrownBy } from './thrown-by.js';

/** Bytes or a value that both engines refuse alike. `says` is the reason in the error's text. */
export interface Refusal {
  readonly note: string;
  readonly type: Declared;
  readonly hex?: string;
  readonly value?: unknown;
  readonly limits?: Limits;
  readonly code: ErrorCode;
  readonly path: string;
  readonly offset: number;
  readonly says?: string;
}

/** Registers one spec per row. */
export function checkRefusals(test: Test, rows: readonly Refusal[]): void {
  for (const row of rows) {
    test(row.note, () => {
      for (const engine of ENGINES) {
        const type = row.type as unknown as AnyType;
        const call =
          row.hex === undefined
            ? () => encodeUnchecked(type, row.value, engine)
            : () => decode(row.type, hexToBytes(row.hex!.replaceAll(/\s/g, '')), { ...row.limits, engine });
        const error = thrownBy(call);
        assert.instance(error, row.hex === undefined ? EncodeError : DecodeError, `${engine}: ${String(error)}`);
        const { code, path, offset, message } = error as EncodeError;
        assert.equal({ engine, code, path, offset }, { engine, code: row.code, path: row.path, offset: row.offset });
        if (row.says !== undefined) assert.ok(message.includes(`: ${row.says} [`), message);
      }
    });
  }
}
