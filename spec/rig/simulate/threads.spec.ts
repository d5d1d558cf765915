import type { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import { stampTrace } from '../../../src/capture/recorder.js';
import type { IommuChoice } from '../../../src/rig/simulate/iommu-choice.js';
import { simulateInThreads, type ThreadResult } from '../../../src/rig/threads/run-threads.node.js';
import { compareMoves, guestMoves, timeless } from '../../support/guest-moves.js';
import { asRecorded, checked, recordedRun, type SimulationKey } from './recorded-run.js';

const threads = suite('rig: a Worker for each VP');
const NO_TRACE = { trace: () => ({ event: () => undefined }) } as const;
const THREAD = new URL('../../../src/rig/threads/vp-thread.node.js', import.meta.url);
/** Far more than any of these runs takes: only one that hangs reaches it. */
const HANGS_MS = 60_000;

/** A Worker that does something else first, as a file of its own would. */
function threadThat(code: string): URL {
  return new URL(
    `data:text/javascript,${encodeURIComponent(`import { workerData } from 'node:worker_threads';
${code}
await import(${JSON.stringify(THREAD.href)});`)}`,
  );
}

/** Rejects where `run` does not come to an end. */
async function endOf<T>(run: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error('it hangs')), HANGS_MS);
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}

const started: Worker[] = [];
process.on('worker', (worker) => started.push(worker));
/** How many of the Workers that were ever started have not ended. */
const workersLeft = (): number => started.filter((worker) => worker.threadId !== -1).length;

async function threadedRun(
  name: SimulationKey,
  cpus: number,
  arch: 'x64' | 'arm64' = 'x64',
  iommu?: IommuChoice,
): Promise<ThreadResult & { readonly events: readonly Event[] }> {
  const events: Event[] = [];
  const result = await simulateInThreads(name, {
    arch,
    cpus,
    ...(iommu === undefined ? {} : { iommu }),
    trace: (queue) => stampTrace(queue, { event: (record) => void events.push(asRecorded(record)) }),
  });
  return { ...result, events };
}

// Unmaps that are flushed one by one wait for no timer, which would run in real time there.
const STRICT: IommuChoice = { domain: 'paging', mode: 'strict' };

for (const [name, arch, iommu] of [
  ['boot', 'x64', undefined],
  ['boot', 'arm64', undefined],
  ['pviommu', 'x64', STRICT],
] as const)
  threads(`${name} with one VP on ${arch}: the same bytes as in one thread`, async () => {
    const there = await threadedRun(name, 1, arch, iommu);
    assert.equal(there.failures, []);
    const here = recordedRun(name, { arch, cpus: 1, ...(iommu === undefined ? {} : { iommu }) });
    assert.equal(here.failures, []);
    assert.ok(checked(there.events).ok);
    const [theirs, ours] = [guestMoves(there.events), guestMoves(here.events)];
    assert.equal([...theirs.keys()].sort(), [...ours.keys()].sort());
    for (const [stream, moves] of ours)
      assert.equal(compareMoves(timeless(moves), timeless(theirs.get(stream)!), []), [], stream);
    assert.ok((ours.get('VMBus messages')?.length ?? 0) >= 6);
  });

threads('boot with two VPs, each in its Worker', async () => {
  const { failures, checks, events } = await threadedRun('boot', 2);
  assert.equal(failures, []);
  assert.ok(checks >= 10);
  assert.ok(checked(events).ok);
  const callers = new Set(events.filter((event) => event.k === 'wrmsr').map((event) => event.vp));
  assert.equal(callers, new Set([0, 1]));
});

for (const cpu of [0, 1])
  threads(`what the Worker of CPU ${cpu} throws is what the run rejects with, and all Workers end`, async () => {
    const thread = threadThat(`if (workerData.cpu === ${cpu})
      Atomics.wait = () => { throw new Error('the thread of CPU ${cpu} fell'); };`);
    let told: unknown;
    await endOf(simulateInThreads('boot', { arch: 'x64', cpus: 2, ...NO_TRACE, thread })).catch((error: unknown) => {
      told = error;
    });
    assert.is((told as Error | undefined)?.message, `the thread of CPU ${cpu} fell`);
    assert.is(workersLeft(), 0);
  });

threads('a Worker whose code cannot be loaded is what the run rejects with', async () => {
  const thread = threadThat("throw new Error('no such code');");
  let told: unknown;
  await endOf(simulateInThreads('boot', { arch: 'x64', cpus: 2, ...NO_TRACE, thread, limitMs: 500 })).catch(
    (error: unknown) => {
      told = error;
    },
  );
  assert.is((told as Error | undefined)?.message, 'no such code');
  assert.is(workersLeft(), 0);
});

threads('a guest whose time is over is a failed check, wherever its CPUs are at the moment', async () => {
  for (const limitMs of [1, 30, 90, 140]) {
    const { failures } = await endOf(simulateInThreads('boot', { arch: 'x64', cpus: 3, ...NO_TRACE, limitMs }));
    if (limitMs === 1) assert.ok(failures.includes('the guest comes to its end'), failures.join());
    assert.is(workersLeft(), 0);
  }
});

threads('a CPU that never comes back is ended, and the check fails', async () => {
  for (const cpu of [0, 1]) {
    const thread = threadThat(`if (workerData.cpu === ${cpu})
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`);
    const run = simulateInThreads('boot', { arch: 'x64', cpus: 2, ...NO_TRACE, thread, limitMs: 400 });
    const { failures } = await endOf(run);
    assert.ok(failures.includes('the guest comes to its end'), failures.join());
    assert.is(workersLeft(), 0);
  }
});

threads('a fault of the host is what the run rejects with, and all Workers end', async () => {
  const trace = () => ({
    event({ k }: { readonly k: string }): void {
      if (k === 'wrmsr') throw new Error('the host fell');
    },
  });
  let told: unknown;
  await endOf(simulateInThreads('boot', { arch: 'x64', cpus: 2, trace })).catch((error: unknown) => {
    told = error;
  });
  assert.is((told as Error | undefined)?.message, 'the host fell');
  assert.is(workersLeft(), 0);
});

threads.run();
