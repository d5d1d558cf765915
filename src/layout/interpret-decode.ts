import { readGuid } from '../bytes/guid.js';
import { bytesOf, copyBytes, isZero } from '../bytes/span.js';
import type { Cursor } from './cursor.js';
import { listEnd, readRef, tagRef, wantedCount } from './limits.js';
import { TRUNCATED } from './markers.js';
import { seqOver } from './seq.js';
import type { AnyType, BitField, BitsType, RepType, ScalarName, StructType, UnionType, VarheadType } from './types.js';

export type Plain = number | bigint | boolean | string | object | undefined;

export function readScalar(view: DataView, at: number, scalar: ScalarName): number | bigint {
  switch (scalar) {
    case 'u8':
      return view.getUint8(at);
    case 'u16':
      return view.getUint16(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'i32':
      return view.getInt32(at, true);
    case 'u64':
      return view.getBigUint64(at, true);
    case 'i64':
      return view.getBigInt64(at, true);
  }
}

/** One bit-field as decode gives it: boolean, number or bigint by width. */
export function readBitField(view: DataView, at: number, type: BitsType, field: BitField): boolean | number | bigint {
  const unit = type.size / type.words;
  const word = BigInt(readScalar(view, at + Math.floor(field.at / (unit * 8)) * unit, type.word));
  const value = BigInt.asUintN(field.width, word >> BigInt(field.at % (unit * 8)));
  return field.width === 1 ? value === 1n : field.width <= 32 ? Number(value) : value;
}

/** The arm that the tag chooses; undefined means raw. */
export function armOf(view: DataView, at: number, base: number, owner: AnyType, type: UnionType): string | undefined {
  const { tag } = type;
  if (tag === undefined) return type.otherwise;
  const place = tagRef(tag, type, owner);
  if (place === undefined) return type.otherwise;
  const value = readRef(view, place.own ? at : base, place.ref);
  return tag.of[tag.mask === undefined ? value : (value & tag.mask) >>> 0] ?? type.otherwise;
}

/** Decodes by walking the declaration: the meaning that generated code must match, and the fallback where code cannot be generated. */
export function interpretDecode(type: AnyType, view: DataView, at: number, cursor: Cursor, lend: boolean): Plain {
  if (at + type.minSize > cursor.end) throw TRUNCATED;
  const value = decodeNode(type, view, at, cursor, lend, type, at);
  if (!type.flexible) cursor.p = at + type.size;
  return value;
}

function decodeNode(
  type: AnyType,
  view: DataView,
  at: number,
  cursor: Cursor,
  lend: boolean,
  owner: AnyType,
  base: number,
): Plain {
  switch (type.kind) {
    case 'scalar':
      return readScalar(view, at, type.scalar);
    case 'atomic':
      return view.getUint32(at, true);
    case 'guid':
      return readGuid(view, at);
    case 'rsvd':
      // Only a struct leaves zeros out; an arm or an element is there whatever it holds.
      return copyBytes(view, at, type.size);
    case 'bytes':
      return lend ? bytesOf(view, at, type.size) : copyBytes(view, at, type.size);
    case 'bits':
      return Object.fromEntries(type.fields.map((f) => [f.name, readBitField(view, at, type, f)]));
    case 'array': {
      const { of, count } = type;
      if (lend && of.kind === 'scalar') return seqOver(of.scalar, view, at, count, true);
      return Array.from({ length: count }, (_, i) =>
        decodeNode(of, view, at + i * of.size, cursor, lend, of, at + i * of.size),
      );
    }
    case 'anon':
      return decodeNode(type.of, view, at, cursor, lend, owner, base);
    case 'struct':
      return decodeStruct(type, view, at, cursor, lend);
    case 'union':
      return decodeUnion(type, view, at, cursor, lend, owner, base);
    case 'rep':
    case 'varhead':
      return decodeList(type, view, at, cursor, lend, owner, base);
  }
}

function decodeStruct(type: StructType, view: DataView, base: number, cursor: Cursor, lend: boolean): object {
  const value: Record<string, unknown> = {};
  const reserved: Record<string, unknown> = {};
  decodeSlots(type, view, base, cursor, lend, value, reserved);
  // Last, as in generated code: objects whose reserved parts are zero then have one shape.
  return Object.assign(value, reserved);
}

function decodeSlots(
  type: StructType,
  view: DataView,
  base: number,
  cursor: Cursor,
  lend: boolean,
  value: Record<string, unknown>,
  reserved: Record<string, unknown>,
): void {
  let open = false;
  for (const { key, anon, offset, type: part } of type.slots) {
    const at = open ? cursor.p : base + offset;
    if (part.kind === 'rsvd') {
      if (!isZero(view, at, part.size)) reserved[key] = copyBytes(view, at, part.size);
    } else if (anon && part.kind === 'struct') decodeSlots(part, view, at, cursor, lend, value, reserved);
    else if (anon && part.kind === 'bits') Object.assign(value, decodeNode(part, view, at, cursor, lend, type, base));
    else value[key] = decodeNode(part, view, at, cursor, lend, type, base);
    open ||= part.flexible;
  }
  if (!open) cursor.p = base + type.size;
}

/** Where the part in slot `index` begins, behind parts of varying size. `base` is the struct's own place. */
export function startOf(type: StructType, index: number, view: DataView, base: number, cursor: Cursor): number {
  let open = false;
  for (const { offset, type: part } of type.slots.slice(0, index)) {
    if (!part.flexible) continue;
    decodeNode(part, view, open ? cursor.p : base + offset, cursor, true, type, base);
    open = true;
  }
  return open ? cursor.p : base + type.slots[index]!.offset;
}

function decodeUnion(
  type: UnionType,
  view: DataView,
  at: number,
  cursor: Cursor,
  lend: boolean,
  owner: AnyType,
  base: number,
): object {
  const arm = armOf(view, at, base, owner, type);
  // A union of open size ends with the bytes; any other was checked with its struct.
  const end = type.flexible ? Math.min(at + type.size, cursor.end) : at + type.size;
  const of = arm === undefined ? undefined : type.arms[arm];
  if (arm === undefined || of === undefined) {
    cursor.p = end;
    return { raw: copyBytes(view, at, end - at) };
  }
  if (at + of.minSize > cursor.end) throw TRUNCATED;
  const value: Record<string, unknown> = { [arm]: decodeNode(of, view, at, cursor, lend, of, at) };
  if (of.flexible) return value;
  const from = at + of.size;
  // Where the bytes end early the tail tells how many there are, be they zero or none.
  if (end < at + type.size || !isZero(view, from, end - from)) value.tail = copyBytes(view, from, end - from);
  cursor.p = end;
  return value;
}

function decodeList(
  type: RepType | VarheadType,
  view: DataView,
  at: number,
  cursor: Cursor,
  lend: boolean,
  owner: AnyType,
  base: number,
): object {
  const { of } = type;
  const end = listEnd(type, cursor);
  const fit = Math.max(0, Math.floor((end - at) / of.minSize));
  const count = Math.min(fit, wantedCount(view, base, owner, type, cursor) ?? fit);
  if (of.kind === 'scalar') {
    cursor.p = at + count * of.size;
    return seqOver(of.scalar, view, at, count, lend);
  }
  const list: Plain[] = [];
  let p = at;
  for (let i = 0; i < count && p + of.minSize <= end; i++) {
    list.push(decodeNode(of, view, p, cursor, lend, of, p));
    p = of.flexible ? cursor.p : p + of.size;
  }
  cursor.p = p;
  return list;
}
