import type { AnyType, BitsType, NamedType, StructType, UnionType } from '../../layout/types.js';
import { type Found, Page } from './page.js';
import { cTypeName, dimensionOf, elementOf, keywordOf } from './type-text.js';

export interface PaholeOptions {
  /** Named member types are written out in place, as pahole -E does. */
  readonly expand?: boolean;
}

/** A layout in the text that pahole prints: offsets and sizes in decimal bytes, holes marked, a summary at the end. */
export function paholeText(type: NamedType, options: PaholeOptions = {}): string[] {
  const page = new Page(options.expand ?? false);
  page.open(`${keywordOf(type)} ${type.name} {`);
  const found = membersOf(page, type, 0);
  page.summary(type.size, found);
  page.close('};');
  return page.lines;
}

const NOTHING: Found = { members: 0, holes: 0, holeBytes: 0, bitHoles: 0, bitHoleBits: 0, padding: 0 };

function membersOf(page: Page, type: AnyType, base: number): Found {
  switch (type.kind) {
    case 'struct':
      return structMembers(page, type, base);
    case 'union':
      return unionMembers(page, type, base);
    case 'bits':
      return bitsMembers(page, type, base);
    case 'anon':
      return membersOf(page, type.of, base);
    default:
      return NOTHING;
  }
}

function structMembers(page: Page, type: StructType, base: number): Found {
  let found = NOTHING;
  type.slots.forEach((slot, i) => {
    const at = base + slot.offset;
    if (slot.type.kind === 'rsvd' && slot.type.implicit) {
      const bytes = slot.type.size;
      if (i === type.slots.length - 1) found = { ...found, padding: bytes };
      else {
        page.remark(`XXX ${bytes} ${bytes === 1 ? 'byte' : 'bytes'} hole, try to pack`);
        found = { ...found, holes: found.holes + 1, holeBytes: found.holeBytes + bytes };
      }
      return;
    }
    page.cacheline(at);
    // An unnamed word without a name for its whole is bit-fields of the struct itself.
    if (slot.anon && slot.type.kind === 'bits' && slot.type.wordName === undefined)
      found = add(found, bitFields(page, slot.type, at));
    else {
      member(page, slot.type, slot.anon ? '' : slot.key, at);
      found = { ...found, members: found.members + 1 };
    }
  });
  return found;
}

function unionMembers(page: Page, type: UnionType, base: number): Found {
  const arms = Object.entries(type.arms);
  for (const [arm, of] of arms) {
    if (of.kind === 'anon') member(page, of.of, '', base);
    else member(page, of, arm, base);
  }
  return { ...NOTHING, members: arms.length };
}

function bitsMembers(page: Page, type: BitsType, base: number): Found {
  if (type.wordName === undefined) return bitFields(page, type, base);
  page.open('struct {');
  bitFields(page, type, base);
  page.close(type.group === undefined ? '};' : `} ${type.group};`, base, type.size);
  page.member(type.word, `${type.wordName}${type.words > 1 ? `[${type.words}]` : ''}`, base, type.size);
  return { ...NOTHING, members: 2 };
}

function bitFields(page: Page, type: BitsType, base: number): Found {
  let found = NOTHING;
  const unit = (type.size / type.words) * 8;
  for (const field of type.fields) {
    if (field.implicit) {
      page.remark(`XXX ${field.width} ${field.width === 1 ? 'bit' : 'bits'} hole, try to pack`);
      found = { ...found, bitHoles: found.bitHoles + 1, bitHoleBits: found.bitHoleBits + field.width };
      continue;
    }
    const word = Math.floor(field.at / unit);
    page.bitField(type.word, field.name, base + (word * unit) / 8, field.at % unit, field.width);
    found = { ...found, members: found.members + 1 };
  }
  return found;
}

function member(page: Page, type: AnyType, key: string, at: number): void {
  const of = elementOf(type);
  const named = cTypeName(type);
  const aggregate = of.kind === 'struct' || of.kind === 'union' || of.kind === 'bits';
  const name = `${key}${dimensionOf(type)}`;
  if (named !== undefined && !(aggregate && page.expand)) {
    page.member(named, name, at, type.size);
    return;
  }
  if (!aggregate) return;
  page.open(`${named ?? keywordOf(of)} {`);
  membersOf(page, of, at);
  page.close(name === '' ? '};' : `} ${name};`, at, type.size);
}

function add(a: Found, b: Found): Found {
  return {
    members: a.members + b.members,
    holes: a.holes + b.holes,
    holeBytes: a.holeBytes + b.holeBytes,
    bitHoles: a.bitHoles + b.bitHoles,
    bitHoleBits: a.bitHoleBits + b.bitHoleBits,
    padding: a.padding,
  };
}
