import * as assert from 'node:assert/strict';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Partition } from '../../src/hypervisor/partition.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import { Mailbox } from '../../src/rig/vp/mailbox.js';
import { serveMailbox } from '../../src/rig/vp/vp-service.js';
import { BlockingQueue } from '../../src/sched/blocking-queue.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';
import { atLeast, type BenchCase, type Figure } from '../case.js';
import { figuresOf, quantile, race } from '../race.js';
import type { ExitsTask } from '../tasks/make-exits.js';

const CONNECTION = 0x10003;
const SIGNAL_LO = 0x1005d;
const POST_LO = 0x5c;
const EACH = 256;
const INPUT_GPA = 0x3000;
const EXITS = new URL('../tasks/make-exits.js', import.meta.url);
const ECHO = new URL('../tasks/echo-messages.js', import.meta.url);

/** A partition that serves a message and an event connection and counts what comes. */
function makePartition(): {
  partition: Partition;
  memory: SharedGuestMemory;
  seen: { signals: number; posts: number };
} {
  const memory = SharedGuestMemory.create(1 << 20);
  const seen = { signals: 0, posts: 0 };
  const partition = new Partition({
    arch: 'x64',
    memory,
    queue: new VirtualQueue(),
    sink: { interrupt: () => undefined },
    vps: [0],
  });
  partition.listenSignals(CONNECTION, () => void seen.signals++);
  partition.listenMessages(1, () => {
    seen.posts++;
    return 0;
  });
  partition.wrmsr(0, 0x40000000, 0x8100_0000_0000_0001n);
  return { partition, memory, seen };
}

function inOneThread(pace: 'full' | 'quick'): Figure[] {
  const { partition, memory, seen } = makePartition();
  const gate = partition.gate(0);
  const registers = BigUint64Array.of(BigInt(CONNECTION));
  memory.writeU32(INPUT_GPA, 1);
  memory.writeU32(INPUT_GPA + 8, 1);
  memory.writeU32(INPUT_GPA + 12, 240);
  const ways: Readonly<Record<string, () => number>> = {
    'one thread: HVCALL_SIGNAL_EVENT, in registers': () => {
      gate.hypercallFast(SIGNAL_LO, 0, registers);
      return gate.resultLo;
    },
    'one thread: HVCALL_POST_MESSAGE, 240 bytes in memory': () => {
      gate.hypercall(POST_LO, 0, INPUT_GPA, 0);
      return gate.resultLo;
    },
    'one thread: a code that is not served': () => {
      gate.hypercall(0x7abc, 0, INPUT_GPA, 0);
      return gate.resultLo;
    },
  };
  const wanted = [0, 0, 2];
  for (const [i, [name, call]] of Object.entries(ways).entries()) assert.equal(call(), wanted[i], name);
  assert.deepEqual(seen, { signals: 1, posts: 1 });
  const contestants = Object.entries(ways).map(([name, call]) => ({
    name,
    each: EACH,
    run: () => {
      let sum = 0;
      for (let i = 0; i < EACH; i++) sum += call();
      return sum;
    },
  }));
  return figuresOf(race(contestants, pace).values());
}

/** Nanoseconds for one round trip between a VP in a Worker and the hypervisor here, by round. */
async function acrossWorkers(rounds: number, calls: number): Promise<number[]> {
  const { partition, seen } = makePartition();
  const buffer = new SharedArrayBuffer(Mailbox.sizeFor(1));
  const box = new Mailbox(buffer, 0);
  const gate = partition.gate(0);
  const times = new BigUint64Array(new SharedArrayBuffer(8 * (rounds + 1)));
  const task: ExitsTask = { buffer, times, rounds, calls, controlLo: SIGNAL_LO, register: BigInt(CONNECTION) };
  const worker = new Worker(EXITS, { workerData: task });
  const ended = new Promise<number>((done, fail) => worker.once('exit', done).once('error', fail));
  const queue = new BlockingQueue(box.hostBell, () => serveMailbox(box, gate));
  const all = (rounds + 1) * calls;
  assert.ok(
    queue.run(() => seen.signals >= all && Atomics.load(box.state, 0) === 0, 120_000),
    'the VP ends',
  );
  assert.equal(await ended, 0);
  assert.equal(seen.signals, all, 'each exit was served once');
  return [...times.subarray(1)].map((ns) => Number(ns) / calls);
}

/** The same with postMessage, which is what a program would use without shared memory. */
async function byMessages(rounds: number, calls: number): Promise<number[]> {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(ECHO, { workerData: port2, transferList: [port2] });
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const from = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) {
      const answer = new Promise((done) => port1.once('message', done));
      port1.postMessage(i);
      assert.equal(await answer, i + 1);
    }
    if (round > 0) times.push(Number(process.hrtime.bigint() - from) / calls);
  }
  port1.close();
  await worker.terminate();
  return times;
}

const bench: BenchCase = {
  question:
    'How long is a hypercall from the guest to the hypervisor model and back, in one thread and between Workers?',
  async run(pace) {
    const full = pace === 'full';
    const figures = inOneThread(pace);
    const shared = await acrossWorkers(full ? 20 : 3, full ? 5000 : 500);
    const messages = await byMessages(full ? 20 : 3, full ? 5000 : 500);
    const figure = (what: string, ns: readonly number[]): Figure => ({
      what,
      value:
        quantile(
          ns.toSorted((a, b) => a - b),
          0.5,
        ) / 1000,
      unit: 'us a round trip',
      note: `${ns.length} rounds, fastest ${(Math.min(...ns) / 1000).toFixed(2)}`,
    });
    figures.push(figure('VP in a Worker: HVCALL_SIGNAL_EVENT, Atomics.wait', shared));
    figures.push(figure('Worker, postMessage and its answer', messages));
    const median = (ns: readonly number[]): number =>
      quantile(
        ns.toSorted((a, b) => a - b),
        0.5,
      );
    return { figures, bars: [atLeast('Workers, speed of postMessage', median(messages) / median(shared), 1, '×')] };
  },
};

export default bench;
