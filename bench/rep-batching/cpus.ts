import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Pace } from '../case.js';
import { type GuestHandle, makeGuest } from '../guest.js';
import { median } from '../race.js';
import type { StubTables } from '../stub-hypervisor.js';
import { FIRST_PAGE, OPERATIONS, type OperationName, PAGES } from './operations.js';

/** What a CPU starts with. */
export interface CpuSetup {
  readonly cpu: number;
  readonly cpus: number;
  readonly operation: OperationName;
  readonly guest: GuestHandle;
  /** The part of the tables that this CPU's elements go to. */
  readonly tables: StubTables;
  readonly from: number;
  readonly to: number;
  /** Reps after which the stub returns with less than was asked for. */
  readonly stopAfter: number;
  /** Registers for fast calls, in bytes; without, inputs are in memory. */
  readonly fastBytes: number | undefined;
  readonly barrier: SharedArrayBuffer;
}

export type Way = 'encode' | 'dispatch' | 'total' | 'fast';

export interface Order {
  readonly way: Way;
  readonly size: number;
  readonly rounds: number;
  /** Pages of one round on each CPU. A round goes on where the last one ended, around the CPU's range. */
  readonly pages: number;
  /** Begins at the start of the range. */
  readonly anew?: boolean;
}

/** Nanoseconds on a clock that all Workers share, one for each round; calls of the last round. */
export interface Report {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly calls: number;
}

export interface Measured {
  /** Median of the rounds, nanoseconds for one page. */
  readonly ns: number;
  /** Fastest and slowest round. */
  readonly range: readonly [number, number];
  /** Calls that all pages take. */
  readonly calls: number;
}

/** One thing to time. */
export interface Task {
  readonly cpus: Cpus;
  readonly way: Way;
  readonly size: number;
}

/** Rounds are short, so that most of them are whole where others want the processor too. */
const PACES = {
  full: { passes: 15, rounds: 3, roundMs: 1.5 },
  quick: { passes: 1, rounds: 2, roundMs: 0.5 },
} as const;

/**
 * Times the tasks in turns, several passes: a machine that is slow for a while is slow for all of them. What `total` and
 * `fast` leave is checked in a run of its own before.
 */
export async function measureAll(tasks: readonly Task[], pace: Pace): Promise<Measured[]> {
  const { passes, rounds, roundMs } = PACES[pace];
  const orders: Order[] = [];
  const calls: number[] = [];
  for (const { cpus, way, size } of tasks) {
    const ready = await cpus.ready(way, size, roundMs);
    orders.push({ way, size, rounds, pages: ready.pages });
    calls.push(ready.calls);
  }
  const found = tasks.map((): number[] => []);
  for (let pass = 0; pass < passes; pass++)
    for (const [index, { cpus }] of tasks.entries()) found[index]!.push(...(await cpus.run(orders[index]!)).each);
  return found.map((each, index) => ({
    ns: median(each),
    range: [Math.min(...each), Math.max(...each)],
    calls: calls[index]!,
  }));
}

/** The CPUs of one operation, each a Worker with code of its own: what one operation taught the engine is nothing to another. */
export class Cpus {
  readonly #workers: readonly Worker[];
  readonly #tables: StubTables;
  readonly #operation: OperationName;
  /** Pages of each CPU. */
  readonly #share: number;

  constructor(operation: OperationName, cpus: number, options: { stopAfter?: number; fastBytes?: number } = {}) {
    const guest = makeGuest(cpus);
    const barrier = new SharedArrayBuffer(4);
    const tables: StubTables = {
      firstPage: FIRST_PAGE,
      entries: new Uint32Array(new SharedArrayBuffer(PAGES * 8)),
      pool: new Uint32Array(new SharedArrayBuffer(PAGES * 8)),
      flushed: new Uint8Array(new SharedArrayBuffer(PAGES)),
    };
    this.#operation = operation;
    this.#share = PAGES / cpus;
    this.#tables = tables;
    this.#workers = Array.from({ length: cpus }, (_, cpu) => {
      const from = this.#share * cpu;
      const to = from + this.#share;
      const setup: CpuSetup = {
        cpu,
        cpus,
        operation,
        guest: guest.handle,
        tables: {
          firstPage: FIRST_PAGE + from,
          entries: tables.entries.subarray(2 * from, 2 * to),
          pool: tables.pool.subarray(2 * from, 2 * to),
          flushed: tables.flushed.subarray(from, to),
        },
        from,
        to,
        stopAfter: options.stopAfter ?? 4096,
        fastBytes: options.fastBytes,
        barrier,
      };
      return new Worker(new URL('../tasks/rep-worker.js', import.meta.url), { workerData: setup });
    });
  }

  /** Checks and warms up one way of working; returns the pages of a round of about `roundMs`, and the calls of all pages. */
  async ready(way: Way, size: number, roundMs: number): Promise<{ pages: number; calls: number }> {
    if (way === 'total' || way === 'fast') await this.#check(way, size);
    // The engine's last changes to the code happen outside of what is timed.
    const { each, calls } = await this.run({ way, size, rounds: 3, pages: this.#share, anew: true });
    const fitting = (roundMs * 1e6) / Math.min(...each) / this.#workers.length;
    return { pages: Math.ceil(fitting / size) * size, calls };
  }

  async #check(way: Way, size: number): Promise<void> {
    const operation = OPERATIONS[this.#operation];
    operation.prepare(this.#tables);
    await this.run({ way, size, rounds: 1, pages: this.#share, anew: true });
    const wrong = operation.firstWrong(this.#tables);
    if (wrong >= 0) throw new Error(`${this.#operation}, ${size} a call: element ${wrong} is not what it has to be`);
  }

  /** Nanoseconds for one page in each round, from the first CPU's start to the last one's end. */
  async run(order: Order): Promise<{ each: number[]; calls: number }> {
    const reports = await Promise.all(
      this.#workers.map(async (worker) => {
        worker.postMessage(order);
        const [report] = (await once(worker, 'message')) as [Report];
        return report;
      }),
    );
    const pages = order.pages * this.#workers.length;
    const each = Array.from({ length: order.rounds }, (_, round) => {
      const end = Math.max(...reports.map(({ ends }) => ends[round]!));
      return (end - Math.min(...reports.map(({ starts }) => starts[round]!))) / pages;
    });
    return { each, calls: reports.reduce((sum, { calls }) => sum + calls, 0) };
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
