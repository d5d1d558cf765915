import { DecodeError } from '../bytes/errors.js';
import type { AnyType, Code, NamedType } from './types.js';

// What the declarations of the built package call: they are written out as plain objects, with the code that the engines
// would have made of them (.ci/packaging/shipped-module.ts).

/** The same type with its code. */
export function coded<T>(type: T, decode: Code['decode'], encode: Code['encode']): T {
  (type as { code?: Code }).code = { decode, encode };
  return type;
}

/** As coded, for the layouts of a name that has several. */
export function codedAll<T>(layout: T, rows: readonly (readonly [NamedType, Code['decode'], Code['encode']])[]): T {
  for (const [type, decode, encode] of rows) coded(type, decode, encode);
  return layout;
}

/** Says which field of the fixed part the bytes from `at` to `end` are too few for, as explain() does. */
export function short(type: NamedType, at: number, end: number): never {
  missing(type, '', at, at, end, type.name);
  throw new DecodeError('E_TRUNCATED', 'the bytes end early', { struct: type.name, offset: 0 });
}

function missing(type: AnyType, path: string, at: number, start: number, end: number, struct: string): void {
  if (type.kind === 'anon') missing(type.of, path, at, start, end, struct);
  else if (type.kind === 'struct') {
    for (const slot of type.slots) {
      const inner = slot.anon && slot.type.kind !== 'union' ? path : path === '' ? slot.key : `${path}.${slot.key}`;
      missing(slot.type, inner, at + slot.offset, start, end, struct);
    }
  } else if (at + type.minSize > end) {
    const left = Math.max(0, end - at);
    throw new DecodeError('E_TRUNCATED', `needs ${type.minSize} bytes, ${left} left`, {
      struct,
      path,
      offset: at - start,
    });
  }
}
