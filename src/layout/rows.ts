import type { AnyType, BitsType, Slot, UnionType } from './types.js';

/** One member as C sees it, in the terms of a debugger's type information. */
export interface LayoutRow {
  /** Dotted C path; anonymous structs and unions add nothing. */
  readonly path: string;
  readonly bitOffset: number;
  /** Total bits; 0 for a flexible array. */
  readonly bitSize: number;
  readonly kind: 'int' | 'enum' | 'struct' | 'union' | 'guid' | 'flexible-array';
  /** Elements of an array. */
  readonly count?: number;
  /** C name of the member's own type, where it has one. */
  readonly type?: string;
}

const dot = (prefix: string, key: string): string => (prefix === '' ? key : `${prefix}.${key}`);

/** Every member of a struct, union or bits: arms and bit-fields one row each, an array one row, a named type one row and its leaves. */
export function rows(type: AnyType): LayoutRow[] {
  const out: LayoutRow[] = [];
  members(type, 0, '', out);
  return out;
}

/** The members of an aggregate without a row of its own. */
function members(type: AnyType, bit: number, prefix: string, out: LayoutRow[]): void {
  if (type.kind === 'anon') members(type.of, bit, prefix, out);
  else if (type.kind === 'struct') for (const slot of type.slots) slotRows(slot, bit + slot.offset * 8, prefix, out);
  else if (type.kind === 'union') armRows(type, bit, prefix, out);
  else if (type.kind === 'bits') bitRows(type, bit, prefix, out);
}

function slotRows(slot: Slot, bit: number, prefix: string, out: LayoutRow[]): void {
  if (slot.anon) members(slot.type, bit, prefix, out);
  else member(slot.key, slot.type, bit, prefix, out);
}

function armRows(type: UnionType, bit: number, prefix: string, out: LayoutRow[]): void {
  for (const [arm, of] of Object.entries(type.arms)) {
    if (of.kind === 'anon') members(of.of, bit, prefix, out);
    else member(arm, of, bit, prefix, out);
  }
}

function bitRows(type: BitsType, bit: number, prefix: string, out: LayoutRow[]): void {
  const inner = type.group === undefined ? prefix : dot(prefix, type.group);
  for (const field of type.fields) {
    if (field.implicit) continue;
    out.push({ path: dot(inner, field.name), bitOffset: bit + field.at, bitSize: field.width, kind: 'int' });
  }
  if (type.wordName !== undefined) {
    out.push({
      path: dot(prefix, type.wordName),
      bitOffset: bit,
      bitSize: type.size * 8,
      kind: 'int',
      ...(type.words > 1 ? { count: type.words } : {}),
    });
  }
}

function aggregateKind(type: AnyType): 'struct' | 'union' {
  return type.kind === 'union' || (type.kind === 'bits' && type.wordName !== undefined) ? 'union' : 'struct';
}

function elementKind(type: AnyType): LayoutRow['kind'] {
  if (type.kind === 'guid') return 'guid';
  if (type.kind === 'scalar') return type.cEnum ? 'enum' : 'int';
  return type.kind === 'struct' || type.kind === 'union' || type.kind === 'bits' ? aggregateKind(type) : 'int';
}

function typeName(type: AnyType): { type?: string } {
  if ('name' in type && type.name) return { type: type.name };
  if (type.kind === 'atomic') return { type: type.scalar };
  if (type.kind === 'scalar') return { type: type.cEnum ? type.enumeration!.name : type.scalar };
  return {};
}

function member(key: string, type: AnyType, bit: number, prefix: string, out: LayoutRow[]): void {
  const path = dot(prefix, key);
  const row = (kind: LayoutRow['kind'], bits: number, more: { count?: number; type?: string } = {}): void => {
    out.push({ path, bitOffset: bit, bitSize: bits, kind, ...more });
  };
  switch (type.kind) {
    case 'rsvd':
      if (!type.implicit)
        row('int', type.size * 8, {
          ...(type.count > 1 ? { count: type.count } : {}),
          type: `u${type.elementSize * 8}`,
        });
      return;
    case 'bytes':
      row('int', type.size * 8, { count: type.count, type: 'u8' });
      return;
    case 'array':
      row(elementKind(type.of), type.size * 8, { count: type.count, ...typeName(type.of) });
      return;
    case 'rep':
    case 'varhead':
      if (type.declared > 0) row(elementKind(type.of), type.size * 8, { count: type.declared, ...typeName(type.of) });
      else row('flexible-array', 0, typeName(type.of));
      return;
    case 'struct':
    case 'union':
    case 'bits':
      // A member of anonymous type has no row: only what is inside it.
      if (type.name) row(aggregateKind(type), type.size * 8, { type: type.name });
      members(type, bit, path, out);
      return;
    case 'anon':
      members(type.of, bit, path, out);
      return;
    default:
      row(elementKind(type), type.size * 8, typeName(type));
  }
}
