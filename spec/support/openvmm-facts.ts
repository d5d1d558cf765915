import { type Alias, aliases, scalarAliases } from '../../src/abi/aliases.js';
import { layouts } from '../../src/abi/catalog.js';
import { openvmmLayouts } from '../../src/abi/openvmm-catalog.js';
import { ownRows } from '../../src/export/own-rows.js';
import { concrete, type Layout } from '../../src/layout/group.js';
import { isReservedName } from '../../src/layout/names.js';
import { type LayoutRow, rows } from '../../src/layout/rows.js';
import type { AnyType, NamedType } from '../../src/layout/types.js';

/** One field of a Rust struct or bit-field, in bits from its start. */
export interface RustField {
  readonly name: string;
  readonly at: number;
  readonly bits: number;
  readonly type: string;
}

export interface RustType {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly RustField[];
}

const declared = new Map<string, Layout>(openvmmLayouts.map((layout) => [layout.name, layout]));
const linux = new Map<string, Layout>(layouts.map((layout) => [layout.name, layout]));
const alias = new Map<string, Alias>(aliases.map((one) => [one.alias, one]));
const scalars = new Map<string, string>(scalarAliases.map((one) => [one.alias, one.of]));

/** Every way in which our form of an OpenVMM type differs from it; `enumerations` are the types that are names of numbers here. */
export function compareRust(rust: RustType, enumerations: ReadonlySet<string>): string[] {
  const own = declared.get(rust.name);
  if (own !== undefined) return fewest(own, (type) => compareFields(rust, type));
  const other = alias.get(rust.name);
  const target = other === undefined ? undefined : (linux.get(other.of) ?? declared.get(other.of));
  if (other !== undefined && target !== undefined)
    return fewest(target, (type) => compareBorders(rust, type, (other.skip ?? 0) * 8));
  const scalar = scalars.get(rust.name);
  if (scalar !== undefined)
    return sizeOfScalar(scalar) === rust.size ? [] : [`${rust.name}: ${scalar}, has ${rust.size} bytes`];
  return enumerations.has(rust.name) ? [] : [`${rust.name}: not declared`];
}

/** OpenVMM has one layout of each type: one of ours must be it. */
function fewest(layout: Layout, compare: (type: NamedType) => string[]): string[] {
  return [...concrete(layout)].map((one) => compare(one.type)).reduce((a, b) => (b.length < a.length ? b : a));
}

/** Bits in front: OpenVMM keeps the header of channel messages apart from their structs. */
function headerBits(type: AnyType): number {
  if (type.kind !== 'struct') return 0;
  const first = type.slots[0]?.type;
  if (first?.kind === 'struct' && first.name === 'vmbus_channel_message_header') return first.size * 8;
  return first === undefined ? 0 : headerBits(first);
}

// A newtype has one field without a name, `0`; a table of bytes or words says nothing about what is in it.
const isNewtype = (field: RustField): boolean => field.name === '0';
const isOpaque = (field: RustField): boolean => isNewtype(field) || /^\[u(8|64); /.test(field.type);

function compareFields(rust: RustType, type: NamedType): string[] {
  const skip = headerBits(type);
  const out: string[] = [];
  if (type.size - skip / 8 !== rust.size) out.push(`${rust.name} size: ${type.size - skip / 8}, has ${rust.size}`);
  const ours = new Map(ownRows(type).map((row) => [row.path, row]));
  for (const field of rust.fields) {
    const row = ours.get(field.name);
    ours.delete(field.name);
    if (row === undefined) {
      if (!isNewtype(field)) out.push(`${rust.name}.${field.name}: not declared`);
      continue;
    }
    const from = Math.max(0, row.bitOffset - skip);
    const bits = row.bitOffset + row.bitSize - skip - from;
    if (from !== field.at || bits !== field.bits)
      out.push(`${rust.name}.${field.name}: bits ${from} +${bits}, has ${field.at} +${field.bits}`);
  }
  for (const row of ours.values())
    if (!isOurAddition(row, rust, type, skip)) out.push(`${rust.name}.${row.path}: OpenVMM has no such field`);
  return out;
}

/** The list of a rep call, the message header, and what a table of opaque words is read as. */
function isOurAddition(row: LayoutRow, rust: RustType, type: NamedType, skip: number): boolean {
  if (row.kind === 'flexible-array') return row.bitOffset === type.size * 8;
  if (row.bitOffset + row.bitSize <= skip) return true;
  const from = row.bitOffset - skip;
  return rust.fields.some(
    (field) => isOpaque(field) && field.at <= from && from + row.bitSize <= field.at + field.bits,
  );
}

/** An alias has no names in common: every field of OpenVMM must begin and end where one of ours does, or inside a reserved one. */
function compareBorders(rust: RustType, type: NamedType, skip: number): string[] {
  if (type.name === 'guid_t') return type.size === rust.size ? [] : [`${rust.name} size: ${type.size}`];
  const out: string[] = [];
  const sizes = [type.size, type.minSize].map((size) => size - skip / 8);
  if (!sizes.includes(rust.size)) out.push(`${rust.name} size: ${type.name} has ${sizes[0]}, has ${rust.size}`);
  const all = rows(type);
  const borders = new Set([skip, type.size * 8, ...all.flatMap((row) => [row.bitOffset, row.bitOffset + row.bitSize])]);
  const reserved = all.filter((row) => isReservedName(row.path.split('.').at(-1)!));
  const isBorder = (bit: number): boolean =>
    borders.has(bit) || reserved.some((row) => row.bitOffset < bit && bit < row.bitOffset + row.bitSize);
  for (const field of rust.fields)
    if (![field.at, field.at + field.bits].every((bit) => isBorder(bit + skip)))
      out.push(`${rust.name}.${field.name}: bits ${field.at} +${field.bits} cut a field of ${type.name}`);
  return out;
}

function sizeOfScalar(text: string): number {
  const [, bits = '0', count = '1'] = /^u(\d+)(?:\[(\d+)\])?$/.exec(text) ?? [];
  return (Number(bits) / 8) * Number(count);
}
