import { hexNumber } from '../bytes/hex.js';
import { describe, type FieldNode } from '../layout/describe.js';
import type { EnumMeta, NamedType } from '../layout/types.js';

/** One field of a reading. */
export interface ReadingField {
  readonly name: string;
  readonly value: number | bigint | string;
  /** Constant or remark. */
  readonly symbol?: string;
  /** First bit and number of bits of the value. */
  readonly bits?: readonly [first: number, count: number];
  readonly reserved?: boolean;
}

/** One thing that a number can be. */
export interface Reading {
  /** What `--as` takes. */
  readonly kind: string;
  /** One line: what it is and what it says. */
  readonly title: string;
  /** How likely the number is to be this: 0 hardly, 100 certainly. */
  readonly likely: number;
  readonly fields: readonly ReadingField[];
  /** What speaks against it, or what else follows from it. */
  readonly notes: readonly string[];
}

/** Fields of a number by a declaration of at most 8 bytes. */
export function fieldsBy(type: NamedType, value: bigint): { fields: ReadingField[]; notes: string[] } {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, value, true);
  const found = describe(type, view, 0, { end: Math.max(type.size, 1) });
  const fields: ReadingField[] = [];
  const walk = (node: FieldNode, prefix: string): void => {
    const name = prefix === '' ? node.key : `${prefix}.${node.key}`;
    if (node.children !== undefined)
      for (const child of node.children) walk(child, node.type.kind === 'union' ? prefix : name);
    else if (!(node.value instanceof Uint8Array)) fields.push(fieldOf(node, name));
  };
  for (const child of found.root.children ?? []) walk(child, '');
  return { fields, notes: found.issues.map((issue) => `${issue.path}: ${issue.text}`) };
}

function fieldOf(node: FieldNode, name: string): ReadingField {
  const raw = typeof node.value === 'boolean' ? Number(node.value) : (node.value as number | bigint);
  const reserved = node.type.kind === 'bits' && node.type.fields.find((f) => f.name === node.key)?.reserved === true;
  return {
    name,
    value: raw,
    bits: [node.bitOffset ?? node.offset * 8, node.bitSize ?? node.size * 8],
    ...(node.symbol === undefined ? {} : { symbol: node.symbol }),
    ...(reserved ? { reserved } : {}),
  };
}

/** The name of a value in an enumeration, whichever of number and bigint it was declared with. */
export function nameIn(meta: EnumMeta, value: bigint): string | undefined {
  return (
    meta.names.get(value) ?? (value <= BigInt(Number.MAX_SAFE_INTEGER) ? meta.names.get(Number(value)) : undefined)
  );
}

/** A reading of a number as one constant. */
export function constant(
  kind: string,
  what: string,
  value: bigint,
  name: string | undefined,
  likely: number,
  notes: readonly string[] = [],
): Reading {
  return {
    kind,
    title: name === undefined ? `${what} ${hexNumber(value)}, which no source names` : `${what} ${name}`,
    likely: name === undefined ? 1 : likely,
    fields: [],
    notes,
  };
}
