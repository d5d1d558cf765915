import { LayoutError } from '../bytes/errors.js';
import { withEngines } from './engines.js';
import { checkNames, isReservedName } from './names.js';
import { enumMeta } from './scalar.js';
import type { ArrayType, BitField, BitsType, EnumMeta, Origin, ScalarType } from './types.js';

/** A bit-field whose values have names. */
export interface NamedBits<N extends number> {
  readonly width: N;
  readonly enumeration: EnumMeta;
}

/** `width` bits with names for their values. */
export function bit<const N extends number>(width: N, values: object): NamedBits<N> {
  return { width, enumeration: enumMeta(values) };
}

/** Bits that no C member stands for: on the wire, but in no layout row. */
export interface GapBits<N extends number> {
  readonly width: N;
  readonly implicit: true;
}

/** `width` bits that C leaves undeclared in the middle or at the end of a word; reserved whatever their name. */
export function gap<const N extends number>(width: N): GapBits<N> {
  return { width, implicit: true };
}

export type BitWidths = Readonly<Record<string, number | NamedBits<number> | GapBits<number>>>;

type Upto32 =
  | 2
  | 3
  | 4
  | 5
  | 6
  | 7
  | 8
  | 9
  | 10
  | 11
  | 12
  | 13
  | 14
  | 15
  | 16
  | 17
  | 18
  | 19
  | 20
  | 21
  | 22
  | 23
  | 24
  | 25
  | 26
  | 27
  | 28
  | 29
  | 30
  | 31
  | 32;
type WidthOf<W> = W extends { readonly width: infer N } ? N : W;
type BitValue<N> = N extends 1 ? boolean : N extends Upto32 ? number : bigint;
type ReservedKey =
  `${'reserved' | 'rsvd' | 'resvd' | 'padding' | 'unused' | 'mbz' | 'Reserved' | '_reserved'}${string}`;
export type BitsValue<F> = { -readonly [K in keyof F]: BitValue<WidthOf<F[K]>> };
/** Names of the fields that encode fills with zeros when they are left out. */
type ZeroKeys<F> = {
  [K in keyof F]: K extends ReservedKey ? K : F[K] extends { readonly implicit: true } ? K : never;
}[keyof F];
export type BitsInput<F> = { [K in Exclude<keyof F, ZeroKeys<F>>]: BitValue<WidthOf<F[K]>> } & {
  [K in ZeroKeys<F>]?: BitValue<WidthOf<F[K]>>;
};

export interface BitsOptions {
  /** C name of the whole word (as_uint64). */
  readonly word?: string;
  /** C name of the inner struct holding the fields. */
  readonly group?: string;
}

type BitsWord = ScalarType | ArrayType;

/**
 * Bit-fields of one word, LSB first; the widths fill it. Values: 1 bit boolean, up to 32 number, more bigint.
 * Over `array(u64, n)` the fields run through n words and none crosses from one to the next.
 * Throws LayoutError E_LAYOUT_BITS.
 */
export function bits<const F extends BitWidths>(
  name: string,
  word: BitsWord,
  fields: F,
  options?: BitsOptions,
  origin?: Origin,
): BitsType<BitsValue<F>, BitsInput<F>>;
export function bits<const F extends BitWidths>(
  word: BitsWord,
  fields: F,
  options?: BitsOptions,
): BitsType<BitsValue<F>, BitsInput<F>>;
export function bits(
  first: string | BitsWord,
  second: BitsWord | BitWidths,
  third?: BitWidths | BitsOptions,
  fourth?: BitsOptions,
  origin?: Origin,
): BitsType {
  if (typeof first !== 'string') return declare('', first, second as BitWidths, (third ?? {}) as BitsOptions);
  return declare(first, second as BitsWord, third as BitWidths, fourth ?? {}, origin);
}

function declare(name: string, word: BitsWord, widths: BitWidths, options: BitsOptions, origin?: Origin): BitsType {
  const owner = name || options.word || 'bits';
  checkNames(owner, name === '' ? Object.keys(widths) : [name, ...Object.keys(widths)]);
  const unit = word.kind === 'array' ? word.of : word;
  if (unit.kind !== 'scalar')
    throw new LayoutError('E_LAYOUT_KIND', 'bits stand in a scalar or an array of one', { struct: owner });
  const words = word.kind === 'array' ? word.count : 1;
  const unitBits = unit.size * 8;
  const fields: BitField[] = [];
  let at = 0;
  for (const [key, spec] of Object.entries(widths)) {
    const named = typeof spec !== 'number';
    const width = named ? spec.width : spec;
    if (!Number.isInteger(width) || width < 1 || width > 64)
      throw new LayoutError('E_LAYOUT_BITS', `width ${width} is not 1 to 64`, { struct: owner, path: key });
    if (Math.floor(at / unitBits) !== Math.floor((at + width - 1) / unitBits)) {
      throw new LayoutError(
        'E_LAYOUT_BITS',
        `bits ${at} to ${at + width - 1} cross from one u${unitBits} to the next`,
        { struct: owner, path: key },
      );
    }
    fields.push({
      name: key,
      at,
      width,
      reserved: isReservedName(key) || (named && 'implicit' in spec),
      ...(named && 'enumeration' in spec ? { enumeration: spec.enumeration } : {}),
      ...(named && 'implicit' in spec ? { implicit: true } : {}),
    });
    at += width;
  }
  const size = unit.size * words;
  if (at !== size * 8)
    throw new LayoutError('E_LAYOUT_BITS', `widths add up to ${at} bits, the word has ${size * 8}`, { struct: owner });
  return withEngines({
    kind: 'bits',
    name,
    size,
    minSize: size,
    flexible: false,
    word: unit.scalar,
    words,
    fields,
    ...(options.word ? { wordName: options.word } : {}),
    ...(options.group ? { group: options.group } : {}),
    ...(origin ? { origin } : {}),
  });
}
