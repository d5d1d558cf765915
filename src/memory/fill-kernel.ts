import { assemble, type Code, op, type } from './wasm-binary.js';
import { MAX_WASM_PAGES, type WasmMemory, wasmHost } from './wasm-host.js';

/**
 * Writes `count` consecutive u64 from the one with halves `lo` and `hi`, little-endian, wrapping at 2^64. `at` is a byte
 * offset in the memory, a multiple of 8; the caller has checked that the list fits.
 */
export type FillList = (at: number, lo: number, hi: number, count: number) => void;

/** The plain way, and the reference for the other: pairs of u32. `words` starts at offset 0 of the memory. */
export function fillByWords(words: Uint32Array): FillList {
  return (at, lo, hi, count) => {
    let low = lo >>> 0;
    let high = hi >>> 0;
    const end = at / 4 + 2 * count;
    for (let index = at / 4; index < end; index += 2) {
      words[index] = low;
      words[index + 1] = high;
      low = (low + 1) >>> 0;
      if (low === 0) high = (high + 1) >>> 0;
    }
  };
}

const [AT, LO, HI, COUNT, NEXT, PAIR, LEFT] = [0, 1, 2, 3, 4, 5, 6];
const ELEMENT = 8;
const VECTOR = 16;
/** Elements of one turn: 64 bytes, a cache line. Four stores hang on one addition each, not on each other. */
const TURN = 8;

const add32 = (local: number, value: number): Code[] => [
  op.localGet(local),
  op.i32Const(value),
  op.i32Add(),
  op.localSet(local),
];

/** Stores `NEXT` and goes on by one element. */
const storeOne: readonly Code[] = [
  ...[op.localGet(AT), op.localGet(NEXT), op.i64Store(0)],
  ...[op.localGet(NEXT), op.i64Const(1), op.i64Add(), op.localSet(NEXT)],
  ...add32(AT, ELEMENT),
  ...add32(COUNT, -1),
];

/** Stores elements `2 * index` and the one behind of a turn. */
const storePair = (index: number): Code[] => [
  op.localGet(AT),
  op.localGet(PAIR),
  ...(index === 0 ? [] : [op.v128Const([2 * index, 2 * index]), op.i64x2Add()]),
  op.v128Store(VECTOR * index),
];

const body: readonly Code[] = [
  // NEXT = HI << 32 | LO
  ...[op.localGet(HI), op.i64ExtendI32U(), op.i64Const(32), op.i64Shl()],
  ...[op.localGet(LO), op.i64ExtendI32U(), op.i64Or(), op.localSet(NEXT)],
  // Up to a multiple of 16, so that no store crosses a cache line.
  op.localGet(COUNT),
  op.if([op.localGet(AT), op.i32Const(ELEMENT), op.i32And(), op.if(storeOne)]),
  // Whole turns.
  ...[op.localGet(COUNT), op.i32Const(3), op.i32ShrU(), op.localSet(LEFT)],
  ...[op.localGet(NEXT), op.i64x2Splat(), op.v128Const([0, 1]), op.i64x2Add(), op.localSet(PAIR)],
  op.localGet(LEFT),
  op.if([
    op.loop([
      ...[0, 1, 2, 3].flatMap(storePair),
      ...[op.localGet(PAIR), op.v128Const([TURN, TURN]), op.i64x2Add(), op.localSet(PAIR)],
      ...add32(AT, TURN * ELEMENT),
      ...add32(LEFT, -1),
      ...[op.localGet(LEFT), op.brIf(0)],
    ]),
  ]),
  // What is left.
  ...[op.localGet(PAIR), op.i64x2ExtractLane(0), op.localSet(NEXT)],
  ...[op.localGet(COUNT), op.i32Const(TURN - 1), op.i32And(), op.localSet(COUNT)],
  op.localGet(COUNT),
  op.if([op.loop([...storeOne, op.localGet(COUNT), op.brIf(0)])]),
];

/** The bytes of the kernel's module. */
export function fillModule(): Uint8Array<ArrayBuffer> {
  return assemble({
    memory: ['guest', 'memory'],
    maximumPages: MAX_WASM_PAGES,
    name: 'fill',
    parameters: [type.i32, type.i32, type.i32, type.i32],
    locals: [type.i64, type.v128, type.i32],
    body,
  });
}

let compiled: object | undefined;

/**
 * The fast way, in place in a shared memory: 16-byte stores, as fast as C. Undefined where the host has no SIMD, no shared
 * memories, or forbids code generation.
 */
export function fillByKernel(memory: WasmMemory): FillList | undefined {
  const host = wasmHost();
  if (host === undefined) return undefined;
  try {
    compiled ??= new host.Module(fillModule());
    return new host.Instance(compiled, { guest: { memory } }).exports.fill as FillList;
  } catch {
    return undefined;
  }
}
