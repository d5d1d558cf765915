import { hiOf, loOf } from '../../src/bytes/word.js';
import { controlWord } from '../../src/hypercall/words.js';
import { Partition } from '../../src/hypervisor/partition.js';
import type { PartitionOptions } from '../../src/hypervisor/partition-options.js';
import { SharedGuestMemory } from '../../src/memory/shared-memory.js';
import type { CpuGate } from '../../src/ports/cpu-gate.js';
import type { TraceSink } from '../../src/ports/trace-sink.js';
import { VirtualQueue } from '../../src/sched/virtual-queue.js';

export type TraceEvent = Parameters<TraceSink['event']>[0];

/** Pages that specs use: input and output of calls, and two for each VP's SynIC. */
export const INPUT = 0x1000;
export const OUTPUT = 0x2000;
export const MESSAGES = 0x10000;
export const EVENTS = 0x20000;

export interface RigOptions extends Partial<Omit<PartitionOptions, 'memory'>> {
  readonly memory?: SharedGuestMemory;
  readonly memoryBytes?: number;
}

/** A partition in 1 MiB of memory, with what came out of it. */
export class PartitionRig {
  readonly memory: SharedGuestMemory;
  readonly queue = new VirtualQueue();
  readonly partition: Partition;
  readonly events: TraceEvent[] = [];
  /** VP and vector of every interrupt. */
  readonly interrupts: [number, number][] = [];
  /** Called with every interrupt, at once. */
  interrupted: (vp: number, vector: number) => void = () => undefined;

  constructor(options: RigOptions = {}) {
    this.memory = options.memory ?? SharedGuestMemory.create(options.memoryBytes ?? 1 << 20, { kernel: false });
    this.partition = new Partition({
      arch: 'x64',
      queue: this.queue,
      trace: { event: (record) => void this.events.push(record) },
      vps: [0, 1],
      sink: {
        interrupt: (vp, vector) => {
          this.interrupts.push([vp, vector]);
          this.interrupted(vp, vector);
        },
      },
      ...options,
      memory: this.memory,
    });
  }

  /** Message and event page, a source with a vector, and the SynIC of a VP on. */
  startSynic(vp: number, sint = 2, vector = 0xf3): void {
    const write = (msr: number, value: bigint) => this.partition.wrmsr(vp, msr, value);
    write(0x40000083, BigInt(MESSAGES + vp * 0x1000) | 1n);
    write(0x40000082, BigInt(EVENTS + vp * 0x1000) | 1n);
    write(0x40000090 + sint, BigInt(vector));
    write(0x40000080, 1n);
  }

  /** Events of some kinds, without the others. */
  kinds(...kinds: readonly string[]): TraceEvent[] {
    return this.events.filter(({ k }) => kinds.includes(k));
  }

  hex(gpa: number, length: number): string {
    const bytes = new Uint8Array(length);
    this.memory.read(gpa, bytes);
    return hexOf(bytes);
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface SlowCall {
  readonly code: number;
  readonly varQwords?: number;
  readonly reps?: number;
  readonly repStart?: number;
}

/** A memory-based call with its input at INPUT and its output at OUTPUT; status and reps done. */
export function callSlow(rig: PartitionRig, gate: CpuGate, call: SlowCall, input: Uint8Array): [number, number] {
  rig.memory.write(INPUT, input);
  const control = controlWord(call);
  gate.hypercall(loOf(control), hiOf(control), INPUT, OUTPUT);
  return [gate.resultLo, gate.resultHi];
}

/** A fast call; `registers` hold input and afterwards the output. */
export function callFast(gate: CpuGate, call: SlowCall, registers: BigUint64Array): [number, number] {
  const control = controlWord({ ...call, fast: true });
  gate.hypercallFast(loOf(control), hiOf(control), registers);
  return [gate.resultLo, gate.resultHi];
}
