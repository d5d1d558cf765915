import type { AnyType, BitsType } from '../layout/types.js';

/** A bit-field of a type itself, not of a named type inside it. */
export interface OwnBitField {
  /** Dotted C path. */
  readonly path: string;
  /** From the start of the type. */
  readonly bitOffset: number;
  readonly bitSize: number;
}

const dot = (prefix: string, key: string): string => (prefix === '' ? key : `${prefix}.${key}`);

/** The bit-fields that a type declares, with their C paths; layout rows do not tell them from whole members. */
export function ownBitFields(type: AnyType): OwnBitField[] {
  return inside(type, 0, '');
}

function inside(type: AnyType, bit: number, path: string): OwnBitField[] {
  switch (type.kind) {
    case 'anon':
      return inside(type.of, bit, path);
    case 'bits':
      return fieldsOf(type, bit, path);
    case 'struct':
      return type.slots.flatMap((slot) => member(slot.type, slot.anon, bit + slot.offset * 8, path, slot.key));
    case 'union':
      return Object.entries(type.arms).flatMap(([arm, of]) => member(of, of.kind === 'anon', bit, path, arm));
    default:
      return [];
  }
}

function member(type: AnyType, anonymous: boolean, bit: number, path: string, key: string): OwnBitField[] {
  if (anonymous) return inside(type, bit, path);
  return 'name' in type && type.name !== '' ? [] : inside(type, bit, dot(path, key));
}

function fieldsOf(type: BitsType, bit: number, path: string): OwnBitField[] {
  const inner = type.group === undefined ? path : dot(path, type.group);
  return type.fields
    .filter((field) => !field.implicit)
    .map((field) => ({ path: dot(inner, field.name), bitOffset: bit + field.at, bitSize: field.width }));
}
