import { LayoutError } from '../bytes/errors.js';
import { readGuid, writeGuid } from '../bytes/guid.js';
import { bytesOf, viewOf } from '../bytes/span.js';
import { readBitField } from './interpret-decode.js';
import { ruledCount } from './limits.js';
import { seqOver, type U64Seq } from './seq.js';
import {
  type AnyType,
  type BitField,
  type BitsType,
  type PartsOf,
  type RepType,
  type ScalarType,
  type StructType,
  titleOf,
  type UnionType,
  type ValueOf,
  type VarheadType,
} from './types.js';

/** A u32 shared with a peer. Over a SharedArrayBuffer every access is atomic; `wait` needs one. */
export interface AtomicCell {
  load(): number;
  store(value: number): void;
  /** Adds and returns the old value. */
  add(value: number): number;
  /** Blocks while the value is `value`; as Atomics.wait. */
  wait(value: number, timeoutMs?: number): 'ok' | 'not-equal' | 'timed-out';
  /** Wakes waiters; returns how many. */
  notify(count?: number): number;
}

/** Elements of fixed size as views, made on demand. */
export interface ViewList<V> {
  readonly length: number;
  at(index: number): V | undefined;
}

type LoHi<F> = {
  [K in keyof F & string as F[K] extends ScalarType<bigint> ? `${K}_lo` | `${K}_hi` : never]: number;
};
type FlatViews<F> = {
  [K in keyof F]: F[K] extends { readonly kind: 'anon' }
    ? PartsOf<F[K]> extends { readonly kind: 'union' }
      ? never
      : (v: ViewOf<PartsOf<F[K]>>) => void
    : never;
}[keyof F];
type Flattened<F> = [FlatViews<F>] extends [never] ? unknown : FlatViews<F> extends (v: infer I) => void ? I : unknown;
type ListViewOf<E> =
  E extends ScalarType<bigint> ? U64Seq : E extends ScalarType ? ViewList<number> : ViewList<ViewOf<E>>;
type Kind<K extends AnyType['kind']> = { readonly kind: K };

/** What view() gives: getters and setters over the bytes. */
export type ViewOf<T> =
  T extends Kind<'struct'>
    ? { [K in keyof PartsOf<T>]: ViewOf<PartsOf<T>[K]> } & LoHi<PartsOf<T>> & Flattened<PartsOf<T>>
    : T extends Kind<'union'>
      ? { [K in keyof PartsOf<T>]: ViewOf<PartsOf<T>[K]> }
      : T extends Kind<'anon'>
        ? ViewOf<PartsOf<T>>
        : T extends Kind<'bits'>
          ? ValueOf<T>
          : T extends Kind<'atomic'>
            ? AtomicCell
            : T extends Kind<'rsvd' | 'bytes'>
              ? Uint8Array
              : T extends Kind<'guid'>
                ? string
                : T extends ScalarType<infer V>
                  ? V
                  : T extends Kind<'array' | 'rep' | 'varhead'>
                    ? ListViewOf<PartsOf<T>>
                    : never;

/** Every view knows its place and can be moved to another. */
export interface Movable {
  /** Moves the view, and what was taken from it before no longer belongs to it. */
  $move(view: DataView, offset: number): void;
  readonly $offset: number;
}

/** The hidden state of a view object: `c` caches the inner views. */
interface Frame {
  d: DataView;
  o: number;
  c: Map<string, unknown> | undefined;
}

type ViewClass = new (view: DataView, offset: number) => Frame;

const CLASSES = new WeakMap<AnyType, ViewClass>();

/**
 * A zero-copy view: fields are read and written where they lie; u64 fields also as `name_lo` and `name_hi`.
 * Overlaid arms are all there. Throws LayoutError E_LAYOUT_KIND for a type without fields, RangeError outside the bytes.
 */
export function view<T extends StructType | UnionType | BitsType>(
  type: T,
  bytes: ArrayBufferView | ArrayBufferLike,
  offset = 0,
): ViewOf<T> & Movable {
  return new (classOf(type))(viewOf(bytes), offset) as unknown as ViewOf<T> & Movable;
}

function classOf(type: AnyType): ViewClass {
  let made = CLASSES.get(type);
  if (made === undefined) {
    made = class implements Frame {
      d: DataView;
      o: number;
      c: Map<string, unknown> | undefined = undefined;
      constructor(d: DataView, o: number) {
        this.d = d;
        this.o = o;
      }
    };
    const prototype = made.prototype as object;
    Object.defineProperty(prototype, '$offset', {
      get(this: Frame) {
        return this.o;
      },
    });
    Object.defineProperty(prototype, '$move', {
      value(this: Frame, d: DataView, o: number) {
        this.d = d;
        this.o = o;
        this.c = undefined;
      },
    });
    CLASSES.set(type, made);
    addMembers(prototype, type, 0);
  }
  return made;
}

function addMembers(prototype: object, type: AnyType, plus: number): void {
  if (type.kind === 'bits') for (const field of type.fields) addBit(prototype, type, field, plus);
  else if (type.kind === 'anon') addMembers(prototype, type.of, plus);
  else if (type.kind === 'union')
    for (const [arm, of] of Object.entries(type.arms)) addMember(prototype, arm, of, plus, type);
  else if (type.kind === 'struct') {
    for (const slot of type.slots) {
      if (slot.anon && slot.type.kind !== 'union') addMembers(prototype, slot.type, plus + slot.offset);
      else addMember(prototype, slot.key, slot.type, plus + slot.offset, type);
    }
  } else throw new LayoutError('E_LAYOUT_KIND', 'has no fields to view', { struct: titleOf(type) });
}

function define<V>(
  prototype: object,
  key: string,
  get: (this: Frame) => V,
  set?: (this: Frame, value: V) => void,
): void {
  Object.defineProperty(prototype, key, { enumerable: true, get, ...(set ? { set } : {}) });
}

function addMember(prototype: object, key: string, type: AnyType, plus: number, owner: AnyType): void {
  switch (type.kind) {
    case 'scalar':
      return addScalar(prototype, key, type, plus);
    case 'guid':
      return define(
        prototype,
        key,
        function () {
          return readGuid(this.d, this.o + plus);
        },
        function (value: string) {
          writeGuid(this.d, this.o + plus, value);
        },
      );
    case 'rsvd':
    case 'bytes':
      return define(
        prototype,
        key,
        function () {
          return bytesOf(this.d, this.o + plus, type.size);
        },
        function (value: Uint8Array) {
          bytesOf(this.d, this.o + plus, type.size).set(value);
        },
      );
    case 'atomic':
      return addCached(prototype, key, (d, o) => atomicCell(d, o + plus, key));
    case 'array':
      return addCached(prototype, key, (d, o) => listView(type.of, d, o + plus, type.count));
    case 'rep':
    case 'varhead':
      return addCached(prototype, key, (d, o) => openList(type, owner, d, o, plus));
    default: {
      const inner = type.kind === 'anon' ? type.of : type;
      return addCached(prototype, key, (d, o) => new (classOf(inner))(d, o + plus));
    }
  }
}

// Inner views are made once per place of the outer one.
function addCached(prototype: object, key: string, make: (view: DataView, offset: number) => unknown): void {
  define(prototype, key, function () {
    this.c ??= new Map();
    let inner = this.c.get(key);
    if (inner === undefined) {
      inner = make(this.d, this.o);
      this.c.set(key, inner);
    }
    return inner;
  });
}

function addScalar(prototype: object, key: string, type: ScalarType, plus: number): void {
  switch (type.scalar) {
    case 'u8':
      return define(
        prototype,
        key,
        function () {
          return this.d.getUint8(this.o + plus);
        },
        function (v: number) {
          this.d.setUint8(this.o + plus, v);
        },
      );
    case 'u16':
      return define(
        prototype,
        key,
        function () {
          return this.d.getUint16(this.o + plus, true);
        },
        function (v: number) {
          this.d.setUint16(this.o + plus, v, true);
        },
      );
    case 'u32':
      return define(
        prototype,
        key,
        function () {
          return this.d.getUint32(this.o + plus, true);
        },
        function (v: number) {
          this.d.setUint32(this.o + plus, v, true);
        },
      );
    case 'i32':
      return define(
        prototype,
        key,
        function () {
          return this.d.getInt32(this.o + plus, true);
        },
        function (v: number) {
          this.d.setInt32(this.o + plus, v, true);
        },
      );
    case 'i64':
      return define(
        prototype,
        key,
        function () {
          return this.d.getBigInt64(this.o + plus, true);
        },
        function (v: bigint) {
          this.d.setBigInt64(this.o + plus, v, true);
        },
      );
    case 'u64':
      define(
        prototype,
        key,
        function () {
          return this.d.getBigUint64(this.o + plus, true);
        },
        function (v: bigint) {
          this.d.setBigUint64(this.o + plus, v, true);
        },
      );
      define(
        prototype,
        `${key}_lo`,
        function () {
          return this.d.getUint32(this.o + plus, true);
        },
        function (v: number) {
          this.d.setUint32(this.o + plus, v, true);
        },
      );
      define(
        prototype,
        `${key}_hi`,
        function () {
          return this.d.getUint32(this.o + plus + 4, true);
        },
        function (v: number) {
          this.d.setUint32(this.o + plus + 4, v, true);
        },
      );
  }
}

function addBit(prototype: object, type: BitsType, field: BitField, plus: number): void {
  const from = plus + Math.floor(field.at / 32) * 4;
  const shift = field.at % 32;
  const left = type.size - (from - plus);
  if (shift + field.width > 32) {
    // Wider than one 32-bit read: through the same code as decode; read-only, written through its word.
    return define(prototype, field.name, function () {
      return readBitField(this.d, this.o + plus, type, field);
    });
  }
  const mask = field.width === 32 ? 0xffffffff : 2 ** field.width - 1;
  const get =
    left >= 4
      ? (d: DataView, o: number) => d.getUint32(o, true)
      : left >= 2
        ? (d: DataView, o: number) => d.getUint16(o, true)
        : (d: DataView, o: number) => d.getUint8(o);
  const put =
    left >= 4
      ? (d: DataView, o: number, v: number) => d.setUint32(o, v, true)
      : left >= 2
        ? (d: DataView, o: number, v: number) => d.setUint16(o, v, true)
        : (d: DataView, o: number, v: number) => d.setUint8(o, v);
  define<boolean | number>(
    prototype,
    field.name,
    field.width === 1
      ? function () {
          return ((get(this.d, this.o + from) >>> shift) & 1) === 1;
        }
      : function () {
          return ((get(this.d, this.o + from) >>> shift) & mask) >>> 0;
        },
    function (value) {
      const at = this.o + from;
      put(this.d, at, (get(this.d, at) & ~(mask << shift)) | ((Number(value) & mask) << shift));
    },
  );
}

function listView(of: AnyType, d: DataView, at: number, count: number): unknown {
  if (of.kind === 'scalar' && of.scalar[0] === 'u') return seqOver(of.size, d, at, count, true);
  if (of.kind === 'scalar')
    return { length: count, at: (i: number) => (i >= 0 && i < count ? d.getInt32(at + i * of.size, true) : undefined) };
  return {
    length: count,
    at: (i: number) => (i >= 0 && i < count ? new (classOf(of))(d, at + i * of.size) : undefined),
  };
}

function openList(type: RepType | VarheadType, owner: AnyType, d: DataView, o: number, plus: number): unknown {
  const at = o + plus;
  const fit = Math.max(0, Math.floor((d.byteLength - at) / type.of.minSize));
  const ruled = owner.kind === 'struct' ? ruledCount(d, o, owner, type) : undefined;
  return listView(type.of, d, at, Math.min(fit, ruled ?? fit));
}

function atomicCell(d: DataView, at: number, key: string): AtomicCell {
  const from = d.byteOffset + at;
  if (from % 4 !== 0)
    throw new LayoutError('E_ALIGN', `atomic at 0x${from.toString(16)} is not 4-byte aligned`, {
      path: key,
      offset: at,
    });
  const cell = new Int32Array(d.buffer, from, 1);
  return {
    load: () => Atomics.load(cell, 0) >>> 0,
    store: (value) => {
      Atomics.store(cell, 0, value | 0);
    },
    add: (value) => Atomics.add(cell, 0, value | 0) >>> 0,
    wait: (value, timeoutMs) => Atomics.wait(cell, 0, value | 0, timeoutMs),
    notify: (count) => Atomics.notify(cell, 0, count),
  };
}
