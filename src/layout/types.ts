import type { Cursor } from './cursor.js';
import type { AnySeq, U64Seq } from './seq.js';

/** Phantom keys: what decode gives and what encode takes. They exist in types only. */
declare const DECODED: unique symbol;
declare const INPUT: unique symbol;
/** What a declaration is made of: element, arms, fields. */
declare const OF: unique symbol;
declare const TAG: unique symbol;

export interface Typed<V, I = V> {
  readonly [DECODED]?: V;
  readonly [INPUT]?: I;
}

/** The plain value that decode gives for a declaration. */
export type ValueOf<T> = T extends { readonly [DECODED]?: infer V } ? V : never;
/** The value that encode takes: as ValueOf, with reserved parts optional and any list-like for lists. */
export type InputOf<T> = T extends { readonly [INPUT]?: infer I } ? I : never;

export type Simplify<T> = { [K in keyof T]: T[K] } & unknown;
export type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void
  ? I
  : never;

/** Where a declaration comes from: the original file or document, and the ABI version its layout belongs to. */
export interface Origin {
  readonly from: string;
  /** The name that `--abi` takes: linux-7.3, linux-6.12, series-…, openvmm. */
  readonly version: string;
  readonly note?: string;
}

export type Arch = 'x64' | 'arm64';

/** Metadata of an enumeration, kept beside its constants. */
export interface EnumMeta {
  readonly name: string;
  readonly names: ReadonlyMap<number | bigint, string>;
}

/** Both directions of one declaration. Decode throws the marker TRUNCATED or a DecodeError, encode the marker REFUSED or an EncodeError. */
export interface Code {
  readonly decode: (view: DataView, at: number, cursor: Cursor, lend: boolean) => unknown;
  /** Returns one past the last byte. */
  readonly encode: (value: unknown, view: DataView, at: number) => number;
}

interface Sized {
  /** C sizeof, in bytes. */
  readonly size: number;
  /** Fewest bytes that decode: less than `size` where the tail is a list or a union of open size. */
  readonly minSize: number;
  /** True when the bytes used depend on their content or on the control word. */
  readonly flexible: boolean;
}

export type ScalarName = 'u8' | 'u16' | 'u32' | 'u64' | 'i32' | 'i64';

export interface ScalarType<V extends number | bigint = number | bigint> extends Typed<V>, Sized {
  readonly kind: 'scalar';
  readonly scalar: ScalarName;
  readonly enumeration?: EnumMeta;
  /** True when `enumeration` names single bits of the value. */
  readonly flags?: boolean;
  /** The value must be a multiple of this; reported by check, never refused. */
  readonly multipleOf?: number;
  /** C declares a named enum here. */
  readonly cEnum?: boolean;
}

export interface BitField {
  readonly name: string;
  readonly at: number;
  readonly width: number;
  readonly enumeration?: EnumMeta;
  readonly reserved: boolean;
  /** No C member stands for the bits. */
  readonly implicit?: boolean;
}

export interface BitsType<V = unknown, I = unknown> extends Typed<V, I>, Sized {
  readonly kind: 'bits';
  /** Made when the package was built; without it the engines make it when it is needed. */
  readonly code?: Code;
  readonly name: string;
  readonly word: ScalarName;
  /** More than one where C overlays an array of words. */
  readonly words: number;
  readonly fields: readonly BitField[];
  /** C name of the whole word, where C has one (as_uint64). */
  readonly wordName?: string;
  /** C name of the inner struct that holds the fields, where it has one. */
  readonly group?: string;
  readonly origin?: Origin;
}

export interface RsvdType extends Typed<Uint8Array, Uint8Array>, Sized {
  readonly kind: 'rsvd';
  readonly count: number;
  readonly elementSize: number;
  /** Padding of the compiler: no C member stands for it. */
  readonly implicit: boolean;
}

export interface BytesType extends Typed<Uint8Array, Uint8Array>, Sized {
  readonly kind: 'bytes';
  readonly count: number;
  /** How people read the bytes. */
  readonly text?: 'utf8' | 'utf16';
}

export interface GuidType extends Typed<string>, Sized {
  readonly kind: 'guid';
}

export interface AtomicType extends Typed<number>, Sized {
  readonly kind: 'atomic';
  readonly scalar: 'u32';
}

export interface ArrayType extends Sized {
  readonly kind: 'array';
  readonly of: AnyType;
  readonly count: number;
}
/** An array type that knows its element type when compiling. The base interfaces know nothing of it: they are what code at run time handles, and cost the type checker nothing. */
export interface ArrayOf<T> extends ArrayType {
  readonly [OF]?: T;
  readonly [DECODED]?: ElementsOf<T>;
  readonly [INPUT]?: ElementsInputOf<T>;
}

type ElementsOf<T> = ValueOf<T>[];
type ElementsInputOf<T> = ArrayLike<InputOf<T>>;

/** How many elements a list has when the control word does not say; clipped to the bytes there are. */
export type CountRule =
  | string
  | { readonly pages: readonly [offset: string, length: string] }
  | { readonly popcount: string }
  | { readonly quotient: readonly [bytes: string, by: number] };

interface ListBase extends Sized {
  readonly count?: CountRule;
  /** Elements that C counts into sizeof (range[1]). */
  readonly declared: number;
  /** The list goes on in a later message: fewer elements than asked for are no disagreement. */
  readonly partial: boolean;
}

type ListValue<T> =
  T extends ScalarType<bigint> ? U64Seq : T extends ScalarType<number> ? AnySeq<number> : ValueOf<T>[];
type ListInput<T> =
  T extends ScalarType<bigint>
    ? U64Seq | ArrayLike<bigint>
    : T extends ScalarType<number>
      ? AnySeq<number> | ArrayLike<number>
      : ArrayLike<InputOf<T>>;

export interface RepType extends ListBase {
  readonly kind: 'rep';
  readonly of: AnyType;
}
export interface Rep<T> extends RepType {
  readonly [OF]?: T;
  readonly [DECODED]?: ListValue<T>;
  readonly [INPUT]?: ListInput<T>;
}

export interface VarheadType extends ListBase {
  readonly kind: 'varhead';
  readonly of: AnyType;
}
export interface Varhead<T> extends VarheadType {
  readonly [OF]?: T;
  readonly [DECODED]?: ListValue<T>;
  readonly [INPUT]?: ListInput<T>;
}

export type Arms = Readonly<Record<string, AnyType>>;

export interface UnionTag {
  /** A sibling field, a bit-field of one (`flags.set`), or a bit-field of an arm (`arm.field`). */
  readonly by: string;
  /** Looked at before `of`. */
  readonly mask?: number;
  readonly of: Readonly<Record<number, string>>;
}

export type UnionValue<A> =
  | { [K in keyof A]: { -readonly [P in K]: ValueOf<A[P]> } & { tail?: Uint8Array } }[keyof A]
  | { raw: Uint8Array };
export type UnionInput<A> =
  | { [K in keyof A]: { [P in K]: InputOf<A[P]> } & { tail?: Uint8Array } }[keyof A]
  | { raw: Uint8Array };

export interface UnionType extends Sized {
  readonly kind: 'union';
  /** Made when the package was built; without it the engines make it when it is needed. */
  readonly code?: Code;
  readonly name: string;
  readonly arms: Arms;
  readonly tag?: UnionTag;
  /** The arm taken where no tag says, or the tag is unknown. */
  readonly otherwise?: string;
  readonly origin?: Origin;
}
export interface Union<A, By = never> extends UnionType {
  readonly [OF]?: A;
  readonly [TAG]?: By;
  readonly [DECODED]?: UnionValue<A>;
  readonly [INPUT]?: UnionInput<A>;
}

/** A C member without a name: of a struct or bits its fields become the parent's; of a union only the C path is shortened. */
export interface AnonType extends Sized {
  readonly kind: 'anon';
  readonly of: AnyType;
}
export interface Anon<T> extends AnonType {
  readonly [OF]?: T;
  readonly [DECODED]?: ValueOf<T>;
  readonly [INPUT]?: InputOf<T>;
}

export type Fields = Readonly<Record<string, AnyType>>;

type FlattenKeys<F> = {
  [K in keyof F]: F[K] extends Anon<infer A> ? (A extends { readonly kind: 'union' } ? never : K) : never;
}[keyof F];
type RsvdKeys<F> = { [K in keyof F]: F[K] extends { readonly kind: 'rsvd' } ? K : never }[keyof F];
type FlatValue<F> = { [K in FlattenKeys<F>]: F[K] extends Anon<infer A> ? ValueOf<A> : never }[FlattenKeys<F>];
type FlatInput<F> = { [K in FlattenKeys<F>]: F[K] extends Anon<infer A> ? InputOf<A> : never }[FlattenKeys<F>];

export type StructValue<F> = Simplify<
  { [K in Exclude<keyof F, FlattenKeys<F> | RsvdKeys<F>>]: ValueOf<F[K]> } & { [K in RsvdKeys<F>]?: Uint8Array } & ([
      FlattenKeys<F>,
    ] extends [never]
      ? unknown
      : UnionToIntersection<FlatValue<F>>)
>;
export type StructInput<F> = Simplify<
  { [K in Exclude<keyof F, FlattenKeys<F> | RsvdKeys<F>>]: InputOf<F[K]> } & { [K in RsvdKeys<F>]?: Uint8Array } & ([
      FlattenKeys<F>,
    ] extends [never]
      ? unknown
      : UnionToIntersection<FlatInput<F>>)
>;

/** A field of a struct at its place. */
export interface Slot {
  readonly key: string;
  /** As declared, without the anon wrapper. */
  readonly type: AnyType;
  readonly anon: boolean;
  /** From the start of the struct; of the parts behind a list, where they start when the list is empty. */
  readonly offset: number;
}

export interface StructType extends Sized {
  readonly kind: 'struct';
  /** Made when the package was built; without it the engines make it when it is needed. */
  readonly code?: Code;
  readonly name: string;
  readonly slots: readonly Slot[];
  readonly origin?: Origin;
}
export interface Struct<F> extends StructType {
  readonly [OF]?: F;
  readonly [DECODED]?: StructValue<F>;
  readonly [INPUT]?: StructInput<F>;
}

export type AnyType =
  | ScalarType
  | BitsType
  | RsvdType
  | BytesType
  | GuidType
  | AtomicType
  | ArrayType
  | RepType
  | VarheadType
  | UnionType
  | AnonType
  | StructType;

/** A type that has a C name of its own. */
export type NamedType = StructType | UnionType | BitsType;

/** Any declaration, seen from outside: a constraint that costs the type checker nothing. */
export interface Declared {
  readonly [DECODED]?: unknown;
  readonly [INPUT]?: unknown;
  readonly kind: AnyType['kind'];
  readonly size: number;
  readonly minSize: number;
  readonly flexible: boolean;
}

/** C name of a type, or its kind where it has none: for error texts. */
export function titleOf(type: AnyType): string {
  return 'name' in type && type.name !== '' ? type.name : type.kind;
}

/** What a declaration is made of, as known when compiling. */
export type PartsOf<T> = T extends { readonly [OF]?: infer P } ? P : never;
/** The path that tells a union's arms apart. */
export type TagPathOf<T> = T extends { readonly [TAG]?: infer By } ? By : never;
