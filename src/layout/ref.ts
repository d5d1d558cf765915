import { LayoutError } from '../bytes/errors.js';
import { type AnyType, type StructType, titleOf, type UnionTag, type UnionType } from './types.js';

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

// The interpreter asks for the same few places at every value.
const FOUND = new WeakMap<AnyType, Map<string, Ref>>();

/** Resolves a dotted path to a fixed place. Throws LayoutError E_LAYOUT_TAG; `user` is the field that refers. */
export function resolveRef(owner: AnyType, path: string, user: string): Ref {
  let places = FOUND.get(owner);
  const known = places?.get(path);
  if (known !== undefined) return known;
  const ref = find(owner, path.split('.'), 0);
  if (ref === undefined) {
    const struct = titleOf(owner);
    throw new LayoutError('E_LAYOUT_TAG', `${JSON.stringify(path)} is no scalar or short bit-field of this struct`, {
      struct,
      path: user,
    });
  }
  if (places === undefined) {
    places = new Map();
    FOUND.set(owner, places);
  }
  places.set(path, ref);
  return ref;
}

/** True where a path can be resolved. */
export function resolves(owner: AnyType, path: string): boolean {
  return find(owner, path.split('.'), 0) !== undefined;
}

/** True where the tag stands in the union's own arms. */
export function isOwnTag(union: UnionType, tag: UnionTag): boolean {
  return Object.hasOwn(union.arms, tag.by.split('.')[0]!);
}

/** As resolveRef, and every tag value can occur. `owner` is the union for a tag of its own. */
export function resolveTag(owner: AnyType, tag: UnionTag, user: string): Ref {
  const ref = resolveRef(owner, tag.by, user);
  const most = 2 ** Math.min(ref.width ?? ref.size * 8, 32) - 1;
  for (const value of Object.keys(tag.of).map(Number)) {
    const seen = Number.isInteger(value) && value >= 0 && value <= most;
    if (!seen || (tag.mask !== undefined && (value & tag.mask) >>> 0 !== value))
      throw new LayoutError('E_LAYOUT_TAG', `${JSON.stringify(tag.by)} never is ${value}`, {
        struct: titleOf(owner),
        path: user,
      });
  }
  return ref;
}

/** Throws LayoutError E_LAYOUT_TAG where a list's element or a union's arm refers to a sibling: it has none. */
export function checkAlone(part: AnyType, struct: string, path: string): void {
  const type = part.kind === 'anon' ? part.of : part;
  const refers =
    type.kind === 'union'
      ? type.tag !== undefined && !isOwnTag(type, type.tag)
      : (type.kind === 'rep' || type.kind === 'varhead') && type.count !== undefined;
  if (refers) throw new LayoutError('E_LAYOUT_TAG', 'refers to a sibling, but stands in no struct', { struct, path });
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
      const size = Math.min(4, type.size / type.words);
      const from = Math.floor(field.at / 8 / size) * size;
      const at = field.at - from * 8;
      return at + field.width > size * 8 ? undefined : { offset: offset + from, size, at, width: field.width };
    }
    case 'union': {
      const arm = head !== undefined && Object.hasOwn(type.arms, head) ? type.arms[head] : undefined;
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
