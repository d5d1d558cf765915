import { LayoutError } from '../bytes/errors.js';
import { type AnyType, type StructType, titleOf } from './types.js';

/** A value that a tag or a count rule reads: a scalar, or a bit-field of a word, at a fixed place. */
export interface Ref {
  /** Bytes from the start of the struct (or union) that the path begins in. */
  readonly offset: number;
  /** Size of the word in bytes. */
  readonly size: number;
  /** Bits taken from the word; the whole word when absent. */
  readonly at?: number;
  readonly width?: number;
}

/** Resolves a dotted path to a fixed place. Throws LayoutError E_LAYOUT_TAG; `user` is the field that refers. */
export function resolveRef(owner: AnyType, path: string, user: string): Ref {
  const ref = find(owner, path.split('.'), 0);
  if (ref === undefined) {
    const struct = titleOf(owner);
    throw new LayoutError('E_LAYOUT_TAG', `${JSON.stringify(path)} is no scalar or bit-field of this struct`, {
      struct,
      path: user,
    });
  }
  return ref;
}

function find(type: AnyType, path: readonly string[], offset: number): Ref | undefined {
  const [head, ...rest] = path;
  switch (type.kind) {
    case 'anon':
      return find(type.of, path, offset);
    case 'scalar':
    case 'atomic':
      return head === undefined ? { offset, size: type.size } : undefined;
    case 'bits': {
      if (head === undefined) return { offset, size: type.size };
      const field = type.fields.find((f) => f.name === head);
      if (field === undefined || rest.length > 0) return undefined;
      // A narrow reading of the bytes that hold the field keeps 64-bit words out of bigint.
      const from = Math.floor(field.at / 8 / 4) * 4;
      return {
        offset: offset + from,
        size: Math.min(4, type.size - from),
        at: field.at - from * 8,
        width: field.width,
      };
    }
    case 'union': {
      const arm = head === undefined ? undefined : type.arms[head];
      return arm === undefined ? undefined : find(arm, rest, offset);
    }
    case 'struct':
      return findSlot(type, path, offset);
    default:
      return undefined;
  }
}

function findSlot(type: StructType, path: readonly string[], offset: number): Ref | undefined {
  const [head, ...rest] = path;
  for (const slot of type.slots) {
    if (slot.key === head) return find(slot.type, rest, offset + slot.offset);
    if (slot.anon && slot.type.kind !== 'union') {
      const inner = find(slot.type, path, offset + slot.offset);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}
