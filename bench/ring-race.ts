import { spawnSync } from 'node:child_process';
import { MessageChannel, Worker } from 'node:worker_threads';
import { PacketBuffer } from '../src/ring/packet-buffer.js';
import { RingMemory } from '../src/ring/ring-memory.js';
import { ReceivedPacket } from '../src/ring/ring-packet.js';
import { RingReader } from '../src/ring/ring-reader.js';
import { RingWriter } from '../src/ring/ring-writer.js';
import type { Figure } from './case.js';
import { numberText } from './report.js';
import {
  type Channel,
  GATE_WORDS,
  INTERVAL,
  loadRingbuf,
  PACKETS,
  PAYLOAD_BYTES,
  ROUND,
  type RoundTask,
} from './ring-gate.js';
import { inTurns } from './tasks/ring-ends.js';

/** Data area of every ring here. */
export const RING_BYTES = 16384;

interface Reply {
  readonly ns: number;
  readonly wrong: number;
}

/** Two Workers and a channel between them, asleep until a round is asked for. */
export class Pair {
  private readonly gate: Int32Array;
  private readonly workers: readonly Worker[];
  private round = 0;

  private constructor(gate: Int32Array, workers: readonly Worker[]) {
    this.gate = gate;
    this.workers = workers;
  }

  /** Undefined where the channel's package is not installed. */
  static async open(channel: Channel): Promise<Pair | undefined> {
    const ringbuf = channel === 'ringbuf.js' ? await loadRingbuf() : undefined;
    if (channel === 'ringbuf.js' && ringbuf === undefined) return undefined;
    const memory =
      ringbuf?.RingBuffer.getStorageForCapacity(RING_BYTES >> 2, Int32Array) ??
      new SharedArrayBuffer(4096 + RING_BYTES);
    const gate = new SharedArrayBuffer(GATE_WORDS * 4);
    const { port1, port2 } = new MessageChannel();
    const file = new URL('./tasks/ring-side.js', import.meta.url);
    const workers = [
      new Worker(file, { workerData: { channel, role: 'writer', gate, memory, port: port1 }, transferList: [port1] }),
      new Worker(file, { workerData: { channel, role: 'reader', gate, memory, port: port2 }, transferList: [port2] }),
    ];
    await Promise.all(workers.map((worker) => replyOf(worker)));
    return new Pair(new Int32Array(gate), workers);
  }

  /** Nanoseconds a packet, from the meeting of both to the last packet checked. Throws when a word was wrong. */
  async run(task: RoundTask): Promise<number> {
    const replies = Promise.all(this.workers.map((worker) => replyOf(worker)));
    this.start(task);
    const [, read] = (await replies) as [Reply, Reply];
    if (read.wrong !== 0) throw new Error(`wrong words: ${JSON.stringify(task)}`);
    return read.ns;
  }

  /** Ends the Workers. */
  async close(): Promise<void> {
    this.start({ packets: 0, payloadBytes: 0, interval: 0 });
    await Promise.all(this.workers.map((worker) => new Promise((done) => worker.once('exit', done))));
  }

  private start({ packets, payloadBytes, interval }: RoundTask): void {
    this.gate[PACKETS] = packets;
    this.gate[PAYLOAD_BYTES] = payloadBytes;
    this.gate[INTERVAL] = interval;
    Atomics.store(this.gate, ROUND, ++this.round);
    Atomics.notify(this.gate, ROUND);
  }
}

function replyOf(worker: Worker): Promise<unknown> {
  return new Promise((done, fail) => {
    worker.once('error', fail);
    worker.once('message', (reply) => {
      worker.off('error', fail);
      done(reply);
    });
  });
}

/** Both ends in this thread: nanoseconds a packet. Throws when a word was wrong. */
export function oneThread(): (task: RoundTask) => number {
  const memory = RingMemory.over(new SharedArrayBuffer(4096 + RING_BYTES));
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  const payload = new PacketBuffer(8192);
  const packet = new ReceivedPacket(8208);
  return ({ packets, payloadBytes, interval }) => {
    const start = process.hrtime.bigint();
    const wrong = inTurns(writer, reader, payload, packet, payloadBytes, packets, interval);
    const ns = Number(process.hrtime.bigint() - start) / packets;
    if (wrong !== 0) throw new Error('wrong words');
    return ns;
  };
}

/**
 * The lower quartile: two spinning Workers lose whole time slices when anything else runs on the machine, and then the
 * median measures the scheduler.
 */
export function quiet(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)]!;
}

/**
 * Calls `round` `times` times after `warm` calls that do not count, but stops when a machine that is busy otherwise has made
 * them last too long.
 */
export async function repeat(
  warm: number,
  times: number,
  seconds: number,
  round: (counts: boolean) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < warm; i++) await round(false);
  const end = performance.now() + seconds * 1000;
  for (let i = 0; i < times && (i < 3 || performance.now() < end); i++) await round(true);
}

/** Nanoseconds a packet of bench/c/ring.c: the second of two rounds, since its threads start with empty caches. */
export function runRingC(program: string, { packets, payloadBytes, interval }: RoundTask, one = false): number {
  const args = [payloadBytes, RING_BYTES, interval, packets, 2].map(String);
  const { status, stdout, stderr } = spawnSync(program, [...args, ...(one ? ['one'] : [])], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: it found a wrong word\n${stderr}`);
  return Number(stdout.trim().split('\n')[1]);
}

/** A line for rounds in nanoseconds a packet. */
export function packetFigure(what: string, values: readonly number[], payloadBytes?: number): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, middle] = [sorted[0]!, sorted[sorted.length >> 1]!];
  const spread = `least ${numberText(least)}, median ${numberText(middle)}, ${values.length} rounds`;
  const ns = quiet(values);
  const rate = `${numberText(1e3 / ns)} M packets/s`;
  const bytes = payloadBytes === undefined ? '' : `, ${numberText((payloadBytes * 1e3) / ns)} MB/s`;
  return { what, value: ns, unit: 'ns', note: `${rate}${bytes}; ${spread}` };
}
