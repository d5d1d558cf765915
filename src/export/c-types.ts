import type { AnyType, BitsType, NamedType, ScalarName, StructType, UnionType } from '../layout/types.js';
import type { Selection } from './select.js';

const C_SCALAR: Readonly<Record<ScalarName, string>> = {
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  i32: 'int32_t',
  i64: 'int64_t',
};

/** `struct`, or `union` where arms or a whole word lie over each other. */
export function tagOf(type: NamedType): 'struct' | 'union' {
  return type.kind === 'union' || (type.kind === 'bits' && type.wordName !== undefined) ? 'union' : 'struct';
}

/** Lines of the C definition of a type; alignment is 1, set around all of them. */
export function defineType(type: NamedType, selection: Selection): string[] {
  const name = selection.nameOf(type);
  const head = name === 'guid_t' ? 'typedef struct guid_t {' : `${tagOf(type)} ${name} {`;
  const end = name === 'guid_t' ? '} guid_t;' : '};';
  // C allows an open array only behind a member, and only in a struct that is not part of another.
  const open = type.kind === 'struct' && type.slots.length > 1 && !selection.embedded.has(type);
  return [head, ...indent(bodyOf(type, selection, open)), end];
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `\t${line}`);

function bodyOf(type: NamedType, selection: Selection, open: boolean): string[] {
  switch (type.kind) {
    case 'bits':
      return bitsBody(type);
    case 'union':
      return Object.entries(type.arms).flatMap(([arm, of]) => armLines(arm, of, selection));
    case 'struct':
      return slotLines(type, selection, open);
  }
}

function slotLines(type: StructType, selection: Selection, open: boolean): string[] {
  return type.slots.flatMap((slot, i) => {
    if (!slot.anon) return memberLines(slot.key, slot.type, selection, open && i === type.slots.length - 1);
    const inner = slot.type as NamedType;
    // Bit-fields stand in the struct itself.
    if (inner.kind === 'bits' && inner.wordName === undefined) return bitsBody(inner);
    return wrapped(inner, selection, '');
  });
}

function armLines(arm: string, type: AnyType, selection: Selection): string[] {
  return type.kind === 'anon' ? wrapped(type.of as NamedType, selection, '') : memberLines(arm, type, selection, false);
}

/** A member whose type has no name: `struct { … } key;`. */
function wrapped(type: NamedType, selection: Selection, declarator: string): string[] {
  return [`${tagOf(type)} {`, ...indent(bodyOf(type, selection, false)), declarator === '' ? '};' : `} ${declarator};`];
}

function memberLines(key: string, type: AnyType, selection: Selection, open: boolean): string[] {
  let of = type;
  let declarator = key;
  while (of.kind === 'array' || of.kind === 'rep' || of.kind === 'varhead') {
    if (of.kind === 'array') declarator += `[${of.count}]`;
    else declarator += of.declared === 0 && open ? '[]' : `[${of.declared}]`;
    of = of.of;
  }
  switch (of.kind) {
    case 'scalar':
      return [`${of.cEnum ? `enum ${of.enumeration!.name}` : C_SCALAR[of.scalar]} ${declarator};`];
    case 'atomic':
      return [`uint32_t ${declarator};`];
    case 'guid':
      return [`guid_t ${declarator};`];
    case 'bytes':
      return [`uint8_t ${declarator}[${of.count}];`];
    case 'rsvd':
      if (of.implicit) return Array.from({ length: of.size }, () => 'uint8_t : 8;');
      return [`uint${of.elementSize * 8}_t ${declarator}${of.count > 1 ? `[${of.count}]` : ''};`];
    case 'anon':
      return wrapped(of.of as NamedType, selection, declarator);
    default:
      return namedLines(of, selection, declarator);
  }
}

function namedLines(type: StructType | UnionType | BitsType, selection: Selection, declarator: string): string[] {
  if (type.name === '') return wrapped(type, selection, declarator);
  return [`${tagOf(type)} ${selection.nameOf(type)} ${declarator};`];
}

function bitsBody(type: BitsType): string[] {
  const unit = C_SCALAR[type.word];
  const fields = type.fields.map((field) => `${unit} ${field.implicit ? '' : `${field.name} `}: ${field.width};`);
  const grouped =
    type.group === undefined && type.wordName === undefined
      ? fields
      : ['struct {', ...indent(fields), type.group === undefined ? '};' : `} ${type.group};`];
  if (type.wordName === undefined) return grouped;
  return [...grouped, `${unit} ${type.wordName}${type.words > 1 ? `[${type.words}]` : ''};`];
}
