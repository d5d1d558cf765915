import type { EnumMeta, ScalarType } from './types.js';

/** The constant for a value; constants may be kept as numbers where the field is wide, or the other way round. */
export function nameOf(enumeration: EnumMeta, value: number | bigint): string | undefined {
  const { names } = enumeration;
  const exact = names.get(value);
  if (exact !== undefined) return exact;
  const other = typeof value === 'number' ? BigInt(value) : Number(value);
  return BigInt(other) === BigInt(value) ? names.get(other) : undefined;
}

/** Symbolic name of a scalar's value: the constant, or `A | B | 0x10` for flag words; undefined where nothing names it. */
export function symbolOf(type: ScalarType, value: number | bigint): string | undefined {
  const { enumeration } = type;
  if (enumeration === undefined) return undefined;
  const exact = nameOf(enumeration, value);
  if (exact !== undefined || !type.flags) return exact;
  let left = BigInt(value);
  const parts: string[] = [];
  for (const [bit, name] of enumeration.names) {
    const mask = BigInt(bit);
    if (mask !== 0n && (left & mask) === mask) {
      parts.push(name);
      left &= ~mask;
    }
  }
  if (parts.length === 0) return undefined;
  return left === 0n ? parts.join(' | ') : `${parts.join(' | ')} | 0x${left.toString(16)}`;
}
