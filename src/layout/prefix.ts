import { withEngines } from './engines.js';
import { isOwnTag, resolves } from './ref.js';
import { bytes } from './scalar.js';
import type { AnyType, Slot, StructType } from './types.js';

const MADE = new WeakMap<StructType, Map<number, StructType>>();

/**
 * The first `size` bytes of a struct as a struct of the same name: whole fields as they are, a cut one as plain bytes.
 * For recordings that keep only the head of a structure.
 */
export function prefix(type: StructType, size: number): StructType {
  if (size >= type.size && !type.flexible) return type;
  let sizes = MADE.get(type);
  if (sizes === undefined) {
    sizes = new Map();
    MADE.set(type, sizes);
  }
  let made = sizes.get(size);
  if (made === undefined) {
    made = cut(type, size);
    sizes.set(size, made);
  }
  return made;
}

function cut(type: StructType, size: number): StructType {
  const slots: Slot[] = [];
  for (const slot of type.slots) {
    if (slot.offset >= size) break;
    const left = size - slot.offset;
    const whole: AnyType = slot.type;
    if (whole.size <= left && !whole.flexible) slots.push(slot);
    else if (whole.kind === 'struct') slots.push({ ...slot, type: prefix(whole, left) });
    else slots.push({ key: slot.key, anon: false, offset: slot.offset, type: bytes(left) });
    // A list takes all that is left.
    if (whole.flexible) break;
  }
  const made: StructType = { ...type, size, minSize: size, flexible: false, slots, code: undefined };
  return withEngines({ ...made, slots: slots.map((slot) => withoutLostTag(made, slot)) });
}

/** A union whose tag was cut off is plain bytes. */
function withoutLostTag(owner: StructType, slot: Slot): Slot {
  const { type } = slot;
  if (type.kind !== 'union' || type.tag === undefined || isOwnTag(type, type.tag)) return slot;
  return resolves(owner, type.tag.by) ? slot : { ...slot, anon: false, type: bytes(type.size) };
}
