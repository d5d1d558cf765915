// The declaration kernel: declare a struct once; read, write, view, check and describe it.

export { AbiError, DecodeError, EncodeError, ERROR_CODES, type ErrorCode, LayoutError } from './bytes/errors.js';
export { guidToBytes, isGuidText, readGuid, writeGuid } from './bytes/guid.js';
export { bytesToHex, hex8, hex64, hexInto, hexNumber, hexToBytes } from './bytes/hex.js';
export { align8, HV_HYP_PAGE_SIZE, pagesTouched } from './bytes/page.js';
export { bytesOf, clear, copyBytes, isZero, viewOf } from './bytes/span.js';
export {
  type BitsInput,
  type BitsOptions,
  type BitsValue,
  type BitWidths,
  bit,
  bits,
  type GapBits,
  gap,
  type NamedBits,
} from './layout/bits.js';
export {
  type Codec,
  codecOf,
  consumed,
  type DecodeOptions,
  decode,
  decodeAt,
  encode,
  encodeInto,
  encodeUnchecked,
  type Lent,
  lendAt,
} from './layout/codec.js';
export { type Description, describe, type FieldNode, type Issue, type IssueCode } from './layout/describe.js';
export type { Engine } from './layout/dispatch.js';
export { check, explain } from './layout/explain.js';
export { canGenerateCode } from './layout/generate.js';
export {
  concrete,
  type Layout,
  only,
  type PerArch,
  type Picked,
  type PickOptions,
  perArch,
  pick,
  type Versions,
  versions,
} from './layout/group.js';
export {
  type CallSide,
  type Hypercall,
  type HypercallForm,
  type HypercallOptions,
  hypercall,
  inputSide,
  MAX_REP_COUNT,
  outputSide,
  type RepLimits,
  repLimits,
} from './layout/hypercall.js';
export { type FromJsonOptions, fromJson, type Json, toJson } from './layout/json.js';
export type { Limits } from './layout/limits.js';
export { array, type ListOptions, rep, varhead } from './layout/list.js';
export {
  type Direction,
  type Message,
  type MessageContext,
  type MessageForm,
  type MessageTable,
  messages,
  pickForm,
} from './layout/messages.js';
export { prefix } from './layout/prefix.js';
export { type LayoutRow, rows } from './layout/rows.js';
export { type Draw, onesDraw, type SampleOptions, sample, seededDraw, zeroDraw } from './layout/sample.js';
export {
  atomic,
  bytes,
  checkCount,
  enumeration,
  enumMeta,
  guid,
  hole,
  i32,
  i64,
  type MarkedScalar,
  rsvd,
  u8,
  u16,
  u32,
  u64,
} from './layout/scalar.js';
export {
  type AnySeq,
  I32Seq,
  I64Seq,
  isListLike,
  isSeq,
  seqOver,
  U8Seq,
  U16Seq,
  U32Seq,
  U64Seq,
} from './layout/seq.js';
export { sizeOf } from './layout/size.js';
export { struct } from './layout/struct.js';
export { maySuspect } from './layout/suspect.js';
export { nameOf, symbolOf } from './layout/symbol.js';
export {
  type Anon,
  type AnonType,
  type AnyType,
  type Arch,
  type Arms,
  type ArrayOf,
  type ArrayType,
  type AtomicType,
  type BitField,
  type BitsType,
  type BytesType,
  type CountRule,
  type Declared,
  type EnumMeta,
  type Fields,
  type GuidType,
  type InputOf,
  type NamedType,
  type Origin,
  type PartsOf,
  type Rep,
  type RepType,
  type RsvdType,
  type ScalarName,
  type ScalarType,
  type Simplify,
  type Slot,
  type Struct,
  type StructInput,
  type StructType,
  type StructValue,
  type TagPathOf,
  type Typed,
  titleOf,
  type Union,
  type UnionInput,
  type UnionTag,
  type UnionToIntersection,
  type UnionType,
  type UnionValue,
  type ValueOf,
  type Varhead,
  type VarheadType,
} from './layout/types.js';
export { anon, type UnionOptions, union } from './layout/union.js';
export { type Movable, type ViewOf, view } from './layout/view.js';
