import type { Cursor } from './cursor.js';
import { explain } from './explain.js';
import { armOf } from './interpret-decode.js';
import { type Limits, listEnd, setCursor, wantedCount } from './limits.js';
import { TRUNCATED } from './markers.js';
import type { AnyType, StructType, UnionType } from './types.js';

const CURSOR: Cursor = { end: 0, varEnd: -1, reps: -1, p: 0 };

/** Bytes that a structure takes up, found without decoding it: only parts of varying size are looked at. Throws DecodeError E_TRUNCATED. */
export function extentAt(type: AnyType, view: DataView, offset: number, limits?: Limits): number {
  setCursor(CURSOR, view, limits);
  try {
    if (offset + type.minSize > CURSOR.end) throw TRUNCATED;
    pass(type, view, offset, CURSOR, type, offset);
  } catch (error) {
    if (error === TRUNCATED || error instanceof RangeError) throw explain(type, view, offset, limits);
    throw error;
  }
  return CURSOR.p - offset;
}

/** Moves the cursor behind the part. */
function pass(type: AnyType, view: DataView, at: number, cursor: Cursor, owner: AnyType, base: number): void {
  if (!type.flexible) {
    cursor.p = at + type.size;
    return;
  }
  switch (type.kind) {
    case 'anon':
      return pass(type.of, view, at, cursor, owner, base);
    case 'struct':
      return passStruct(type, view, at, cursor);
    case 'union':
      return passUnion(type, view, at, cursor, owner, base);
    case 'rep':
    case 'varhead': {
      const { of } = type;
      const end = listEnd(type, cursor);
      const fit = Math.max(0, Math.floor((end - at) / of.minSize));
      const count = Math.min(fit, wantedCount(view, base, owner, type, cursor) ?? fit);
      if (!of.flexible) {
        cursor.p = at + count * of.size;
        return;
      }
      let p = at;
      for (let i = 0; i < count && p + of.minSize <= end; i++) {
        pass(of, view, p, cursor, of, p);
        p = cursor.p;
      }
      cursor.p = p;
      return;
    }
    default:
      cursor.p = at + type.size;
  }
}

function passStruct(type: StructType, view: DataView, base: number, cursor: Cursor): void {
  let open = false;
  for (const { offset, type: part } of type.slots) {
    if (!part.flexible) continue;
    pass(part, view, open ? cursor.p : base + offset, cursor, type, base);
    open = true;
  }
}

function passUnion(type: UnionType, view: DataView, at: number, cursor: Cursor, owner: AnyType, base: number): void {
  const arm = armOf(view, at, base, owner, type);
  const of = arm === undefined ? undefined : type.arms[arm];
  if (of === undefined) {
    cursor.p = Math.min(at + type.size, cursor.end);
    return;
  }
  if (at + of.minSize > cursor.end) throw TRUNCATED;
  if (of.flexible) pass(of, view, at, cursor, of, at);
  else cursor.p = Math.min(at + type.size, cursor.end);
}
