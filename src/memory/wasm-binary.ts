/**
 * As much of the WebAssembly binary format (WebAssembly Core Specification 2.0, chapter 5, with the threads proposal's
 * shared memories) as a module of one function over one imported memory takes.
 */
export type Code = readonly number[];

export const type = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;

const byteCount = (value: number): number[] => unsigned(value);

/** LEB128. */
export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Signed LEB128 of a 32-bit number. */
export function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return last ? [low] : [low | 0x80, ...signed(rest)];
}

const SIMD = 0xfd;
/** Alignment hints are exponents of two; 3 is what every list of u64 keeps. */
const ALIGN_8 = 3;
/** A block or branch that leaves nothing on the stack. */
const NO_RESULT = 0x40;

/** Instructions by the names of the text format; stack operands come first, as the machine takes them. */
export const op = {
  localGet: (local: number): Code => [0x20, ...unsigned(local)],
  localSet: (local: number): Code => [0x21, ...unsigned(local)],
  i32Const: (value: number): Code => [0x41, ...signed(value)],
  i32And: (): Code => [0x71],
  i32Add: (): Code => [0x6a],
  i32Sub: (): Code => [0x6b],
  i32ShrU: (): Code => [0x76],
  i64Const: (value: number): Code => [0x42, ...signed(value)],
  i64Add: (): Code => [0x7c],
  i64Or: (): Code => [0x84],
  i64Shl: (): Code => [0x86],
  i64ExtendI32U: (): Code => [0xad],
  i64Store: (offset: number): Code => [0x37, ALIGN_8, ...unsigned(offset)],
  i64x2Splat: (): Code => [SIMD, ...unsigned(0x12)],
  i64x2Add: (): Code => [SIMD, ...unsigned(0xce)],
  i64x2ExtractLane: (lane: 0 | 1): Code => [SIMD, ...unsigned(0x1d), lane],
  v128Const: (lanes: readonly [number, number]): Code => [SIMD, ...unsigned(0x0c), ...lanes.flatMap(bytesOfU64)],
  v128Store: (offset: number): Code => [SIMD, ...unsigned(0x0b), ALIGN_8, ...unsigned(offset)],
  if: (then: readonly Code[]): Code => [0x04, NO_RESULT, ...then.flat(), 0x0b],
  loop: (body: readonly Code[]): Code => [0x03, NO_RESULT, ...body.flat(), 0x0b],
  /** To the start of the loop around it, when the operand is not zero. */
  brIf: (depth: number): Code => [0x0d, ...unsigned(depth)],
} as const;

function bytesOfU64(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff).concat([0, 0, 0, 0]);
}

const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): Code => [id, ...byteCount(content.length), ...content];
const name = (text: string): Code => vector([...text].map((letter) => [letter.charCodeAt(0)]));

export interface FunctionModule {
  /** Import and export names. */
  readonly memory: readonly [module: string, field: string];
  readonly maximumPages: number;
  readonly name: string;
  readonly parameters: readonly number[];
  readonly locals: readonly number[];
  readonly body: readonly Code[];
}

/** The module with one exported function without result, over an imported shared memory of any size up to the maximum. */
export function assemble(module: FunctionModule): Uint8Array<ArrayBuffer> {
  const FUNCTION_TYPE = 0x60;
  const MEMORY = 0x02;
  const SHARED_WITH_MAXIMUM = 0x03;
  const FUNCTION = 0x00;
  const END = 0x0b;
  const locals = vector(module.locals.map((local) => [1, local]));
  const body = [...locals, ...module.body.flat(), END];
  const limits = [SHARED_WITH_MAXIMUM, 0, ...unsigned(module.maximumPages)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d], // "\0asm"
    ...[1, 0, 0, 0], // version
    ...section(1, vector([[FUNCTION_TYPE, ...vector(module.parameters.map((one) => [one])), ...vector([])]])),
    ...section(2, vector([[...name(module.memory[0]), ...name(module.memory[1]), MEMORY, ...limits]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name(module.name), FUNCTION, 0]])),
    ...section(10, vector([[...unsigned(body.length), ...body]])),
  ]);
}
