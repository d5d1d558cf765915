import { LayoutError } from '../bytes/errors.js';
import { withEngines } from './engines.js';
import { checkNames } from './names.js';
import { isOwnTag, resolveRef, resolveTag } from './ref.js';
import type { AnyType, Fields, Origin, PartsOf, Slot, Struct, StructType, TagPathOf, ValueOf } from './types.js';

type Head<P extends string> = P extends `${infer H}.${string}` ? H : P;
type OwnTag<T> = T extends { readonly kind: 'union' }
  ? TagPathOf<T> extends infer By extends string
    ? Exclude<Head<By>, keyof PartsOf<T>>
    : never
  : never;
type TagOf<T> = T extends { readonly kind: 'anon' } ? OwnTag<PartsOf<T>> : OwnTag<T>;
/** Names that the members without a name bring along. */
type FlatKeys<F> = { [K in keyof F]: F[K] extends { readonly kind: 'anon' } ? keyof ValueOf<F[K]> : never }[keyof F];
/** A union whose tag names no sibling becomes an error at its own key. */
type CheckTags<F> = {
  [K in keyof F]: [Exclude<TagOf<F[K]>, keyof F>] extends [never]
    ? F[K]
    : [Exclude<TagOf<F[K]>, keyof F | FlatKeys<F>>] extends [never]
      ? F[K]
      : { 'no sibling field is named': Exclude<TagOf<F[K]>, keyof F> };
};

/**
 * A packed C struct: `size` is C's sizeof and is checked against the fields when the module loads.
 * Every byte belongs to a field. Throws LayoutError.
 */
export function struct<const F extends Fields>(
  name: string,
  size: number,
  fields: F & CheckTags<F>,
  origin?: Origin,
): Struct<F>;
/** An inner struct without a C name; its size is the sum of its fields. */
export function struct<const F extends Fields>(fields: F & CheckTags<F>): Struct<F>;
export function struct(first: unknown, second?: unknown, third?: unknown, origin?: Origin): unknown {
  if (typeof first === 'string') return declare(first, second as number, third as Fields, origin);
  return declare('', undefined, first as Fields);
}

/** Keys that a field adds to the value: those of an unnamed struct or bits are its members'. */
function flatKeys(key: string, type: AnyType, anon: boolean): string[] {
  if (anon && type.kind === 'bits') return type.fields.map((f) => f.name);
  if (anon && type.kind === 'struct') return type.slots.flatMap((s) => flatKeys(s.key, s.type, s.anon));
  return [key];
}

function declare(name: string, claim: number | undefined, fields: Fields, origin?: Origin): StructType {
  const owner = name || 'struct';
  checkNames(owner, name === '' ? Object.keys(fields) : [name, ...Object.keys(fields)]);
  const slots: Slot[] = [];
  const taken = new Set<string>();
  let offset = 0;
  let minSize = 0;
  let open: string | undefined;
  for (const [key, declared] of Object.entries(fields)) {
    const anon = declared.kind === 'anon';
    const type: AnyType = anon ? declared.of : declared;
    for (const flat of flatKeys(key, type, anon)) {
      if (taken.has(flat))
        throw new LayoutError('E_LAYOUT_NAME', 'field is declared twice', { struct: owner, path: flat });
      taken.add(flat);
    }
    if (anon && type.kind !== 'struct' && type.kind !== 'union' && type.kind !== 'bits') {
      throw new LayoutError('E_LAYOUT_KIND', 'only a struct, union or bits can be without a name', {
        struct: owner,
        path: key,
      });
    }
    // A variable header (alone or as the tail of a nested struct) may be followed by the rep list, and by nothing else.
    if (open !== undefined && (type.kind !== 'rep' || takesRest(slots[slots.length - 1]!.type)))
      throw new LayoutError('E_LAYOUT_ORDER', `stands behind ${open}, whose size varies`, { struct: owner, path: key });
    slots.push({ key, type, anon, offset });
    offset += type.size;
    minSize += type.minSize;
    if (type.flexible) open = key;
  }
  if (claim !== undefined && claim !== offset) {
    throw new LayoutError(
      'E_LAYOUT_SIZE',
      `claims 0x${claim.toString(16)} bytes, its fields have 0x${offset.toString(16)}`,
      { struct: owner },
    );
  }
  const made: StructType = {
    kind: 'struct',
    name,
    size: offset,
    minSize,
    flexible: open !== undefined,
    slots,
    ...(origin ? { origin } : {}),
  };
  for (const slot of slots) checkRefs(made, slot);
  return withEngines(made);
}

/** True where nothing but the end of the bytes, or the reps of the call, ends the list. */
function takesRest(type: AnyType): boolean {
  if (type.kind === 'struct') return type.flexible && takesRest(type.slots[type.slots.length - 1]!.type);
  if (type.kind === 'union') return Object.values(type.arms).some(takesRest);
  if (type.kind === 'anon') return takesRest(type.of);
  return type.kind === 'rep' && type.count === undefined;
}

function checkRefs(owner: StructType, slot: Slot): void {
  const { type } = slot;
  if (type.kind === 'union' && type.tag && !isOwnTag(type, type.tag)) resolveTag(owner, type.tag, slot.key);
  if ((type.kind === 'rep' || type.kind === 'varhead') && type.count !== undefined) {
    const rule = type.count;
    const names =
      typeof rule === 'string'
        ? [rule]
        : 'pages' in rule
          ? rule.pages
          : 'popcount' in rule
            ? [rule.popcount]
            : [rule.quotient[0]];
    if (typeof rule === 'object' && 'quotient' in rule && !(rule.quotient[1] > 0))
      throw new LayoutError('E_LAYOUT_TAG', `divides by ${rule.quotient[1]}`, { struct: owner.name, path: slot.key });
    for (const ref of names) resolveRef(owner, ref, slot.key);
  }
}
