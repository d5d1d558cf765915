import { LayoutError } from '../bytes/errors.js';
import { withEngines } from './engines.js';
import { checkNames } from './names.js';
import type { AtomicType, BytesType, EnumMeta, GuidType, RsvdType, ScalarName, ScalarType } from './types.js';

const META = new WeakMap<object, EnumMeta>();

/** Named constants of one C enum (or one family of #defines). The result is the constants themselves, frozen. */
export function enumeration<const E extends Readonly<Record<string, number | bigint>>>(
  name: string,
  values: E,
): Readonly<E> {
  checkNames(name, Object.keys(values));
  return nameConstants(name, values);
}

/** As enumeration, for names that were checked when the package was built. */
export function nameConstants<const E extends Readonly<Record<string, number | bigint>>>(
  name: string,
  values: E,
): Readonly<E> {
  const names = new Map<number | bigint, string>();
  for (const [key, value] of Object.entries(values)) if (!names.has(value)) names.set(value, key);
  const frozen = Object.freeze({ ...values });
  META.set(frozen, { name, names });
  return frozen;
}

/** Name and reverse table of an enumeration. Throws LayoutError E_LAYOUT_KIND for any other object. */
export function enumMeta(values: object): EnumMeta {
  const meta = META.get(values);
  if (meta === undefined) throw new LayoutError('E_LAYOUT_KIND', 'not made by enumeration()');
  return meta;
}

/** A scalar with the marks that can be put on it; each mark gives a new type. */
export interface MarkedScalar<V extends number | bigint> extends ScalarType<V> {
  /** Values have names; unknown ones survive and are reported by check. */
  as(values: object): MarkedScalar<V>;
  /** As `as`, where C declares the member with the enum type itself. */
  asC(values: object): MarkedScalar<V>;
  /** Single bits have names. */
  flagsOf(values: object): MarkedScalar<V>;
  /** check reports values that are no multiple of `bytes`. */
  aligned(bytes: number): MarkedScalar<V>;
}

function scalar<V extends number | bigint>(
  name: ScalarName,
  size: number,
  marks: Partial<ScalarType<V>> = {},
): MarkedScalar<V> {
  const again = (more: Partial<ScalarType<V>>): MarkedScalar<V> => scalar<V>(name, size, { ...marks, ...more });
  return withEngines(
    Object.freeze({
      kind: 'scalar' as const,
      scalar: name,
      size,
      minSize: size,
      flexible: false,
      ...marks,
      as: (values: object) => again({ enumeration: enumMeta(values) }),
      asC: (values: object) => again({ enumeration: enumMeta(values), cEnum: true }),
      flagsOf: (values: object) => again({ enumeration: enumMeta(values), flags: true }),
      aligned: (bytes: number) => again({ multipleOf: bytes }),
    }),
  );
}

/** Unsigned and signed little-endian integers; 64-bit ones are bigint in plain values. */
export const u8 = /* @__PURE__ */ scalar<number>('u8', 1);
export const u16 = /* @__PURE__ */ scalar<number>('u16', 2);
export const u32 = /* @__PURE__ */ scalar<number>('u32', 4);
export const u64 = /* @__PURE__ */ scalar<bigint>('u64', 8);
export const i32 = /* @__PURE__ */ scalar<number>('i32', 4);
export const i64 = /* @__PURE__ */ scalar<bigint>('i64', 8);

/** Throws LayoutError E_LAYOUT_SIZE unless `count` elements are a place in a struct. */
export function checkCount(count: number, least: number): void {
  if (!Number.isSafeInteger(count) || count < least)
    throw new LayoutError('E_LAYOUT_SIZE', `${count} is no number of elements or bytes`);
}

/** Reserved bytes: absent from the value when zero, kept as bytes when not. `rsvd(7)` is u8[7]; `rsvd(u32)`, `rsvd(u64, 3)` keep C's element. */
export function rsvd(element: number | ScalarType, count = 1): RsvdType {
  const [elementSize, n] = typeof element === 'number' ? [1, element] : [element.size, count];
  checkCount(n, 1);
  const size = elementSize * n;
  return withEngines({ kind: 'rsvd', size, minSize: size, flexible: false, count: n, elementSize, implicit: false });
}

/** Padding that the C compiler adds: on the wire, but no member. */
export function hole(size: number): RsvdType {
  return { ...rsvd(size), implicit: true };
}

/** Opaque bytes of fixed length. */
export function bytes(count: number, text?: BytesType['text']): BytesType {
  checkCount(count, 1);
  return withEngines({ kind: 'bytes', size: count, minSize: count, flexible: false, count, ...(text ? { text } : {}) });
}

/** A mixed-endian GUID, lower-case text in values. */
export const guid: GuidType = /* @__PURE__ */ Object.freeze({ kind: 'guid', size: 16, minSize: 16, flexible: false });

/** A u32 shared with a peer: views load and store it atomically. */
export function atomic(of: ScalarType<number>): AtomicType {
  if (of.scalar !== 'u32') throw new LayoutError('E_LAYOUT_KIND', 'atomic takes u32');
  return withEngines({ kind: 'atomic', scalar: 'u32', size: 4, minSize: 4, flexible: false });
}
