import type { AnyType, NamedType } from '../../layout/types.js';

/** The keyword and name that C writes for a type of its own; undefined for anonymous aggregates. */
export function cTypeName(type: AnyType): string | undefined {
  switch (type.kind) {
    case 'scalar':
      if (type.cEnum && type.enumeration) return `enum ${type.enumeration.name}`;
      return type.scalar.replace(/^i/, 's');
    case 'atomic':
      return type.scalar;
    case 'guid':
      return 'guid_t';
    case 'bytes':
      return 'u8';
    case 'rsvd':
      return `u${type.elementSize * 8}`;
    case 'array':
    case 'rep':
    case 'varhead':
    case 'anon':
      return cTypeName(type.of);
    default:
      return type.name === '' ? undefined : `${keywordOf(type)} ${type.name}`;
  }
}

/** `union` also for bits that C overlays with their whole word. */
export function keywordOf(type: NamedType): 'struct' | 'union' {
  return type.kind === 'union' || (type.kind === 'bits' && type.wordName !== undefined) ? 'union' : 'struct';
}

/** What stands behind the name of a member: `[4]`, `[]`. */
export function dimensionOf(type: AnyType): string {
  switch (type.kind) {
    case 'rsvd':
      return type.count > 1 ? `[${type.count}]` : '';
    case 'bytes':
    case 'array':
      return `[${type.count}]`;
    case 'rep':
    case 'varhead':
      return type.declared > 0 ? `[${type.declared}]` : '[]';
    default:
      return '';
  }
}

/** The element of an array, or the type itself. */
export function elementOf(type: AnyType): AnyType {
  return type.kind === 'array' || type.kind === 'rep' || type.kind === 'varhead' || type.kind === 'anon'
    ? elementOf(type.of)
    : type;
}
