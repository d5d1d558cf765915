import { hiOf, joinU64, loOf } from '../bytes/word.js';
import type { Convention, Registers } from '../hypercall/conventions.js';
import type { CallTrace, MadeCall } from './call-trace.js';
import type { Dispatcher, FastOutput } from './dispatcher.js';
import { gpaNumber } from './gpa.js';
import type { VirtualProcessor } from './virtual-processor.js';

const FAST = 0x10000;
const HALF = 32n;
/** X0 to X8: what captures have. */
const RECORDED_X = 9;

/** What a hypercall instruction did. */
export interface InstructionResult {
  /** All that were given, and those that were written. */
  readonly registers: Registers;
  /** The instruction is to be executed again, with these registers: it is not done. */
  readonly retry: boolean;
  /** The instruction raised #UD; no register changed. */
  readonly fault?: '#UD';
}

/** One execution of a hypercall instruction, with registers by name. `at` is its address, for the trace. */
export function executeCall(
  dispatcher: Dispatcher,
  trace: CallTrace | undefined,
  processor: VirtualProcessor,
  convention: Convention,
  registers: Registers,
  at?: bigint,
): InstructionResult {
  const control = joined(convention.control, registers);
  const lo = loOf(control);
  const hi = hiOf(control);
  const isFast = (lo & FAST) !== 0;
  const words = isFast ? fastWords(convention, registers) : undefined;
  const made: MadeCall = {
    lo,
    hi,
    fast: isFast,
    inputGpa: isFast ? 0 : gpaNumber(joined(convention.inputGpa, registers)),
    outputGpa: isFast ? 0 : gpaNumber(joined(convention.outputGpa, registers)),
    ...(words === undefined || trace === undefined ? {} : { registers: words.slice() }),
    ...(trace === undefined ? {} : { origin: originOf(convention, registers, at) }),
  };
  const input = trace?.inputOf(made);
  const frame = processor.frames.take();
  try {
    if (words === undefined) dispatcher.slow(frame, lo, hi, made.inputGpa, made.outputGpa);
    else dispatcher.fast(frame, lo, hi, words, words.length / 2, convention.fastOutput satisfies FastOutput);
    if (trace !== undefined && input !== undefined) trace.record(frame, made, input);
  } finally {
    processor.frames.give();
  }
  if (frame.fault) return { registers, retry: false, fault: '#UD' };
  const after: Record<string, bigint> = { ...registers };
  if (words !== undefined) putFastWords(convention, words, registers, after);
  if (frame.retry) put(convention.control, joinU64(lo, frame.retryHi), after);
  else put(convention.result, joinU64(frame.resultLo, frame.resultHi), after);
  return { registers: after, retry: frame.retry };
}

function originOf({ name }: Convention, registers: Registers, at: bigint | undefined) {
  return {
    ...(at === undefined ? {} : { at }),
    ...(name === 'x64' && registers.RAX !== undefined ? { rax: registers.RAX } : {}),
    ...(name === 'arm64-smccc' || name === 'arm64-hvc'
      ? { x: Array.from({ length: RECORDED_X }, (_, i) => registers[`X${i}`] ?? 0n) }
      : {}),
  };
}

function fastWords({ fast }: Convention, registers: Registers): BigUint64Array {
  return BigUint64Array.from(fast, (names) => joined(names, registers));
}

function putFastWords(
  { fast }: Convention,
  words: BigUint64Array,
  before: Registers,
  after: Record<string, bigint>,
): void {
  for (const [i, names] of fast.entries()) if (joined(names, before) !== words[i]!) put(names, words[i]!, after);
}

function joined(names: readonly string[], registers: Registers): bigint {
  const [low, high] = names;
  const word = registers[low!] ?? 0n;
  if (high === undefined) return BigInt.asUintN(64, word);
  return BigInt.asUintN(32, word) | (BigInt.asUintN(32, registers[high] ?? 0n) << HALF);
}

function put(names: readonly string[], value: bigint, into: Record<string, bigint>): void {
  const [low, high] = names;
  into[low!] = high === undefined ? value : BigInt.asUintN(32, value);
  if (high !== undefined) into[high] = BigInt.asUintN(32, value >> HALF);
}
