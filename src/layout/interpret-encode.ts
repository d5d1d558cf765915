import { writeGuid } from '../bytes/guid.js';
import { bytesOf, clear } from '../bytes/span.js';
import { requireValue } from './refusal.js';
import { isSeq } from './seq.js';
import type { AnyType, BitsType, StructType, UnionType } from './types.js';

type Dict = Readonly<Record<string, unknown>>;

/** Encodes by walking the declaration: the meaning that generated code must match. Returns one past the last byte. Throws EncodeError. */
export function interpretEncode(type: AnyType, value: unknown, view: DataView, at: number): number {
  requireValue(type, value, view, at);
  return write(type, value, view, at);
}

/** Writes a value that was looked at before. */
function write(type: AnyType, value: unknown, view: DataView, at: number): number {
  const end = at + type.size;
  switch (type.kind) {
    case 'scalar':
    case 'atomic':
      writeWord(view, at, type.size, BigInt(value as number | bigint));
      return end;
    case 'guid':
      writeGuid(view, at, value as string);
      return end;
    case 'rsvd':
      if (value === undefined) {
        clear(view, at, type.size);
        return end;
      }
      bytesOf(view, at, type.size).set(value as Uint8Array);
      return end;
    case 'bytes':
      bytesOf(view, at, type.size).set(value as Uint8Array);
      return end;
    case 'bits':
      writeBits(type, value as Dict, view, at);
      return end;
    case 'array': {
      // Short ones are filled with zeros, so that a reused page keeps no stale byte.
      const written = writeList(type.of, value, view, at);
      clear(view, written, end - written);
      return end;
    }
    case 'anon':
      return write(type.of, value, view, at);
    case 'struct':
      return writeStruct(type, value as Dict, view, at);
    case 'union':
      return writeUnion(type, value as Dict, view, at);
    case 'rep':
    case 'varhead':
      return writeList(type.of, value, view, at);
  }
}

function writeWord(view: DataView, at: number, size: number, integer: bigint): void {
  if (size === 8) view.setBigUint64(at, integer, true);
  else if (size === 4) view.setUint32(at, Number(integer), true);
  else if (size === 2) view.setUint16(at, Number(integer), true);
  else view.setUint8(at, Number(integer));
}

function writeBits(type: BitsType, value: Dict, view: DataView, at: number): void {
  const unit = type.size / type.words;
  const words: bigint[] = Array.from({ length: type.words }, () => 0n);
  for (const field of type.fields) {
    const index = Math.floor(field.at / (unit * 8));
    const given = BigInt((value[field.name] as number | bigint | boolean | undefined) ?? 0);
    words[index] = words[index]! | (given << BigInt(field.at % (unit * 8)));
  }
  words.forEach((word, i) => {
    writeWord(view, at + i * unit, unit, word);
  });
}

function writeList(of: AnyType, value: unknown, view: DataView, at: number): number {
  const list = isSeq(value) ? value.toArray() : (value as ArrayLike<unknown>);
  let p = at;
  for (let i = 0; i < list.length; i++) p = write(of, list[i], view, p);
  return p;
}

function writeStruct(type: StructType, value: Dict, view: DataView, base: number): number {
  let end = base + type.size;
  let open = false;
  for (const slot of type.slots) {
    const flat = slot.anon && slot.type.kind !== 'union';
    const after = write(slot.type, flat ? value : value[slot.key], view, open ? end : base + slot.offset);
    open ||= slot.type.flexible;
    if (open) end = after;
  }
  return end;
}

function writeUnion(type: UnionType, value: Dict, view: DataView, at: number): number {
  const raw = value.raw as Uint8Array | undefined;
  if (raw !== undefined) {
    bytesOf(view, at, raw.length).set(raw);
    return at + raw.length;
  }
  const arm = Object.keys(type.arms).find((key) => value[key] !== undefined)!;
  const of = type.arms[arm]!;
  const end = write(of, value[arm], view, at);
  if (of.flexible) return end;
  // Bytes behind a shorter arm: zeros where no tail is given; the tail of a union of open size ends it.
  const tail = value.tail as Uint8Array | undefined;
  const size = type.flexible && tail !== undefined ? tail.length : type.size - of.size;
  clear(view, end, size);
  if (tail !== undefined) bytesOf(view, end, tail.length).set(tail);
  return end + size;
}
