import { EncodeError, type ErrorCode } from '../bytes/errors.js';
import { isGuidText } from '../bytes/guid.js';
import { isListLike, isSeq } from './seq.js';
import { type AnyType, type BitsType, type ScalarType, type StructType, titleOf, type UnionType } from './types.js';

/** What is being looked at: the area, the struct by name, and where it begins. */
interface Look {
  readonly view: DataView;
  readonly struct: string;
  readonly start: number;
}

type Dict = Readonly<Record<string, unknown>>;

/** Throws EncodeError, with path and offset, where `value` cannot be written at `at`; else returns one past its last byte. */
export function requireValue(type: AnyType, value: unknown, view: DataView, at: number): number {
  return look({ view, struct: titleOf(type), start: at }, type, value, at, '');
}

function refuse(l: Look, code: ErrorCode, path: string, at: number, what: string): never {
  throw new EncodeError(code, what, { struct: l.struct, path, offset: at - l.start });
}

function wrongType(l: Look, path: string, at: number, takes: string, value: unknown): never {
  if (value === undefined) refuse(l, 'E_MISSING', path, at, 'is missing');
  refuse(l, 'E_TYPE', path, at, `takes ${takes}, got ${shown(value)}`);
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
const shown = (value: unknown): string =>
  typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : String(value);

function room(l: Look, path: string, at: number, size: number): void {
  const left = Math.max(0, l.view.byteLength - at);
  if (left < size) refuse(l, 'E_LENGTH', path, at, `needs ${size} bytes, the area has ${left} left`);
}

function look(l: Look, type: AnyType, value: unknown, at: number, path: string): number {
  const end = at + type.size;
  switch (type.kind) {
    case 'rep':
    case 'varhead':
      return lookAtList(l, type.of, requireList(l, value, at, path), at, path);
    case 'anon':
      return look(l, type.of, value, at, path);
    default:
      room(l, path, at, type.flexible ? 0 : type.size);
  }
  switch (type.kind) {
    case 'scalar':
    case 'atomic':
      lookAtScalar(l, type, value, at, path);
      return end;
    case 'guid':
      if (typeof value !== 'string' || !isGuidText(value)) wrongType(l, path, at, 'GUID text', value);
      return end;
    case 'rsvd':
      if (value !== undefined) lookAtBytes(l, value, type.size, at, path);
      return end;
    case 'bytes':
      lookAtBytes(l, value, type.size, at, path);
      return end;
    case 'array': {
      const list = requireList(l, value, at, path);
      if (list.length > type.count)
        refuse(l, 'E_LENGTH', path, at, `takes at most ${type.count} elements, got ${list.length}`);
      lookAtList(l, type.of, list, at, path);
      return end;
    }
    default:
      break;
  }
  if (typeof value !== 'object' || value === null) wrongType(l, path, at, 'an object', value);
  if (type.kind === 'union') return lookAtUnion(l, type, value as Dict, at, path);
  if (type.kind === 'struct') return lookAtStruct(l, type, value as Dict, at, path);
  lookAtBits(l, type, value as Dict, at, path);
  return end;
}

function lookAtScalar(l: Look, type: Pick<ScalarType, 'scalar'>, value: unknown, at: number, path: string): void {
  const bits = Number(type.scalar.slice(1));
  const takes = bits === 64 ? 'bigint' : 'number';
  if (typeof value !== takes) wrongType(l, path, at, `a ${takes}`, value);
  const cut = type.scalar[0] === 'i' ? BigInt.asIntN : BigInt.asUintN;
  const integer = typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value as number | bigint) : undefined;
  if (integer === undefined || cut(bits, integer) !== integer)
    refuse(l, 'E_RANGE', path, at, `${shown(value)} is no ${type.scalar}`);
}

function lookAtBytes(l: Look, value: unknown, size: number, at: number, path: string): void {
  if (!(value instanceof Uint8Array)) wrongType(l, path, at, 'a Uint8Array', value);
  if (value.length !== size) refuse(l, 'E_LENGTH', path, at, `takes ${size} bytes, got ${value.length}`);
}

function lookAtBits(l: Look, type: BitsType, value: Dict, at: number, path: string): void {
  for (const field of type.fields) {
    const given = value[field.name];
    if (given === undefined && field.reserved) continue;
    const where = join(path, field.name);
    const takes = field.width > 32 ? 'bigint' : 'number';
    if (typeof given !== takes && !(field.width === 1 && typeof given === 'boolean'))
      wrongType(l, where, at, field.width === 1 ? 'a boolean' : `a ${takes}`, given);
    if (typeof given === 'number' && !Number.isInteger(given))
      refuse(l, 'E_RANGE', where, at, `${shown(given)} is no integer`);
    const big = BigInt(given as number | bigint | boolean);
    if (BigInt.asUintN(field.width, big) !== big)
      refuse(l, 'E_RANGE', where, at, `${shown(given)} does not fit ${field.width} bits`);
  }
}

function requireList(l: Look, value: unknown, at: number, path: string): ArrayLike<unknown> {
  if (isSeq(value)) return value.toArray();
  if (!isListLike(value)) wrongType(l, path, at, 'a list', value);
  return value;
}

function lookAtList(l: Look, of: AnyType, list: ArrayLike<unknown>, at: number, path: string): number {
  let p = at;
  for (let i = 0; i < list.length; i++) p = look(l, of, list[i], p, `${path}[${i}]`);
  return p;
}

function lookAtStruct(l: Look, type: StructType, value: Dict, base: number, path: string): number {
  room(l, path, base, type.minSize);
  let end = base + type.size;
  let open = false;
  for (const slot of type.slots) {
    const flat = slot.anon && slot.type.kind !== 'union';
    const at = open ? end : base + slot.offset;
    const after = look(l, slot.type, flat ? value : value[slot.key], at, flat ? path : join(path, slot.key));
    open ||= slot.type.flexible;
    if (open) end = after;
  }
  return end;
}

function lookAtUnion(l: Look, type: UnionType, value: Dict, at: number, path: string): number {
  const known = [...Object.keys(type.arms), 'raw'];
  const given = known.filter((key) => value[key] !== undefined);
  const [arm] = given;
  if (given.length !== 1 || arm === undefined) {
    const got = given.length > 1 ? given : Object.keys(value);
    refuse(l, 'E_ARM', path, at, `takes exactly one of ${known.join(', ')}; got ${got.join(', ') || 'none'}`);
  }
  const where = join(path, arm);
  if (arm === 'raw') {
    const { raw } = value;
    if (!type.flexible || !(raw instanceof Uint8Array) || raw.length > type.size) {
      lookAtBytes(l, raw, type.size, at, where);
      return at + type.size;
    }
    room(l, path, at, raw.length);
    return at + raw.length;
  }
  const of = type.arms[arm]!;
  const end = look(l, of, value[arm], at, where);
  return of.flexible ? end : lookAtTail(l, type, of.size, value.tail, at, path);
}

/** Bytes behind a shorter arm. */
function lookAtTail(l: Look, type: UnionType, armSize: number, tail: unknown, at: number, path: string): number {
  const from = at + armSize;
  const left = type.size - armSize;
  const where = join(path, 'tail');
  if (tail !== undefined && !(tail instanceof Uint8Array)) wrongType(l, where, from, 'a Uint8Array', tail);
  if (tail !== undefined && tail.length > left)
    refuse(l, 'E_LENGTH', where, from, `takes at most ${left} bytes, got ${tail.length}`);
  // The tail of a union of open size ends it.
  const size = type.flexible && tail !== undefined ? tail.length : left;
  room(l, where, from, size);
  return from + size;
}
