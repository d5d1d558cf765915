import { EncodeError } from '../bytes/errors.js';
import { viewOf } from '../bytes/span.js';

/**
 * How a hypercall travels in registers (TLFS "Hypercall Interface"; microsoft/openvmm vm/hv1/hv1_hypercall x86.rs and
 * aarch64.rs). Registers are named; XMM halves are XMM0.lo, XMM0.hi.
 */
export interface Convention {
  readonly name: 'x64' | 'x86-32' | 'arm64-hvc' | 'arm64-smccc';
  /** Registers of the control word, low half first where it takes two. */
  readonly control: readonly string[];
  readonly inputGpa: readonly string[];
  readonly outputGpa: readonly string[];
  readonly result: readonly string[];
  /** Qwords of fast input and output, in order: each one register, or low and high half. */
  readonly fast: readonly (readonly string[])[];
  /** Where a fast call's output is found: behind the input's last pair, at the end, or nowhere. */
  readonly fastOutput: 'next pair' | 'last pairs' | 'none';
  /** Bytes of the instruction. */
  readonly instruction: number;
}

const xmm = [0, 1, 2, 3, 4, 5].flatMap((i) => [[`XMM${i}.lo`], [`XMM${i}.hi`]]);
const x = (from: number, to: number): string[][] => Array.from({ length: to - from + 1 }, (_, i) => [`X${from + i}`]);

export const CONVENTIONS: Readonly<Record<Convention['name'], Convention>> = {
  x64: {
    name: 'x64',
    control: ['RCX'],
    inputGpa: ['RDX'],
    outputGpa: ['R8'],
    result: ['RAX'],
    fast: [['RDX'], ['R8'], ...xmm],
    fastOutput: 'next pair',
    instruction: 3,
  },
  'x86-32': {
    name: 'x86-32',
    control: ['EAX', 'EDX'],
    inputGpa: ['ECX', 'EBX'],
    outputGpa: ['ESI', 'EDI'],
    result: ['EAX', 'EDX'],
    fast: [
      ['ECX', 'EBX'],
      ['ESI', 'EDI'],
    ],
    fastOutput: 'none',
    instruction: 3,
  },
  'arm64-hvc': {
    name: 'arm64-hvc',
    control: ['X0'],
    inputGpa: ['X1'],
    outputGpa: ['X2'],
    result: ['X0'],
    fast: x(1, 16),
    fastOutput: 'last pairs',
    instruction: 4,
  },
  'arm64-smccc': {
    name: 'arm64-smccc',
    control: ['X1'],
    inputGpa: ['X2'],
    outputGpa: ['X3'],
    result: ['X0'],
    fast: x(2, 17),
    fastOutput: 'next pair',
    instruction: 4,
  },
};

export type Registers = Readonly<Record<string, bigint>>;

/** Fast data moves in pairs of qwords. */
const PAIR = 16;
const pairs = (bytes: number): number => Math.ceil(bytes / PAIR);

/** Most bytes of fast input and output together. */
export function fastCapacity(convention: Convention): number {
  return convention.fast.length * 8;
}

function split(names: readonly string[], value: bigint): [string, bigint][] {
  if (names.length === 1) return [[names[0]!, BigInt.asUintN(64, value)]];
  return [
    [names[0]!, BigInt.asUintN(32, value)],
    [names[1]!, BigInt.asUintN(32, value >> 32n)],
  ];
}

function join(names: readonly string[], registers: Registers): bigint {
  const of = (name: string): bigint => registers[name] ?? 0n;
  return names.length === 1
    ? of(names[0]!)
    : BigInt.asUintN(32, of(names[0]!)) | (BigInt.asUintN(32, of(names[1]!)) << 32n);
}

/** Registers of a memory-based call. */
export function slowRegisters(convention: Convention, control: bigint, inputGpa: bigint, outputGpa: bigint): Registers {
  return Object.fromEntries([
    ...split(convention.control, control),
    ...split(convention.inputGpa, inputGpa),
    ...split(convention.outputGpa, outputGpa),
  ]);
}

/** Control word and GPAs of a memory-based call. */
export function readSlow(
  convention: Convention,
  registers: Registers,
): { control: bigint; inputGpa: bigint; outputGpa: bigint } {
  return {
    control: join(convention.control, registers),
    inputGpa: join(convention.inputGpa, registers),
    outputGpa: join(convention.outputGpa, registers),
  };
}

/** Registers of a fast call; the last pair is filled up with zeros. Throws EncodeError E_LENGTH when input and output do not fit. */
export function fastRegisters(convention: Convention, control: bigint, input: Uint8Array, outputBytes = 0): Registers {
  requireFast(convention, input.length, outputBytes);
  const entries = split(convention.control, control);
  const view = viewOf(padded(input));
  for (let i = 0; i < view.byteLength / 8; i++)
    entries.push(...split(convention.fast[i]!, view.getBigUint64(i * 8, true)));
  return Object.fromEntries(entries);
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(pairs(bytes.length) * PAIR);
  out.set(bytes);
  return out;
}

function requireFast(convention: Convention, inputBytes: number, outputBytes: number): void {
  if (outputBytes > 0 && convention.fastOutput === 'none')
    throw new EncodeError('E_LENGTH', `${convention.name} has no fast output`);
  const room = fastCapacity(convention);
  const used = (pairs(inputBytes) + pairs(outputBytes)) * PAIR;
  if (used > room)
    throw new EncodeError(
      'E_LENGTH',
      `${inputBytes} bytes in and ${outputBytes} out take ${used} bytes of registers, ${convention.name} has ${room}`,
    );
}

/** The input of a fast call. Throws EncodeError E_LENGTH. */
export function readFastInput(convention: Convention, registers: Registers, bytes: number): Uint8Array {
  requireFast(convention, bytes, 0);
  return readQwords(convention, registers, 0, bytes);
}

function readQwords(convention: Convention, registers: Registers, from: number, bytes: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes / 8) * 8);
  const view = viewOf(out);
  for (let i = 0; i < out.length / 8; i++) view.setBigUint64(i * 8, join(convention.fast[from + i]!, registers), true);
  return out.subarray(0, bytes);
}

/** First qword of a fast call's output. */
function outputAt(convention: Convention, inputBytes: number, outputBytes: number): number {
  return convention.fastOutput === 'last pairs'
    ? convention.fast.length - pairs(outputBytes) * 2
    : pairs(inputBytes) * 2;
}

/** The output of a fast call whose input had `inputBytes`. Throws EncodeError E_LENGTH. */
export function readFastOutput(
  convention: Convention,
  registers: Registers,
  inputBytes: number,
  outputBytes: number,
): Uint8Array {
  requireFast(convention, inputBytes, outputBytes);
  return readQwords(convention, registers, outputAt(convention, inputBytes, outputBytes), outputBytes);
}

/** Registers with a fast call's output and result set; an odd last qword has a zero beside it. Throws EncodeError E_LENGTH. */
export function withFastOutput(
  convention: Convention,
  registers: Registers,
  inputBytes: number,
  output: Uint8Array,
  result: bigint,
): Registers {
  requireFast(convention, inputBytes, output.length);
  const from = outputAt(convention, inputBytes, output.length);
  const view = viewOf(padded(output));
  const entries = split(convention.result, result);
  for (let i = 0; i < view.byteLength / 8; i++)
    entries.push(...split(convention.fast[from + i]!, view.getBigUint64(i * 8, true)));
  return { ...registers, ...Object.fromEntries(entries) };
}
