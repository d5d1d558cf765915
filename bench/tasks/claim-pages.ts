// Claims and releases the page of one CPU for a while. Whoever has it adds one to a plain counter, which comes out right only
// when nobody else has it meanwhile.
import { parentPort, workerData } from 'node:worker_threads';
import { MemoryError } from '../../src/memory/memory-error.js';
import { type GuestHandle, joinGuest } from '../guest.js';

export interface ClaimTask {
  readonly guest: GuestHandle;
  readonly cpu: number;
  readonly workers: number;
  readonly milliseconds: number;
  /** Word 0: Workers that are ready. Then a cache line for each CPU, its first word counts claims. */
  readonly counters: Int32Array;
}

export interface ClaimReport {
  readonly claims: number;
  readonly refusals: number;
  readonly nanoseconds: number;
}

const { guest, cpu, workers, milliseconds, counters } = workerData as ClaimTask;
const { pages } = joinGuest(guest);
const counter = 16 * (1 + cpu);
let claims = 0;
let refusals = 0;

function claim(times: number): void {
  for (let i = 0; i < times; i++) {
    try {
      pages.claim(cpu, 40, 0);
    } catch (error) {
      if (!(error instanceof MemoryError && error.code === 'E_REENTRY')) throw error;
      refusals++;
      continue;
    }
    counters[counter]!++;
    pages.release(cpu);
    claims++;
  }
}

// The engine sees the loop before the others are waited for.
claim(20_000);
Atomics.add(counters, 0, 1);
Atomics.notify(counters, 0);
for (let ready = Atomics.load(counters, 0); ready < workers; ready = Atomics.load(counters, 0))
  Atomics.wait(counters, 0, ready);
const warm = { claims, refusals };
const start = performance.now();
let now = start;
for (; now - start < milliseconds; now = performance.now()) claim(200);
const report: ClaimReport & { all: number } = {
  claims: claims - warm.claims,
  refusals: refusals - warm.refusals,
  nanoseconds: (now - start) * 1e6,
  all: claims,
};
parentPort!.postMessage(report);
