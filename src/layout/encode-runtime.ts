import { bytesOf } from '../bytes/span.js';
import { REFUSED } from './markers.js';
import { isListLike, isSeq } from './seq.js';

// What generated encoders call.

export function refuse(): never {
  throw REFUSED;
}

export function putBytes(view: DataView, at: number, value: unknown, size: number): void {
  if (!(value instanceof Uint8Array) || value.length !== size) refuse();
  bytesOf(view, at, size).set(value);
}

/** Copies a list that already is wire bytes; returns one past its last byte. */
export function putWire(view: DataView, at: number, bytes: Uint8Array): number {
  bytesOf(view, at, bytes.length).set(bytes);
  return at + bytes.length;
}

/** Writes a list of u64; returns one past its last byte. */
export function putU64s(view: DataView, at: number, value: unknown): number {
  const list = elements(value) as ArrayLike<bigint>;
  const { length } = list;
  for (let i = 0; i < length; i++) {
    const v = list[i]!;
    if (typeof v !== 'bigint' || v < 0n || v > 0xffffffffffffffffn) refuse();
    view.setBigUint64(at + i * 8, v, true);
  }
  return at + length * 8;
}

export function elements(value: unknown): ArrayLike<unknown> {
  if (isSeq(value)) return value.toArray();
  if (!isListLike(value)) refuse();
  return value;
}
