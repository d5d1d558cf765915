import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { decode, encodeInto } from '../../src/layout/codec.js';
import type { Limits } from '../../src/layout/limits.js';
import { isSeq, U64Seq } from '../../src/layout/seq.js';
import { sizeOf } from '../../src/layout/size.js';
import type { AnyType, Declared, InputOf, ValueOf } from '../../src/layout/types.js';
import { view } from '../../src/layout/view.js';
import { ENGINES } from './engine-law.js';

/** A value and its bytes: checked in both directions, in both engines, and field by field through a view. */
export interface CodecRow {
  readonly note: string;
  readonly type: AnyType;
  readonly hex: string;
  readonly value: unknown;
  /** What encode is given, where that is less than decode gives. */
  readonly input: unknown;
  readonly limits: Limits | undefined;
  readonly viewed: boolean;
}

type Plain<V> = V extends Uint8Array
  ? V
  : V extends { toArray(): infer A }
    ? A
    : V extends readonly (infer E)[]
      ? Plain<E>[]
      : V extends object
        ? { [K in keyof V]: Plain<V[K]> }
        : V;

export interface RowOptions<T> {
  readonly input?: InputOf<T>;
  readonly limits?: Limits;
  /** False where the bytes alone do not tell the value: limits, raw arms. */
  readonly viewed?: boolean;
}

/** A row; spaces in `hex` separate fields. Lists of the value are plain arrays. */
export function row<T extends Declared>(
  note: string,
  type: T,
  hex: string,
  value: Plain<ValueOf<T>>,
  { input, limits, viewed = limits === undefined }: RowOptions<T> = {},
): CodecRow {
  const compact = hex.replaceAll(/\s/g, '');
  return { note, type: type as unknown as AnyType, hex: compact, value, input: input ?? value, limits, viewed };
}

/** Registers one spec per row. */
export function checkRows(test: Test, rows: readonly CodecRow[]): void {
  for (const one of rows) test(one.note, () => checkRow(one));
}

function checkRow({ note, type, hex, value, input, limits, viewed }: CodecRow): void {
  const bytes = hexToBytes(hex);
  for (const engine of ENGINES) {
    const read = decode(type, bytes, { ...limits, engine, trailing: 'refuse' });
    assert.equal(plain(read), value, `${note}: ${engine} decode`);
    const memory = new Uint8Array(bytes.length + 8).fill(0x5a);
    const written = encodeInto(type, input as never, new DataView(memory.buffer, 4, bytes.length), 0, engine);
    assert.is(bytesToHex(memory), `5a5a5a5a${hex}5a5a5a5a`, `${note}: ${engine} encode`);
    assert.is(written, bytes.length, `${note}: ${engine} length`);
  }
  assert.is(sizeOf(type, input), bytes.length, `${note}: sizeOf`);
  if (!viewed || (type.kind !== 'struct' && type.kind !== 'union' && type.kind !== 'bits')) return;
  sameThroughView(view(type, bytes), value, note);
  const written = new Uint8Array(bytes.length);
  writeThroughView(view(type, written), value);
  assert.is(bytesToHex(written), hex, `${note}: written through a view`);
}

/** A decoded value with plain arrays for lists over bytes. */
export function plain(value: unknown): unknown {
  if (isSeq(value)) return value.toArray();
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

type Viewed = Record<string, unknown> & { load?: () => number; store?: (v: number) => void };
type ListView = { readonly length: number; at(i: number): unknown };

function sameThroughView(seen: unknown, value: unknown, where: string): void {
  if (Array.isArray(value)) {
    const list = seen as ListView;
    assert.is(list.length, value.length, `${where}.length through a view`);
    for (let i = 0; i < value.length; i++) sameThroughView(list.at(i), value[i], `${where}[${i}]`);
    assert.is(list.at(value.length), undefined, `${where}: behind the last`);
    assert.is(list.at(-1), undefined, `${where}: before the first`);
  } else if (value instanceof Uint8Array) {
    assert.is(bytesToHex(seen as Uint8Array), bytesToHex(value), `${where} through a view`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      const inner = seen as Viewed;
      sameThroughView(inner[key], part, `${where}.${key}`);
      if (typeof part !== 'bigint' || !(`${key}_lo` in inner)) continue;
      assert.is(inner[`${key}_lo`], Number(BigInt.asUintN(32, part)), `${where}.${key}_lo`);
      assert.is(inner[`${key}_hi`], Number(BigInt.asUintN(64, part) >> 32n), `${where}.${key}_hi`);
    }
  } else {
    const cell = seen as Viewed;
    assert.is(typeof cell?.load === 'function' ? cell.load() : seen, value, `${where} through a view`);
  }
}

function writeThroughView(seen: unknown, value: unknown): void {
  for (const [key, part] of Object.entries(value as object)) {
    const target = seen as Viewed;
    const inner = target[key];
    // Taken anew for each element: where one begins may stand in the one before.
    if (Array.isArray(part)) for (const [i, item] of part.entries()) writeItem(target[key] as ListView, i, item);
    else if (typeof (inner as Viewed)?.store === 'function') (inner as Required<Viewed>).store(part as number);
    else if (typeof part === 'object' && !(part instanceof Uint8Array)) writeThroughView(inner, part);
    else target[key] = part;
  }
}

function writeItem(list: ListView, i: number, item: unknown): void {
  if (list instanceof U64Seq) list.set(i, item as bigint);
  else if (isSeq(list)) list.bytes().set(littleEndian(item as number, list.elementSize), i * list.elementSize);
  else if (item instanceof Uint8Array) (list.at(i) as Uint8Array).set(item);
  else writeThroughView(list.at(i), item);
}

const littleEndian = (value: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => value >> (at * 8));
