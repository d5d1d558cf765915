import { DecodeError, EncodeError } from '../bytes/errors.js';
import { viewOf } from '../bytes/span.js';
import type { Cursor } from './cursor.js';
import { codeOf, type Engine, enginesInUse } from './dispatch.js';
import { type Limits, setCursor } from './limits.js';
import { TRUNCATED } from './markers.js';
import { requireValue } from './refusal.js';
import type { AnySeq, U64Seq } from './seq.js';
import { sizeOf } from './size.js';
import { type AnyType, type Code, type Declared, type InputOf, titleOf, type ValueOf } from './types.js';

/** A decoded value whose lists and byte strings are windows into the caller's memory. */
export type Lent<V> = V extends Uint8Array
  ? V
  : V extends number[]
    ? AnySeq<number>
    : V extends bigint[]
      ? U64Seq
      : V extends AnySeq<unknown> | readonly object[]
        ? V
        : V extends object
          ? { [K in keyof V]: Lent<V[K]> }
          : V;

/** One declaration's decoder and encoder, looked up once: for loops. */
export interface Codec<T> {
  /** As decodeAt(type, …). */
  decodeAt(view: DataView, offset: number, limits?: Limits): ValueOf<T>;
  /** As lendAt(type, …). */
  lendAt(view: DataView, offset: number, limits?: Limits): Lent<ValueOf<T>>;
  /** As encodeInto(type, …). */
  encodeInto(value: InputOf<T>, view: DataView, offset: number): number;
}

/** The codec of one declaration. */
export function codecOf<T extends Declared>(declared: T, engine: Engine = 'compiled'): Codec<T> {
  const type = declared as unknown as AnyType;
  const code = codeOf(type, engine);
  return {
    decodeAt: (view, offset, limits) => run(type, code, view, offset, limits, false) as ValueOf<T>,
    lendAt: (view, offset, limits) => run(type, code, view, offset, limits, true) as Lent<ValueOf<T>>,
    encodeInto: (value, view, offset) => put(type, code, value, view, offset),
  };
}

// One cursor serves all calls: decoding is synchronous and a decoder never calls another through the public functions.
const SHARED: Cursor = { end: 0, varEnd: -1, reps: -1, p: 0 };

function run(
  type: AnyType,
  code: Code,
  view: DataView,
  offset: number,
  limits: Limits | undefined,
  lend: boolean,
): unknown {
  const cursor = SHARED;
  setCursor(cursor, view, limits);
  try {
    return code.decode(view, offset, cursor, lend);
  } catch (error) {
    if (error === TRUNCATED || error instanceof RangeError) throw whyNot(type, view, offset, limits);
    throw error;
  }
}

/** Code that the package was built with says by itself what is missing. */
function whyNot(type: AnyType, view: DataView, offset: number, limits: Limits | undefined): DecodeError {
  const engines = enginesInUse();
  if (engines !== undefined) return engines.explain(type, view, offset, limits);
  return new DecodeError('E_TRUNCATED', 'the bytes end early', { struct: titleOf(type), offset: 0 });
}

function put(type: AnyType, code: Code, value: unknown, view: DataView, offset: number): number {
  try {
    return code.encode(value, view, offset) - offset;
  } catch (error) {
    if (error instanceof EncodeError && error.path !== '') throw error;
    // Generated code only says that something is wrong; the interpreter says what and where.
    requireValue(type, value, view, offset);
    throw error;
  }
}

/** The value at `offset` (bytes) of `view`; lists and byte strings are copies. Throws DecodeError E_TRUNCATED. */
export function decodeAt<T extends Declared>(
  type: T,
  view: DataView,
  offset = 0,
  limits?: Limits,
  engine: Engine = 'compiled',
): ValueOf<T> {
  const t = type as unknown as AnyType;
  return run(t, codeOf(t, engine), view, offset, limits, false) as ValueOf<T>;
}

/** As decodeAt, with lists and byte strings lent: windows into the view's memory. */
export function lendAt<T extends Declared>(
  type: T,
  view: DataView,
  offset = 0,
  limits?: Limits,
  engine: Engine = 'compiled',
): Lent<ValueOf<T>> {
  const t = type as unknown as AnyType;
  return run(t, codeOf(t, engine), view, offset, limits, true) as Lent<ValueOf<T>>;
}

/** One past the last byte that the decode just before belonged to. */
export function consumed(): number {
  return SHARED.p;
}

export interface DecodeOptions extends Limits {
  readonly offset?: number;
  /** Bytes behind the structure are refused unless `ignore`. */
  readonly trailing?: 'refuse' | 'ignore';
  readonly engine?: Engine;
}

/** Bytes as the plain value of `type`. Throws DecodeError E_TRUNCATED, E_TRAILING. */
export function decode<T extends Declared>(
  type: T,
  bytes: ArrayBufferView | ArrayBufferLike,
  options: DecodeOptions = {},
): ValueOf<T> {
  const view = viewOf(bytes);
  const offset = options.offset ?? 0;
  const value = decodeAt(type, view, offset, options, options.engine);
  const end = Math.min(options.end ?? view.byteLength, view.byteLength);
  if (SHARED.p < end && options.trailing !== 'ignore') {
    throw new DecodeError('E_TRAILING', `${end - SHARED.p} bytes are left`, {
      struct: titleOf(type as unknown as AnyType),
      offset: SHARED.p - offset,
    });
  }
  return value;
}

/** Writes `value` at `offset`; returns the bytes written. Nothing is allocated. Throws EncodeError. */
export function encodeInto<T extends Declared>(
  type: T,
  value: InputOf<T>,
  view: DataView,
  offset = 0,
  engine: Engine = 'compiled',
): number {
  const t = type as unknown as AnyType;
  return put(t, codeOf(t, engine), value, view, offset);
}

/** The value as bytes: C's sizeof, and the lists behind it. Throws EncodeError. */
export function encode<T extends Declared>(type: T, value: InputOf<T>, engine: Engine = 'compiled'): Uint8Array {
  return encodeUnchecked(type as unknown as AnyType, value, engine);
}

/** As encode, for a value whose type is not known when compiling (JSON, another decoder). Throws EncodeError. */
export function encodeUnchecked(type: AnyType, value: unknown, engine: Engine = 'compiled'): Uint8Array {
  const bytes = new Uint8Array(sizeOf(type, value));
  const written = put(type, codeOf(type, engine), value, viewOf(bytes), 0);
  return written === bytes.length ? bytes : bytes.subarray(0, written);
}
