import { EncodeError, type ErrorCode } from '../bytes/errors.js';
import { guidToBytes, isGuidText } from '../bytes/guid.js';
import { bytesOf, clear } from '../bytes/span.js';
import { isListLike, isSeq } from './seq.js';
import {
  type AnyType,
  type BitsType,
  type RepType,
  type ScalarType,
  type StructType,
  titleOf,
  type UnionType,
  type VarheadType,
} from './types.js';

interface Writer {
  readonly view: DataView;
  readonly struct: string;
  readonly start: number;
  /** One past what was written last. */
  p: number;
}

type Dict = Readonly<Record<string, unknown>>;

/** Encodes by walking the declaration; slower than generated code, and the one that says what is wrong with a value. Returns one past the last byte. */
export function interpretEncode(type: AnyType, value: unknown, view: DataView, at: number): number {
  const writer: Writer = { view, struct: titleOf(type), start: at, p: at };
  write(type, value, writer, at, '');
  return writer.p;
}

function refuse(w: Writer, code: ErrorCode, path: string, at: number, what: string): never {
  throw new EncodeError(code, what, { struct: w.struct, path, offset: at - w.start });
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
const shown = (value: unknown): string =>
  typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : String(value);

function room(w: Writer, path: string, at: number, size: number): void {
  if (at + size > w.view.byteLength)
    refuse(w, 'E_LENGTH', path, at, `needs ${size} bytes, the area has ${Math.max(0, w.view.byteLength - at)} left`);
}

function write(type: AnyType, value: unknown, w: Writer, at: number, path: string): void {
  if (type.kind !== 'rep' && type.kind !== 'varhead') room(w, path, at, type.flexible ? 0 : type.size);
  w.p = at + type.size;
  switch (type.kind) {
    case 'scalar':
      return writeScalar(type, value, w, at, path);
    case 'atomic':
      return writeScalar({ scalar: 'u32' }, value, w, at, path);
    case 'guid':
      if (typeof value !== 'string' || !isGuidText(value))
        refuse(w, value === undefined ? 'E_MISSING' : 'E_TYPE', path, at, `takes GUID text, got ${shown(value)}`);
      bytesOf(w.view, at, 16).set(guidToBytes(value));
      return;
    case 'rsvd':
      if (value === undefined) clear(w.view, at, type.size);
      else writeBytes(value, type.size, w, at, path);
      return;
    case 'bytes':
      return writeBytes(value, type.size, w, at, path);
    case 'bits':
      return writeBits(type, dict(value, w, at, path), w, at, path);
    case 'array':
      return writeArray(type.of, type.count, value, w, at, path);
    case 'anon':
      return write(type.of, value, w, at, path);
    case 'struct':
      return writeStruct(type, dict(value, w, at, path), w, at, path);
    case 'union':
      return writeUnion(type, dict(value, w, at, path), w, at, path);
    case 'rep':
    case 'varhead':
      return writeList(type, value, w, at, path);
  }
}

function dict(value: unknown, w: Writer, at: number, path: string): Dict {
  if (value === undefined) refuse(w, 'E_MISSING', path, at, 'is missing');
  if (typeof value !== 'object' || value === null)
    refuse(w, 'E_TYPE', path, at, `takes an object, got ${shown(value)}`);
  return value as Dict;
}

function writeScalar(type: Pick<ScalarType, 'scalar'>, value: unknown, w: Writer, at: number, path: string): void {
  const bits = Number(type.scalar.slice(1));
  const signed = type.scalar[0] === 'i';
  if (value === undefined) refuse(w, 'E_MISSING', path, at, 'is missing');
  if (bits === 64) {
    if (typeof value !== 'bigint') refuse(w, 'E_TYPE', path, at, `takes a bigint, got ${shown(value)}`);
    if ((signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) !== value)
      refuse(w, 'E_RANGE', path, at, `${shown(value)} is no ${type.scalar}`);
    if (signed) w.view.setBigInt64(at, value, true);
    else w.view.setBigUint64(at, value, true);
    return;
  }
  if (typeof value !== 'number') refuse(w, 'E_TYPE', path, at, `takes a number, got ${shown(value)}`);
  const [low, high] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  if (!Number.isInteger(value) || value < low || value > high)
    refuse(w, 'E_RANGE', path, at, `${shown(value)} is no ${type.scalar}`);
  if (bits === 8) w.view.setUint8(at, value);
  else if (bits === 16) w.view.setUint16(at, value, true);
  else w.view.setUint32(at, value, true);
}

function writeBytes(value: unknown, size: number, w: Writer, at: number, path: string): void {
  if (value === undefined) refuse(w, 'E_MISSING', path, at, 'is missing');
  if (!(value instanceof Uint8Array)) refuse(w, 'E_TYPE', path, at, `takes a Uint8Array, got ${shown(value)}`);
  if (value.length !== size) refuse(w, 'E_LENGTH', path, at, `takes ${size} bytes, got ${value.length}`);
  bytesOf(w.view, at, size).set(value);
}

function writeBits(type: BitsType, value: Dict, w: Writer, at: number, path: string): void {
  const unit = type.size / type.words;
  const words: bigint[] = Array.from({ length: type.words }, () => 0n);
  for (const field of type.fields) {
    const given = value[field.name];
    const where = join(path, field.name);
    if (given === undefined && field.reserved) continue;
    if (given === undefined) refuse(w, 'E_MISSING', where, at, 'is missing');
    const wide = field.width > 32;
    if (typeof given !== (wide ? 'bigint' : 'number') && !(field.width === 1 && typeof given === 'boolean')) {
      refuse(
        w,
        'E_TYPE',
        where,
        at,
        `takes a ${field.width === 1 ? 'boolean' : wide ? 'bigint' : 'number'}, got ${shown(given)}`,
      );
    }
    if (typeof given === 'number' && !Number.isInteger(given))
      refuse(w, 'E_RANGE', where, at, `${shown(given)} is no integer`);
    const big = BigInt(given as number | bigint | boolean);
    if (BigInt.asUintN(field.width, big) !== big)
      refuse(w, 'E_RANGE', where, at, `${shown(given)} does not fit ${field.width} bits`);
    const index = Math.floor(field.at / (unit * 8));
    words[index] = words[index]! | (big << BigInt(field.at % (unit * 8)));
  }
  words.forEach((word, i) => {
    const scalar = unit === 8 ? 'u64' : unit === 4 ? 'u32' : unit === 2 ? 'u16' : 'u8';
    writeScalar({ scalar }, unit === 8 ? word : Number(word), w, at + i * unit, path);
  });
}

function elements(value: unknown, w: Writer, at: number, path: string): ArrayLike<unknown> {
  if (value === undefined) refuse(w, 'E_MISSING', path, at, 'is missing');
  if (isSeq(value)) return value.toArray();
  if (!isListLike(value)) refuse(w, 'E_TYPE', path, at, `takes a list, got ${shown(value)}`);
  return value;
}

function writeArray(of: AnyType, count: number, value: unknown, w: Writer, at: number, path: string): void {
  const list = elements(value, w, at, path);
  if (list.length > count) refuse(w, 'E_LENGTH', path, at, `takes at most ${count} elements, got ${list.length}`);
  for (let i = 0; i < list.length; i++) write(of, list[i], w, at + i * of.size, `${path}[${i}]`);
  // Short ones are filled with zeros, so that a reused page keeps no stale byte.
  clear(w.view, at + list.length * of.size, (count - list.length) * of.size);
  w.p = at + count * of.size;
}

function writeList(type: RepType | VarheadType, value: unknown, w: Writer, at: number, path: string): void {
  const list = elements(value, w, at, path);
  let p = at;
  for (let i = 0; i < list.length; i++) {
    write(type.of, list[i], w, p, `${path}[${i}]`);
    p = type.of.flexible ? w.p : p + type.of.size;
  }
  w.p = p;
}

function writeStruct(type: StructType, value: Dict, w: Writer, base: number, path: string): void {
  room(w, path, base, type.minSize);
  let open = false;
  for (const slot of type.slots) {
    const flat = slot.anon && slot.type.kind !== 'union';
    write(
      slot.type,
      flat ? value : value[slot.key],
      w,
      open ? w.p : base + slot.offset,
      flat ? path : join(path, slot.key),
    );
    open ||= slot.type.flexible;
  }
  if (!open) w.p = base + type.size;
}

function writeUnion(type: UnionType, value: Dict, w: Writer, at: number, path: string): void {
  const known = [...Object.keys(type.arms), 'raw'];
  const given = known.filter((key) => value[key] !== undefined);
  const [arm] = given;
  if (given.length !== 1 || arm === undefined) {
    const got = given.length > 1 ? given : Object.keys(value);
    refuse(w, 'E_ARM', path, at, `takes exactly one of ${known.join(', ')}; got ${got.join(', ') || 'none'}`);
  }
  if (arm === 'raw') {
    const { raw } = value;
    if (type.flexible && raw instanceof Uint8Array && raw.length <= type.size) {
      room(w, path, at, raw.length);
      bytesOf(w.view, at, raw.length).set(raw);
      w.p = at + raw.length;
    } else writeBytes(raw, type.size, w, at, join(path, 'raw'));
    return;
  }
  const of = type.arms[arm]!;
  write(of, value[arm], w, at, join(path, arm));
  if (of.flexible) return;
  writeTail(type, of, value.tail, w, at, path);
}

/** Bytes behind a shorter arm: zeros where no tail is given. */
function writeTail(type: UnionType, of: AnyType, tail: unknown, w: Writer, at: number, path: string): void {
  const from = at + of.size;
  const left = type.size - of.size;
  const where = join(path, 'tail');
  if (tail !== undefined && !(tail instanceof Uint8Array))
    refuse(w, 'E_TYPE', where, from, `takes a Uint8Array, got ${shown(tail)}`);
  if (tail !== undefined && tail.length > left)
    refuse(w, 'E_LENGTH', where, from, `takes at most ${left} bytes, got ${tail.length}`);
  // The tail of a union of open size ends it.
  const size = type.flexible && tail !== undefined ? tail.length : left;
  room(w, where, from, size);
  clear(w.view, from, size);
  if (tail !== undefined) bytesOf(w.view, from, tail.length).set(tail);
  w.p = from + size;
}
