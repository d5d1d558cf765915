import { HV_HYP_PAGE_SIZE } from '../../bytes/page.js';
import type { CpuGate } from '../../ports/cpu-gate.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { InputPages } from '../../ports/input-pages.js';
import type { InterruptSink } from '../../ports/interrupt-sink.js';
import type { LogSink } from '../../ports/log-sink.js';
import type { PageFrames } from '../../ports/page-frames.js';
import type { RunQueue } from '../../ports/run-queue.js';
import { type CpuRegisters, registersOf } from './cpu-registers.js';
import {
  type CpuPages,
  enableHypercalls,
  type PartitionPages,
  startCpu,
  startPartition,
  startSynic,
  stopSynic,
} from './cpu-start.js';
import { AddressSpace, type SpaceRange } from './device-space.js';
import type { DeviceSpace, GuestCpu, GuestMachine } from './guest-machine.js';
import { VectorSpace } from './vector-space.js';

export interface BootOptions {
  readonly arch: 'x64' | 'arm64';
  readonly memory: GuestMemory;
  readonly frames: PageFrames;
  /** Hypercall pages of the CPUs, by CPU number. */
  readonly pages: InputPages;
  readonly queue: RunQueue;
  readonly log?: LogSink;
  /** One per CPU; CPU n is the n-th. */
  readonly gates: readonly CpuGate[];
  /** What the hypervisor interrupts for VMBus: 0xf3 (HYPERVISOR_CALLBACK_VECTOR) on x64, INTID 18 on arm64. */
  readonly vmbusVector?: number;
  /** Linux 6.12.117 when absent. */
  readonly osId?: bigint;
  readonly deviceSpace?: readonly SpaceRange[];
}

/** Guest OS ids as Linux makes them: open source, type 1, version in bits 16 to 47 (hv_generate_guest_id). */
export const LINUX_6_12_117 = 0x8100_0006_0c75_0000n;
const VMBUS_VECTOR = { x64: 0xf3, arm64: 18 } as const;
/** Where the recorded guests have it: the last 128 MiB below 4 GiB without the APICs, and 64 GiB up to 68. */
const DEVICE_SPACE: readonly SpaceRange[] = [
  { gpa: 0xf800_0000, length: 0x600_0000 },
  { gpa: 0xf_e000_0000, length: 0x1_0000_0000 },
];

interface Cpu extends GuestCpu {
  readonly registers: CpuRegisters;
  pages: CpuPages | undefined;
}

/** A guest that has started on its hypervisor. Interrupts come in as tasks of the queue, one for each that waits. */
export class BootedGuest implements GuestMachine, InterruptSink {
  readonly arch: 'x64' | 'arm64';
  readonly memory: GuestMemory;
  readonly frames: PageFrames;
  readonly pages: InputPages;
  readonly queue: RunQueue;
  readonly log: LogSink;
  readonly space: DeviceSpace;
  readonly vmbusVector: number;
  readonly vectors: VectorSpace;
  /** Interrupts of vectors that nobody handles. */
  strayInterrupts = 0;
  private readonly all: readonly Cpu[];
  private readonly byVp = new Map<number, Cpu>();
  private readonly handlers = new Map<number, (cpu: number) => void>();
  private readonly waiting = new Set<string>();
  private readonly shared: PartitionPages | undefined;
  private stopped = false;

  /** Throws RangeError without CPUs, and when memory for the first pages is short. */
  constructor(options: BootOptions) {
    this.arch = options.arch;
    this.memory = options.memory;
    this.frames = options.frames;
    this.pages = options.pages;
    this.queue = options.queue;
    this.log = options.log ?? (() => undefined);
    this.space = new AddressSpace(options.deviceSpace ?? DEVICE_SPACE);
    this.vmbusVector = options.vmbusVector ?? VMBUS_VECTOR[this.arch];
    this.all = options.gates.map((gate, cpu) => ({
      cpu,
      gate,
      present: true,
      online: false,
      registers: registersOf(this.arch, gate),
      pages: undefined,
    }));
    this.vectors = new VectorSpace(this.all.length);
    const [first] = this.all;
    if (first === undefined) throw new RangeError('a guest has at least one CPU');
    const osId = options.osId ?? LINUX_6_12_117;
    if (this.arch === 'x64') {
      const [hypercallPfn, tscPfn] = this.takeFrames(2);
      this.shared = { hypercallPfn: hypercallPfn!, tscPfn: tscPfn! };
    }
    const ok = startPartition(this.arch, first.gate, osId, this.shared ?? { hypercallPfn: 0, tscPfn: 0 });
    if (!ok) this.log({ level: 'error', code: 'guest-os-id-refused' });
    for (const cpu of this.all) {
      this.findVp(cpu);
      if (cpu === first && this.shared !== undefined && !enableHypercalls(cpu.gate, osId, this.shared))
        this.log({ level: 'error', code: 'hypercall-page-refused' });
    }
  }

  get cpus(): readonly GuestCpu[] {
    return this.all;
  }

  /** Registers of a CPU. Throws RangeError for one that is not there. */
  registers(cpu: number): CpuRegisters {
    return this.cpuAt(cpu).registers;
  }

  /** Message and event page of a CPU with its SynIC on. */
  synicPages(cpu: number): CpuPages | undefined {
    const found = this.all[cpu];
    return found?.online ? found.pages : undefined;
  }

  /** Turns the SynIC of a CPU on, as the VMBus driver does when it is loaded and when a CPU comes online. */
  online(cpu: number): void {
    const found = this.cpuAt(cpu);
    if (found.online || found.pages === undefined) return;
    for (const pfn of [found.pages.messagePfn, found.pages.eventPfn])
      this.memory.clear(pfn * HV_HYP_PAGE_SIZE, HV_HYP_PAGE_SIZE);
    found.online = true;
    startSynic(found.registers, this.vmbusVector, found.pages);
  }

  offline(cpu: number): void {
    const found = this.cpuAt(cpu);
    if (!found.online) return;
    stopSynic(found.registers);
    found.online = false;
  }

  /** An interrupt from the hypervisor. One that waits already is one. */
  interrupt(vp: number, vector: number): void {
    const cpu = this.byVp.get(vp);
    if (cpu === undefined || this.stopped) return;
    const key = `${cpu.cpu} ${vector}`;
    if (this.waiting.has(key)) return;
    this.waiting.add(key);
    this.queue.post(() => {
      this.waiting.delete(key);
      const handler = this.handlers.get(vector);
      if (handler !== undefined) return handler(cpu.cpu);
      this.strayInterrupts++;
      this.log({ level: 'warn', code: 'interrupt-without-handler', fields: { cpu: cpu.cpu, vector } });
    });
  }

  handle(vector: number, handler: ((cpu: number) => void) | undefined): void {
    if (handler === undefined) this.handlers.delete(vector);
    else this.handlers.set(vector, handler);
  }

  takeVector(cpu: number): number | undefined {
    return this.vectors.take(cpu);
  }

  giveVector(cpu: number, vector: number): void {
    this.vectors.give(cpu, vector);
  }

  /** Takes every CPU's SynIC down and gives the pages back. Interrupts that still come are dropped. */
  shutdown(): void {
    for (const { cpu } of this.all) this.offline(cpu);
    this.stopped = true;
    for (const cpu of this.all) {
      if (cpu.pages !== undefined)
        this.frames.give([cpu.pages.messagePfn, cpu.pages.eventPfn, cpu.pages.assistPfn].toSorted((a, b) => a - b));
      cpu.pages = undefined;
    }
  }

  private findVp(cpu: Cpu): void {
    const [messagePfn, eventPfn, assistPfn] = this.takeFrames(3);
    cpu.pages = { messagePfn: messagePfn!, eventPfn: eventPfn!, assistPfn: assistPfn! };
    const vp = startCpu(this.arch, cpu.gate, cpu.registers, cpu.pages);
    if (vp === undefined) this.log({ level: 'error', code: 'vp-index-unknown', fields: { cpu: cpu.cpu } });
    this.byVp.set(vp ?? cpu.gate.vp, cpu);
  }

  private cpuAt(cpu: number): Cpu {
    const found = this.all[cpu];
    if (found === undefined) throw new RangeError(`there is no CPU ${cpu}`);
    return found;
  }

  private takeFrames(count: number): number[] {
    const frames = this.frames.take(count);
    if (frames === undefined) throw new RangeError(`no memory for ${count} pages`);
    return frames;
  }
}

/** Starts a guest on its hypervisor as Linux does, all CPUs present; their SynICs come on with the VMBus client. */
export function bootGuest(options: BootOptions): BootedGuest {
  return new BootedGuest(options);
}
