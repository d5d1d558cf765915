// One CPU of the rep-batching bench, in a Worker of its own: joins the guest, makes its part of the calls, says how long they took.
import { parentPort, workerData } from 'node:worker_threads';
import { callReps } from '../../src/hypercall/rep-loop.js';
import { inputSide } from '../../src/layout/hypercall.js';
import { joinGuest } from '../guest.js';
import type { CpuSetup, Order, Report } from '../rep-batching/cpus.js';
import { DOMAIN_ID, OPERATIONS } from '../rep-batching/operations.js';
import { StubHypervisor } from '../stub-hypervisor.js';

const { cpu, cpus, operation: name, guest, tables, from, to, stopAfter, fastBytes, barrier } = workerData as CpuSetup;
const { memory, pages } = joinGuest(guest);
const gate = new StubHypervisor(cpu, memory.window(0, memory.size)!, tables, DOMAIN_ID, stopAfter);
const operation = OPERATIONS[name];
const job = operation.job(fastBytes === undefined ? memory : undefined);
const { code } = job.call;
const { header, element } = inputSide(job.call);

function refused(first: number): never {
  throw new Error(`the call at ${first} ended with status ${gate.resultLo}, ${gate.resultHi} reps done`);
}

/** Pages claimed, inputs written, pages released; no calls. */
function encodeOnly(size: number, begin: number, end: number): void {
  for (let first = begin; first < end; first += size) {
    const count = Math.min(size, end - first);
    job.write(pages.claim(cpu, header + element * count, 0, 0), first, count);
    pages.release(cpu);
  }
}

/** The calls alone: one input over and over, advanced by its address where it has one. */
function dispatchOnly(size: number, begin: number, end: number): void {
  const area = pages.claim(cpu, header + element * size, 0, 0);
  job.write(area, from, size);
  const { addressAt } = operation;
  for (let first = begin; first < end; first += size) {
    const count = Math.min(size, end - first);
    if (addressAt !== undefined) {
      const page = tables.firstPage + first - from;
      area.input.setInt32(addressAt, page << 12, true);
      area.input.setInt32(addressAt + 4, (page / 0x10_0000) | 0, true);
    }
    if (callReps(gate, code, count, area.inputGpa, 0).done !== count) refused(first);
  }
  pages.release(cpu);
}

/** What a driver does. */
function total(size: number, begin: number, end: number): void {
  for (let first = begin; first < end; first += size) {
    const count = Math.min(size, end - first);
    const area = pages.claim(cpu, header + element * count, 0, 0);
    job.write(area, first, count);
    if (callReps(gate, code, count, area.inputGpa, 0).done !== count) refused(first);
    pages.release(cpu);
  }
}

const registers = new BigUint64Array((fastBytes ?? 0) / 8);
const registerArea = { input: new DataView(registers.buffer), inputGpa: 0 };

/** The same with the input in registers. */
function fast(size: number, begin: number, end: number): void {
  for (let first = begin; first < end; first += size) {
    const count = Math.min(size, end - first);
    job.write(registerArea, first, count);
    gate.hypercallFast(code | 0x10000, count, registers);
    if (gate.resultLo !== 0 || gate.resultHi !== count) refused(first);
  }
}

const WAYS = { encode: encodeOnly, dispatch: dispatchOnly, total, fast } as const;
const words = new Int32Array(barrier);
/** About a millisecond. */
const SPIN = 100_000;

/** Goes on when all CPUs are here. */
function meet(): void {
  const target = (Math.floor(Atomics.add(words, 0, 1) / cpus) + 1) * cpus;
  // Spinning for a moment, so that all start at once; then asleep, where another has no core.
  for (let turn = 0; Atomics.load(words, 0) < target; turn++)
    if (turn > SPIN) Atomics.wait(words, 0, Atomics.load(words, 0), 1);
}

const now = (): number => Number(process.hrtime.bigint());

let cursor = from;

/** The next so many pages, around the range of this CPU. */
function goOn(run: (size: number, begin: number, end: number) => void, size: number, pages: number): void {
  for (let left = pages; left > 0; ) {
    if (cursor >= to) cursor = from;
    const end = Math.min(to, cursor + left);
    gate.deposited = cursor - from;
    run(size, cursor, end);
    left -= end - cursor;
    cursor = end;
  }
}

parentPort!.on('message', ({ way, size, rounds, pages: count, anew }: Order) => {
  const starts: number[] = [];
  const ends: number[] = [];
  const run = WAYS[way];
  if (anew) cursor = from;
  for (let round = 0; round < rounds; round++) {
    gate.calls = 0;
    meet();
    starts.push(now());
    goOn(run, size, count);
    ends.push(now());
  }
  const report: Report = { starts, ends, calls: gate.calls };
  parentPort!.postMessage(report);
});
