import { rsvd } from './scalar.js';
import type { AnyType, Slot, StructType } from './types.js';

const MADE = new WeakMap<StructType, Map<number, StructType>>();

/**
 * The first `size` bytes of a struct as a struct of the same name: whole fields as they are, a cut one as plain bytes.
 * For recordings that keep only the head of a structure.
 */
export function prefix(type: StructType, size: number): StructType {
  let sizes = MADE.get(type);
  if (sizes === undefined) MADE.set(type, (sizes = new Map()));
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
    else slots.push({ key: slot.key, anon: false, offset: slot.offset, type: rsvd(left) });
  }
  return { ...type, size, minSize: size, flexible: false, slots };
}
