import { Worker } from 'node:worker_threads';

/** What both Workers have to agree on. */
export interface Traffic {
  readonly packets: number;
  readonly seed: number;
  readonly dataBytes: number;
  /** Where both indices begin, so that wraps fall elsewhere in every run. */
  readonly start: number;
  /** Longest payload; lengths, kinds, contents and batches come from the seed. */
  readonly maxPayload: number;
  /** Every batch waits for a reader that is about to sleep, so that every batch has to signal. */
  readonly lockstep?: boolean;
}

/** Where things lie in the shared memory, from its start. */
export const PACKET_BELL = 0;
export const SPACE_BELL = 64;
export const COUNTS = 128;
export const CONTROL = 4096;

/** What a side counted, as words from COUNTS on. */
export const COUNTERS = ['batches', 'signals', 'unmasks', 'sleeps', 'spaceSignals', 'requests', 'spaceSleeps'] as const;
export type Counter = (typeof COUNTERS)[number];

/** What a side saw go by. */
export interface Seen {
  /** First thing that was wrong. */
  fault: string;
  packets: number;
  bytes: number;
  wraps: number;
}

export interface TrafficResult extends Seen {
  readonly counts: Readonly<Record<Counter, number>>;
}

/** Runs a writing and a reading Worker to their end; `fault` is empty when content, order, number and signals were right. */
export async function runTraffic(traffic: Traffic): Promise<TrafficResult> {
  const shared = new SharedArrayBuffer(CONTROL + 4096 + traffic.dataBytes);
  const control = new Int32Array(shared, CONTROL, 3);
  control.fill(traffic.start, 0, 2);
  control[2] = 1;
  const file = new URL('./ring-worker.js', import.meta.url);
  const run = (role: 'writer' | 'reader'): Promise<Seen> => {
    const worker = new Worker(file, { workerData: { role, shared, traffic } });
    return new Promise((done, fail) => {
      worker.once('message', (seen: Seen) => done(seen));
      worker.once('error', fail);
      worker.once('exit', (code) => fail(new Error(`the ${role} ended with ${code}`)));
    });
  };
  const [written, read] = await Promise.all([run('writer'), run('reader')]);
  const words = new Int32Array(shared, COUNTS, COUNTERS.length);
  const counts = Object.fromEntries(COUNTERS.map((name, i) => [name, words[i]!])) as Record<Counter, number>;
  const faults = [
    written.fault,
    read.fault,
    JSON.stringify(written) === JSON.stringify(read)
      ? ''
      : `sent ${JSON.stringify(written)}, got ${JSON.stringify(read)}`,
    control[0] === control[1] ? '' : `the indices end at ${control[0]} and ${control[1]}`,
    signalFault(counts, traffic.lockstep === true),
  ];
  return { ...read, fault: faults.filter((fault) => fault !== '').join('; '), counts };
}

/**
 * Every sleep needs a signal, and one unmask or request is never answered by two; in between it is a matter of timing who
 * notices first. In lockstep nothing is left to timing.
 */
function signalFault(counts: Readonly<Record<Counter, number>>, lockstep: boolean): string {
  const { batches, signals, unmasks, sleeps, spaceSignals, requests, spaceSleeps } = counts;
  if (lockstep && signals !== batches) return `${signals} signals for ${batches} batches`;
  if (signals < sleeps || signals > unmasks) return `${signals} signals, ${sleeps} sleeps in ${unmasks} unmasks`;
  if (spaceSignals < spaceSleeps || spaceSignals > requests)
    return `${spaceSignals} space signals, ${spaceSleeps} sleeps in ${requests} requests`;
  return '';
}
