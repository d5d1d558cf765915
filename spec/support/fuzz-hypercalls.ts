import { hv_status } from '../../src/abi/hv/status.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { joinU64 } from '../../src/bytes/word.js';
import { CONVENTIONS, type Convention } from '../../src/hypercall/conventions.js';
import { captureNames, readCapture } from './captures.js';
import { type FuzzedPartition, GICD, MESSAGES, makePartitions, RAM, SIGNALS, VPS, WINDOW } from './fuzz-partitions.js';
import { checkGoodProcessor } from './good-processor.js';
import { randomWords } from './random.js';

/** How often each answer came up: code and status of calls, what else was done. */
export type HypercallTally = Map<string, number>;

interface Template {
  readonly control: bigint;
  readonly input: Uint8Array;
}

interface Rig {
  readonly next: () => number;
  readonly partitions: readonly FuzzedPartition[];
  readonly templates: readonly (readonly Template[])[];
  readonly tally: HypercallTally;
  /** Calls that interrupt handlers may still make in this step. */
  nested: number;
}

const CHECK_EVERY = 4096;
const STATUSES: ReadonlySet<number> = new Set(Object.values(hv_status).filter((one) => typeof one === 'number'));
const QWORDS = [
  0n,
  1n,
  2n,
  3n,
  0xffffffffffffffffn,
  0x42n,
  8n,
  0x4000000000000018n,
  0x8000000000000000n,
  0xfffffffen,
  0x10n,
  240n,
  241n,
];
const MSRS = [
  0x40000000, 0x40000001, 0x40000002, 0x40000020, 0x40000021, 0x40000022, 0x40000023, 0x40000073, 0x40000080,
  0x40000081, 0x40000082, 0x40000082, 0x40000083, 0x40000083, 0x40000084, 0x40000090, 0x40000092, 0x4000009f,
  0x400000b0, 0x40000100, 0x40000101, 0x40000104, 0x40000105, 0x40001080,
];

/**
 * A hostile guest's `count` hypercalls, register accesses and accesses to device space, on five kinds of partition: recorded
 * calls with spoils, calls of any shape, registers with any value, and now and then what a host does meanwhile. Throws where
 * the hypervisor does, for an answer that no status is, for a byte changed beside guest memory, and when after any of it a
 * VP that behaves cannot post a message, have it answered and get an event.
 */
export function fuzzHypercalls(count: number, seed: number): HypercallTally {
  const rig: Rig = {
    next: randomWords(seed),
    partitions: makePartitions(),
    templates: readTemplates(),
    tally: new Map(),
    nested: 0,
  };
  for (const one of rig.partitions) one.interrupted = (vp) => answerInterrupt(rig, one, vp);
  for (let i = 0; i < count; i++) {
    const one = rig.partitions[i % rig.partitions.length]!;
    try {
      rig.nested = 3;
      step(rig, one);
      one.queue.advance(1);
      if (i % CHECK_EVERY === CHECK_EVERY - 1 || i + 1 === count) checkAll(rig);
    } catch (error) {
      throw new Error(`step ${i} of seed ${seed} (${one.name}): ${(error as Error).message}`, { cause: error });
    }
  }
  return rig.tally;
}

/** Recorded calls by their code, so that a seldom one comes up as often as the rest. */
function readTemplates(): Template[][] {
  const byCode = new Map<unknown, Template[]>();
  for (const event of captureNames().flatMap(readCapture)) {
    if (event.k !== 'hypercall') continue;
    const same = byCode.get(event.code) ?? [];
    same.push({ control: BigInt(String(event.control)), input: hexToBytes(String(event.in)) });
    byCode.set(event.code, same);
  }
  return [...byCode.values()];
}

function step(rig: Rig, one: FuzzedPartition): void {
  const { next } = rig;
  switch (next() % 16) {
    case 0:
    case 1:
      accessRegister(rig, one);
      break;
    case 2:
    case 3:
      accessDevice(rig, one);
      break;
    case 4:
      actAsHost(rig, one);
      break;
    case 5:
      scribble(rig, one);
      break;
    default:
      callByRegisters(rig, one);
  }
}

function pick<T>(rig: Rig, list: readonly T[]): T {
  return list[rig.next() % list.length]!;
}

function anyQword(rig: Rig): bigint {
  const { next } = rig;
  switch (next() % 4) {
    case 0:
      return (BigInt(next()) << 32n) | BigInt(next());
    case 1:
      return BigInt(anyGpa(rig));
    case 2:
      return BigInt(next() & 0xff);
    default:
      return pick(rig, QWORDS);
  }
}

/** Mostly a page's start or a place near its end; sometimes a hole, a device or nowhere. */
function anyGpa(rig: Rig): number {
  const { next } = rig;
  const piece = pick(rig, RAM);
  const page = piece.gpa + (next() % (piece.length / 4096)) * 4096;
  switch (next() % 16) {
    case 0:
      return page + (next() & 0xfff);
    case 1:
      return page + 4096 - 8 * (1 + (next() & 31));
    case 2:
      return 0x10000 + (next() & 0xffff);
    case 3:
      return pick(rig, [WINDOW, GICD, 0x30000, 2 ** 40, 2 ** 52 - 8, 2 ** 52, 2 ** 53 - 1]);
    default:
      return page;
  }
}

/** A recorded call, a served one of any shape, or any word at all. */
function makeCall(rig: Rig, one: FuzzedPartition): { control: bigint; input: Uint8Array } {
  const { next } = rig;
  const way = next() % 8;
  if (way < 4) {
    const { control, input } = pick(rig, pick(rig, rig.templates));
    const spoiled = input.slice();
    for (let spoils = next() & 3; spoils > 0 && spoiled.length > 0; spoils--)
      spoiled[next() % spoiled.length] = pick(rig, [0, 1, 2, 0x10, 0x7f, 0x80, 0xff, next() & 0xff]);
    return { control: (next() & 3) === 0 ? control ^ (1n << BigInt(next() & 63)) : control, input: spoiled };
  }
  const codes = one.partition.calls.codes();
  const code = way === 7 ? next() & 0xffff : pick(rig, codes);
  const served = one.partition.calls.get(code);
  // One in eight has reps or a variable header where the call has none, or none where it has.
  const odd = (next() & 7) === 0;
  const reps =
    (served?.isRep ?? true) === odd ? 0 : pick(rig, [1, 1, 2, 3, 127, 128, 256, 509, 511, 4095, next() & 0xfff]);
  const start = (next() & 7) === 0 ? next() & 0xfff : 0;
  const varQwords = (served?.isVariable ?? true) === odd ? 0 : pick(rig, [1, 1, 2, 3, 64, 65, 511, next() & 0x3ff]);
  const noise = (next() & 15) === 0 ? (BigInt(next()) << 32n) | BigInt(next()) : 0n;
  const fast = next() & 1;
  const word =
    BigInt(code) | (BigInt(fast) << 16n) | (BigInt(varQwords) << 17n) | (BigInt(reps) << 32n) | (BigInt(start) << 48n);
  const words = new BigUint64Array(next() % 24);
  for (let i = 0; i < words.length; i++) words[i] = anyQword(rig);
  if (words.length > 0 && (next() & 1) === 0) words[0] = firstQword(rig, code);
  return { control: word ^ noise, input: new Uint8Array(words.buffer) };
}

/** A connection that there is, a page number that is memory, or the partition itself, which most calls name first. */
function firstQword({ next }: Rig, code: number): bigint {
  if (code === 0x5c) return BigInt(MESSAGES);
  if (code === 0x5d) return BigInt(SIGNALS) | (BigInt(next() % 2100) << 32n);
  return 0xffffffffffffffffn;
}

function callByRegisters(rig: Rig, one: FuzzedPartition): void {
  const { next } = rig;
  const { control, input } = makeCall(rig, one);
  const vp = pick(rig, VPS);
  const isFast = (control & 0x10000n) !== 0n;
  const inputGpa = anyGpa(rig);
  if (!isFast) place(one, inputGpa, input);
  if ((next() & 3) === 0) {
    callByGate(rig, one, vp, control, input, inputGpa);
    return;
  }
  const convention = conventionFor(rig, one);
  const registers: Record<string, bigint> = {};
  const put = (names: readonly string[], value: bigint): void => {
    registers[names[0]!] = names[1] === undefined ? value : value & 0xffffffffn;
    if (names[1] !== undefined) registers[names[1]] = value >> 32n;
  };
  if (isFast) {
    const words = qwordsOf(input);
    for (const [i, names] of convention.fast.entries()) put(names, words[i] ?? 0n);
  } else {
    put(convention.inputGpa, (next() & 31) === 0 ? anyQword(rig) : BigInt(inputGpa));
    put(convention.outputGpa, (next() & 31) === 0 ? anyQword(rig) : BigInt(anyGpa(rig)));
  }
  let word = control;
  for (let resumes = 0; ; resumes++) {
    put(convention.control, word);
    const { registers: after, retry, fault } = one.partition.hypercall(vp, convention, registers);
    if (fault !== undefined) {
      count(rig, 'fault');
      return;
    }
    if (!retry) {
      judge(rig, one, control, joined(convention.result, after));
      return;
    }
    const again = joined(convention.control, after);
    if (again === word || resumes > 4096) throw new Error(`call ${control.toString(16)} comes no further`);
    word = again;
    Object.assign(registers, after);
  }
}

function callByGate(rig: Rig, one: FuzzedPartition, vp: number, control: bigint, input: Uint8Array, gpa: number): void {
  const gate = one.partition.gate(vp);
  const lo = Number(control & 0xffffffffn);
  const hi = Number(control >> 32n);
  if ((control & 0x10000n) === 0n) gate.hypercall(lo, hi, gpa, anyGpa(rig));
  else gate.hypercallFast(lo, hi, qwordsOf(input));
  judge(rig, one, control, joinU64(gate.resultLo, gate.resultHi));
}

function conventionFor(rig: Rig, { partition }: FuzzedPartition): Convention {
  if (partition.arch === 'x64') return (rig.next() & 7) === 0 ? CONVENTIONS['x86-32'] : CONVENTIONS.x64;
  return (rig.next() & 1) === 0 ? CONVENTIONS['arm64-hvc'] : CONVENTIONS['arm64-smccc'];
}

function judge(rig: Rig, one: FuzzedPartition, control: bigint, result: bigint): void {
  const status = Number(result & 0xffffn);
  const done = Number((result >> 32n) & 0xfffn);
  const reps = Number((control >> 32n) & 0xfffn);
  const isSound = STATUSES.has(status) && (result & 0xfffff000ffff0000n) === 0n && done <= reps;
  if (!isSound) throw new Error(`call ${control.toString(16)} of ${one.name} gives ${result.toString(16)}`);
  const code = Number(control & 0xffffn);
  const name = one.partition.calls.get(code) === undefined ? 'unknown' : code.toString(16);
  count(rig, `${name} ${status.toString(16)}`);
}

function accessRegister(rig: Rig, { partition }: FuzzedPartition): void {
  const { next } = rig;
  const vp = pick(rig, VPS);
  const msr = (next() & 15) === 0 ? next() : pick(rig, MSRS) + ((next() & 7) === 0 ? next() & 15 : 0);
  if ((next() & 3) === 0) {
    const value = partition.rdmsr(vp, msr);
    if (value !== undefined && (value < 0n || value >> 64n !== 0n)) throw new Error(`register ${msr} reads ${value}`);
    count(rig, value === undefined ? 'rdmsr fault' : 'rdmsr');
    return;
  }
  const value = (next() & 1) === 0 ? anyQword(rig) : BigInt(anyGpa(rig) | (next() & 1));
  count(rig, partition.wrmsr(vp, msr, value) ? 'wrmsr' : 'wrmsr fault');
}

function accessDevice(rig: Rig, { partition }: FuzzedPartition): void {
  const { next } = rig;
  const vp = pick(rig, VPS);
  const size = pick(rig, [1, 2, 4, 8] as const);
  const gpa =
    (next() & 7) === 0
      ? anyGpa(rig)
      : pick(rig, [WINDOW, WINDOW + 0x1ff8, GICD, GICD + 0x6000, GICD + 0x100]) + (next() & 0xff);
  if ((next() & 1) === 0) partition.mmioWrite(vp, gpa, size, anyQword(rig));
  else {
    const value = partition.mmioRead(vp, gpa, size);
    if (value < 0n || value >> BigInt(8 * size) !== 0n) throw new Error(`${gpa} reads ${value} in ${size} bytes`);
  }
  count(rig, 'mmio');
}

function actAsHost(rig: Rig, { partition, message }: FuzzedPartition): void {
  const { next } = rig;
  const vp = pick(rig, [...VPS, 5]);
  switch (next() & 3) {
    case 0:
      partition.postMessage(vp, next() % 18, 1, new Uint8Array(next() % 241));
      break;
    case 1:
      partition.signalEvent(vp, next() % 18, next() % 2100);
      break;
    default:
      partition.interrupts.raise({ address: message.address, data: message.data + (next() % 5) });
  }
  count(rig, 'host');
}

/** Guest memory that the hypervisor also writes: slots, flags, lists. */
function scribble(rig: Rig, { memory }: FuzzedPartition): void {
  const gpa = anyGpa(rig);
  if (memory.has(gpa, 8)) memory.writeU64(gpa, anyQword(rig));
}

function answerInterrupt(rig: Rig, one: FuzzedPartition, vp: number): void {
  if (rig.nested <= 0 || (rig.next() & 3) !== 0) return;
  rig.nested--;
  if ((rig.next() & 1) === 0) one.partition.wrmsr(vp, 0x40000084, 0n);
  else callByRegisters(rig, one);
}

function checkAll(rig: Rig): void {
  rig.nested = 0;
  for (const one of rig.partitions) {
    checkGoodProcessor(one);
    count(rig, 'good');
  }
}

function place({ memory }: FuzzedPartition, gpa: number, input: Uint8Array): void {
  const length = Math.min(input.length, 4096 - (gpa % 4096));
  if (length > 0 && memory.has(gpa, length)) memory.write(gpa, input.subarray(0, length));
}

function qwordsOf(input: Uint8Array): BigUint64Array {
  const words = new BigUint64Array(16);
  new Uint8Array(words.buffer).set(input.subarray(0, 128));
  return words;
}

function joined(names: readonly string[], registers: Readonly<Record<string, bigint>>): bigint {
  const low = registers[names[0]!] ?? 0n;
  return names[1] === undefined ? low : low | ((registers[names[1]] ?? 0n) << 32n);
}

function count({ tally }: Rig, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}
