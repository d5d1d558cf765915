import { LayoutError } from '../bytes/errors.js';
import { readGuid, writeGuid } from '../bytes/guid.js';
import { bytesOf, viewOf } from '../bytes/span.js';
import { type AtomicCell, atomicCell } from './atomic-cell.js';
import { readBitField } from './interpret-decode.js';
import type { U64Seq } from './seq.js';
import {
  type AnyType,
  type BitField,
  type BitsType,
  type PartsOf,
  type ScalarType,
  type StructType,
  titleOf,
  type UnionType,
  type ValueOf,
} from './types.js';
import { listView, type MakeView, openListView, type ViewList } from './view-list.js';

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
type NamedKeys<F> = {
  [K in keyof F]: F[K] extends { readonly kind: 'anon' }
    ? PartsOf<F[K]> extends { readonly kind: 'union' }
      ? K
      : never
    : K;
}[keyof F];
type Flattened<F> = [FlatViews<F>] extends [never] ? unknown : FlatViews<F> extends (v: infer I) => void ? I : unknown;
type ListViewOf<E> =
  E extends ScalarType<bigint> ? U64Seq : E extends ScalarType ? ViewList<number> : ViewList<ViewOf<E>>;
type Kind<K extends AnyType['kind']> = { readonly kind: K };

/** What view() gives: getters and setters over the bytes. */
export type ViewOf<T> =
  T extends Kind<'struct'>
    ? { [K in NamedKeys<PartsOf<T>>]: ViewOf<PartsOf<T>[K]> } & LoHi<PartsOf<T>> & Flattened<PartsOf<T>>
    : T extends Kind<'union'>
      ? { [K in keyof PartsOf<T>]: ViewOf<PartsOf<T>[K]> } & LoHi<PartsOf<T>>
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

/** The hidden state of a view object, under names that no field can have: its memory, its place, its inner views. */
interface Frame {
  $d: DataView;
  $o: number;
  $c: Map<string, unknown> | undefined;
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
      $d: DataView;
      $o: number;
      $c: Map<string, unknown> | undefined = undefined;
      constructor(d: DataView, o: number) {
        this.$d = d;
        this.$o = o;
      }
    };
    const prototype = made.prototype as object;
    Object.defineProperty(prototype, '$offset', {
      get(this: Frame) {
        return this.$o;
      },
    });
    Object.defineProperty(prototype, '$move', {
      value(this: Frame, d: DataView, o: number) {
        this.$d = d;
        this.$o = o;
        this.$c = undefined;
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
    for (const [arm, of] of Object.entries(type.arms)) addMember(prototype, arm, of, plus);
  else if (type.kind === 'struct') {
    type.slots.forEach((slot, index) => {
      if (slot.anon && slot.type.kind !== 'union') addMembers(prototype, slot.type, plus + slot.offset);
      else addMember(prototype, slot.key, slot.type, plus + slot.offset, { type, index, plus });
    });
  } else throw new LayoutError('E_LAYOUT_KIND', 'has no fields to view', { struct: titleOf(type) });
}

function define<V>(
  prototype: object,
  key: string,
  get: (this: Frame) => V,
  set?: (this: Frame, value: V) => void,
): void {
  Object.defineProperty(prototype, key, { enumerable: true, configurable: true, get, set });
}

/** The struct that a field stands in: its place behind the view's own, and which slot. */
interface Owner {
  readonly type: StructType;
  readonly index: number;
  readonly plus: number;
}

/** The view of a list's element or of an inner part. */
const make: MakeView = (of, view, at) => {
  switch (of.kind) {
    case 'guid':
      return readGuid(view, at);
    case 'rsvd':
    case 'bytes':
      return bytesOf(view, at, of.size);
    case 'atomic':
      return atomicCell(view, at, 'atomic');
    case 'array':
      return listView(of.of, view, at, of.count, make);
    case 'anon':
      return make(of.of, view, at);
    default:
      return new (classOf(of))(view, at);
  }
};

function addMember(prototype: object, key: string, type: AnyType, plus: number, owner?: Owner): void {
  switch (type.kind) {
    case 'scalar':
      return addScalar(prototype, key, type, plus);
    case 'guid':
      return define(
        prototype,
        key,
        function () {
          return readGuid(this.$d, this.$o + plus);
        },
        function (value: string) {
          writeGuid(this.$d, this.$o + plus, value);
        },
      );
    case 'rsvd':
    case 'bytes':
      return define(
        prototype,
        key,
        function () {
          return bytesOf(this.$d, this.$o + plus, type.size);
        },
        function (value: Uint8Array) {
          bytesOf(this.$d, this.$o + plus, type.size).set(value);
        },
      );
    case 'atomic':
      return addCached(prototype, key, (d, o) => atomicCell(d, o + plus, key));
    case 'rep':
    case 'varhead':
      // Made anew each time: how many there are, and where, may stand in fields that have changed.
      return define(prototype, key, function () {
        return openListView(type, owner, this.$d, this.$o + (owner?.plus ?? plus), make);
      });
    default:
      return addCached(prototype, key, (d, o) => make(type, d, o + plus));
  }
}

// Inner views are made once per place of the outer one.
function addCached(prototype: object, key: string, make: (view: DataView, offset: number) => unknown): void {
  define(prototype, key, function () {
    this.$c ??= new Map();
    let inner = this.$c.get(key);
    if (inner === undefined) {
      inner = make(this.$d, this.$o);
      this.$c.set(key, inner);
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
          return this.$d.getUint8(this.$o + plus);
        },
        function (v: number) {
          this.$d.setUint8(this.$o + plus, v);
        },
      );
    case 'u16':
      return define(
        prototype,
        key,
        function () {
          return this.$d.getUint16(this.$o + plus, true);
        },
        function (v: number) {
          this.$d.setUint16(this.$o + plus, v, true);
        },
      );
    case 'u32':
      return define(
        prototype,
        key,
        function () {
          return this.$d.getUint32(this.$o + plus, true);
        },
        function (v: number) {
          this.$d.setUint32(this.$o + plus, v, true);
        },
      );
    case 'i32':
      return define(
        prototype,
        key,
        function () {
          return this.$d.getInt32(this.$o + plus, true);
        },
        function (v: number) {
          this.$d.setInt32(this.$o + plus, v, true);
        },
      );
    case 'i64':
      return define(
        prototype,
        key,
        function () {
          return this.$d.getBigInt64(this.$o + plus, true);
        },
        function (v: bigint) {
          this.$d.setBigInt64(this.$o + plus, v, true);
        },
      );
    case 'u64':
      define(
        prototype,
        key,
        function () {
          return this.$d.getBigUint64(this.$o + plus, true);
        },
        function (v: bigint) {
          this.$d.setBigUint64(this.$o + plus, v, true);
        },
      );
      if (`${key}_lo` in prototype || `${key}_hi` in prototype) return;
      define(
        prototype,
        `${key}_lo`,
        function () {
          return this.$d.getUint32(this.$o + plus, true);
        },
        function (v: number) {
          this.$d.setUint32(this.$o + plus, v, true);
        },
      );
      define(
        prototype,
        `${key}_hi`,
        function () {
          return this.$d.getUint32(this.$o + plus + 4, true);
        },
        function (v: number) {
          this.$d.setUint32(this.$o + plus + 4, v, true);
        },
      );
  }
}

function addBit(prototype: object, type: BitsType, field: BitField, plus: number): void {
  // Whole words, and halves of 64-bit ones: no field of 32 bits or less costs a bigint unless it lies across the halves.
  const unit = type.size / type.words;
  const step = Math.min(4, unit);
  const from = plus + Math.floor(field.at / (step * 8)) * step;
  const shift = field.at % (step * 8);
  if (shift + field.width > step * 8) return addWideBit(prototype, type, field, plus);
  const mask = field.width === 32 ? 0xffffffff : 2 ** field.width - 1;
  const get =
    step === 4
      ? (d: DataView, o: number) => d.getUint32(o, true)
      : step === 2
        ? (d: DataView, o: number) => d.getUint16(o, true)
        : (d: DataView, o: number) => d.getUint8(o);
  const put =
    step === 4
      ? (d: DataView, o: number, v: number) => d.setUint32(o, v, true)
      : step === 2
        ? (d: DataView, o: number, v: number) => d.setUint16(o, v, true)
        : (d: DataView, o: number, v: number) => d.setUint8(o, v);
  define<boolean | number>(
    prototype,
    field.name,
    field.width === 1
      ? function () {
          return ((get(this.$d, this.$o + from) >>> shift) & 1) === 1;
        }
      : function () {
          return ((get(this.$d, this.$o + from) >>> shift) & mask) >>> 0;
        },
    function (value) {
      const at = this.$o + from;
      put(this.$d, at, (get(this.$d, at) & ~(mask << shift)) | ((Number(value) & mask) << shift));
    },
  );
}

/** A field that needs both halves of a 64-bit word. */
function addWideBit(prototype: object, type: BitsType, field: BitField, plus: number): void {
  const from = plus + Math.floor(field.at / 64) * 8;
  const shift = BigInt(field.at % 64);
  const mask = ((1n << BigInt(field.width)) - 1n) << shift;
  define<boolean | number | bigint>(
    prototype,
    field.name,
    function () {
      return readBitField(this.$d, this.$o + plus, type, field);
    },
    function (value) {
      const at = this.$o + from;
      const others = this.$d.getBigUint64(at, true) & ~mask;
      this.$d.setBigUint64(at, others | ((BigInt(value) << shift) & mask), true);
    },
  );
}
