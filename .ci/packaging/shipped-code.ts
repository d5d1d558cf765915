import { DECODE_RUNTIME, decodeSource } from '../../src/layout/compile-decode.js';
import { ENCODE_RUNTIME, encodeSource } from '../../src/layout/compile-encode.js';
import type { NamedType } from '../../src/layout/types.js';

export interface ShippedCode {
  /** `(dv,o,c,lend){…}` and `(x,dv,o){…}`. */
  readonly decode: string;
  readonly encode: string;
}

/** Names that shipped code may call, with the module of src/layout or src/bytes that they come from. */
export const RUNTIME_MODULES: Readonly<Record<string, string>> = {
  readGuid: 'bytes/guid',
  writeGuid: 'bytes/guid',
  pagesTouched: 'bytes/page',
  bytesOf: 'bytes/span',
  copyBytes: 'bytes/span',
  copyView: 'bytes/span',
  isZero: 'bytes/span',
  clear: 'bytes/span',
  popcount32: 'bytes/word',
  joinU64: 'bytes/word',
  refuse: 'layout/encode-runtime',
  putBytes: 'layout/encode-runtime',
  putWire: 'layout/encode-runtime',
  putU64s: 'layout/encode-runtime',
  elements: 'layout/encode-runtime',
  isSeq: 'layout/seq',
  U8Seq: 'layout/seq',
  U16Seq: 'layout/seq',
  U32Seq: 'layout/seq',
  U64Seq: 'layout/seq',
  I32Seq: 'layout/seq',
  I64Seq: 'layout/seq',
  short: 'layout/shipped',
};

/** The engines' code for a type, whose constant is `constant`; undefined where it needs the walk of explain() to say what is missing. */
export function shippedCode(type: NamedType, constant: string): ShippedCode | undefined {
  const [test, ...rest] = decodeSource(type).split('\n');
  // Only the first statement may find that bytes are missing: it knows the fields by their places.
  if (test !== `if(o+${type.minSize}>c.end)throw TRUNCATED;` || rest.join('').includes('TRUNCATED')) return undefined;
  const missing = `if(o+${type.minSize}>c.end)short(${constant},o,c.end);`;
  return { decode: `(dv,o,c,lend){${missing}${rest.join('\n')}}`, encode: `(x,dv,o){${encodeSource(type)}}` };
}

/** Every name that generated code may use has a module to come from. */
export function unknownRuntime(): string[] {
  const used = [...Object.keys(DECODE_RUNTIME), ...Object.keys(ENCODE_RUNTIME)];
  return used.filter((name) => name !== 'TRUNCATED' && !(name in RUNTIME_MODULES));
}
