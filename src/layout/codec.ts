import { DecodeError, EncodeError } from '../bytes/errors.js';
import { viewOf } from '../bytes/span.js';
import { compileDecode, type DecodeFn } from './compile-decode.js';
import { compileEncode, type EncodeFn } from './compile-encode.js';
import { explain } from './explain.js';
import { interpretDecode, TRUNCATED } from './interpret-decode.js';
import { interpretEncode } from './interpret-encode.js';
import { type Cursor, cursorOf, type Limits } from './limits.js';
import type { AnySeq, U64Seq } from './seq.js';
import { sizeOf } from './size.js';
import { type AnyType, type Declared, type InputOf, titleOf, type ValueOf } from './types.js';

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

export type Engine = 'compiled' | 'interpreted';

interface Codec {
  readonly decode: DecodeFn;
  readonly encode: EncodeFn;
}

let generates: boolean | undefined;

/** False where the host forbids code from strings (a content security policy, --disallow-code-generation-from-strings). */
export function canGenerateCode(): boolean {
  if (generates === undefined) {
    try {
      generates = new Function('return true')() === true;
    } catch {
      generates = false;
    }
  }
  return generates;
}

const CODECS = { compiled: new WeakMap<AnyType, Codec>(), interpreted: new WeakMap<AnyType, Codec>() };

/** Both directions of one declaration, made at first use. `compiled` falls back where code cannot be generated. */
export function codecOf(type: AnyType, engine: Engine = 'compiled'): Codec {
  let codec = CODECS[engine].get(type);
  if (codec === undefined) {
    codec =
      engine === 'compiled' && canGenerateCode()
        ? lazily(type)
        : {
            decode: (view, at, cursor, lend) => interpretDecode(type, view, at, cursor, lend),
            encode: (value, view, at) => interpretEncode(type, value, view, at),
          };
    CODECS[engine].set(type, codec);
  }
  return codec;
}

/** Only the direction that is used is compiled. */
function lazily(type: AnyType): Codec {
  let decode: DecodeFn | undefined;
  let encode: EncodeFn | undefined;
  return {
    get decode() {
      decode ??= compileDecode(type);
      return decode;
    },
    get encode() {
      encode ??= compileEncode(type);
      return encode;
    },
  };
}

// One cursor serves all calls: decoding is synchronous and a decoder never calls another through the public functions.
const SHARED: Cursor = { end: 0, varEnd: -1, reps: -1, p: 0 };

function decodeWith(
  type: AnyType,
  view: DataView,
  offset: number,
  limits: Limits | undefined,
  lend: boolean,
  engine: Engine,
): unknown {
  SHARED.end = view.byteLength;
  SHARED.varEnd = -1;
  SHARED.reps = -1;
  if (limits !== undefined) Object.assign(SHARED, cursorOf(view, limits));
  try {
    return codecOf(type, engine).decode(view, offset, SHARED, lend);
  } catch (error) {
    if (error === TRUNCATED || error instanceof RangeError) throw explain(type, view, offset, limits);
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
  return decodeWith(type as unknown as AnyType, view, offset, limits, false, engine) as ValueOf<T>;
}

/** As decodeAt, with lists and byte strings lent: windows into the view's memory. */
export function lendAt<T extends Declared>(
  type: T,
  view: DataView,
  offset = 0,
  limits?: Limits,
  engine: Engine = 'compiled',
): Lent<ValueOf<T>> {
  return decodeWith(type as unknown as AnyType, view, offset, limits, true, engine) as Lent<ValueOf<T>>;
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
  return writeWith(type as unknown as AnyType, value, view, offset, engine);
}

function writeWith(type: AnyType, value: unknown, view: DataView, offset: number, engine: Engine): number {
  try {
    return codecOf(type, engine).encode(value, view, offset) - offset;
  } catch (error) {
    if (error instanceof EncodeError && engine === 'interpreted') throw error;
    // Generated code only says that something is wrong; the interpreter says what and where.
    interpretEncode(type, value, view, offset);
    throw error;
  }
}

/** The value as bytes: C's sizeof, and the lists behind it. Throws EncodeError. */
export function encode<T extends Declared>(type: T, value: InputOf<T>, engine: Engine = 'compiled'): Uint8Array {
  return encodeUnchecked(type as unknown as AnyType, value, engine);
}

/** As encode, for a value whose type is not known when compiling (JSON, another decoder). Throws EncodeError. */
export function encodeUnchecked(type: AnyType, value: unknown, engine: Engine = 'compiled'): Uint8Array {
  const bytes = new Uint8Array(sizeOf(type, value));
  const written = writeWith(type, value, viewOf(bytes), 0, engine);
  return written === bytes.length ? bytes : bytes.subarray(0, written);
}
