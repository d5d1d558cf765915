import { isListLike } from './seq.js';
import type { AnyType } from './types.js';

/** Bytes that encode writes for `value`: sizeof, or more or less where the tail is open. A malformed value counts as little as possible. */
export function sizeOf(type: AnyType, value: unknown): number {
  return type.flexible ? extent(type, value) : type.size;
}

function extent(type: AnyType, value: unknown): number {
  if (!type.flexible) return type.size;
  const part = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  switch (type.kind) {
    case 'anon':
      return extent(type.of, value);
    case 'rep':
    case 'varhead': {
      if (!isListLike(value)) return 0;
      if (!type.of.flexible) return value.length * type.of.size;
      let bytes = 0;
      for (let i = 0; i < value.length; i++) bytes += extent(type.of, value[i]);
      return bytes;
    }
    case 'struct': {
      let end = 0;
      let open = false;
      for (const slot of type.slots) {
        const inner = slot.anon && slot.type.kind !== 'union' ? value : part[slot.key];
        end = (open ? end : slot.offset) + extent(slot.type, inner);
        open ||= slot.type.flexible;
      }
      return end;
    }
    case 'union': {
      if (part.raw instanceof Uint8Array) return part.raw.length;
      for (const [arm, of] of Object.entries(type.arms)) {
        if (part[arm] === undefined) continue;
        if (of.flexible) return extent(of, part[arm]);
        return part.tail instanceof Uint8Array ? of.size + part.tail.length : type.size;
      }
      return type.size;
    }
    default:
      return type.size;
  }
}
