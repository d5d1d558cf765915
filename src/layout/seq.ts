import { fillConsecutive } from '../bytes/fill.js';
import { bytesOf, copyBytes } from '../bytes/span.js';
import { hiOf, loOf } from '../bytes/word.js';

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

type Element = 'u8' | 'u16' | 'u32' | 'u64' | 'i32' | 'i64';

/** A list of scalars over bytes: no object per element; lent (over the caller's memory) or over a copy. */
export interface AnySeq<V> extends Iterable<V> {
  readonly length: number;
  /** The element at `index`, 0-based; undefined outside. */
  at(index: number): V | undefined;
  /** All elements as a plain array. */
  toArray(): V[];
}

abstract class Seq<V> implements AnySeq<V> {
  readonly view: DataView;
  /** Byte offset of element 0 in `view`. */
  readonly offset: number;
  readonly length: number;
  abstract readonly elementSize: number;
  /** How the bytes of an element are read. */
  abstract get scalar(): Element;

  constructor(view: DataView, offset: number, length: number) {
    this.view = view;
    this.offset = offset;
    this.length = length;
  }

  protected abstract get(at: number): V;

  at(index: number): V | undefined {
    return index >= 0 && index < this.length ? this.get(this.offset + index * this.elementSize) : undefined;
  }

  toArray(): V[] {
    const out: V[] = new Array(this.length);
    for (let i = 0; i < this.length; i++) out[i] = this.get(this.offset + i * this.elementSize);
    return out;
  }

  *[Symbol.iterator](): IterableIterator<V> {
    for (let i = 0; i < this.length; i++) yield this.get(this.offset + i * this.elementSize);
  }

  /** The bytes of the list, over the same memory. */
  bytes(): Uint8Array {
    return bytesOf(this.view, this.offset, this.length * this.elementSize);
  }
}

export class U8Seq extends Seq<number> {
  readonly elementSize = 1;
  get scalar() {
    return 'u8' as const;
  }
  protected get(at: number): number {
    return this.view.getUint8(at);
  }
}

export class U16Seq extends Seq<number> {
  readonly elementSize = 2;
  get scalar() {
    return 'u16' as const;
  }
  protected get(at: number): number {
    return this.view.getUint16(at, true);
  }
}

export class U32Seq extends Seq<number> {
  readonly elementSize = 4;
  get scalar() {
    return 'u32' as const;
  }
  protected get(at: number): number {
    return this.view.getUint32(at, true);
  }
}

export class I32Seq extends Seq<number> {
  readonly elementSize = 4;
  get scalar() {
    return 'i32' as const;
  }
  protected get(at: number): number {
    return this.view.getInt32(at, true);
  }
}

/** A list of u64: elements as bigint, or as unsigned halves where speed counts. */
export class U64Seq extends Seq<bigint> {
  readonly elementSize = 8;
  get scalar(): 'u64' | 'i64' {
    return 'u64';
  }

  /** An empty-handed list of `length` zeros, to be filled and encoded. */
  static of(length: number): U64Seq {
    return new U64Seq(new DataView(new ArrayBuffer(length * 8)), 0, length);
  }

  static from(values: ArrayLike<bigint>): U64Seq {
    const list = U64Seq.of(values.length);
    for (let i = 0; i < values.length; i++) list.set(i, values[i]!);
    return list;
  }

  protected get(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  lo(index: number): number {
    return this.view.getUint32(this.offset + index * 8, true);
  }

  hi(index: number): number {
    return this.view.getUint32(this.offset + index * 8 + 4, true);
  }

  /** The element as a number: exact below 2^53, which every page frame number is. */
  number(index: number): number {
    const at = this.offset + index * 8;
    return this.view.getUint32(at + 4, true) * 0x100000000 + this.view.getUint32(at, true);
  }

  /**
   * Low and high halves in turn, the fast way through a list: over the same memory where it is 4-byte aligned
   * on a little-endian host, else a copy.
   */
  halves(): Uint32Array {
    const from = this.view.byteOffset + this.offset;
    if (LITTLE_ENDIAN && from % 4 === 0) return new Uint32Array(this.view.buffer, from, this.length * 2);
    return Uint32Array.from({ length: this.length * 2 }, (_, i) => this.view.getUint32(this.offset + i * 4, true));
  }

  setLoHi(index: number, lo: number, hi: number): void {
    const at = this.offset + index * 8;
    this.view.setUint32(at, lo, true);
    this.view.setUint32(at + 4, hi, true);
  }

  set(index: number, value: bigint): void {
    this.setLoHi(index, loOf(value), hiOf(value));
  }

  /** Consecutive numbers from `first` (below 2^53) into the whole list: page frames of one contiguous run. */
  fillPfns(first: number): void {
    fillConsecutive(this.view, this.offset, first, this.length);
  }
}

/** As U64Seq, elements signed. */
export class I64Seq extends U64Seq {
  override get scalar() {
    return 'i64' as const;
  }
  protected override get(at: number): bigint {
    return this.view.getBigInt64(at, true);
  }
}

const SIZES: Readonly<Record<Element, number>> = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8, i64: 8 };

/** A list over `view`: lent as it is, or over a copy of its bytes. */
export function seqOver(
  scalar: Element,
  view: DataView,
  offset: number,
  count: number,
  lend: boolean,
): Seq<number> | U64Seq {
  const own = lend ? view : new DataView(copyBytes(view, offset, count * SIZES[scalar]).buffer);
  const at = lend ? offset : 0;
  switch (scalar) {
    case 'u8':
      return new U8Seq(own, at, count);
    case 'u16':
      return new U16Seq(own, at, count);
    case 'u32':
      return new U32Seq(own, at, count);
    case 'i32':
      return new I32Seq(own, at, count);
    case 'u64':
      return new U64Seq(own, at, count);
    case 'i64':
      return new I64Seq(own, at, count);
  }
}

/** True for anything that can be walked by index. */
export function isListLike(value: unknown): value is ArrayLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const { length } = value as { length?: unknown };
  return typeof length === 'number' && length >= 0 && length % 1 === 0;
}

/** True for the lists of this module. */
export function isSeq(value: unknown): value is Seq<number> | U64Seq {
  return value instanceof Seq;
}
