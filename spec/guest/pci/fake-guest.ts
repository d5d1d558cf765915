import { joinU64 } from '../../../src/bytes/word.js';
import type { DeviceSpace, GuestCpu, GuestMachine } from '../../../src/guest/machine/guest-machine.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import type { MmioDevice } from '../../../src/ports/host-port.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';

const PAGE = 4096;

export interface FakeCall {
  readonly vp: number;
  readonly control: bigint;
  /** The first page of the input. */
  readonly input: Uint8Array;
}

interface Window {
  readonly gpa: number;
  readonly length: number;
  readonly device: MmioDevice;
}

const NO_SPACE: DeviceSpace = { take: () => undefined, give: () => undefined, taken: 0 };

/** A guest machine that stands on nothing: hypercalls are kept and answered by `answer`, windows are mapped by hand. */
export class FakeGuest implements GuestMachine {
  readonly arch: 'x64' | 'arm64';
  readonly queue = new VirtualQueue();
  readonly memory = SharedGuestMemory.create(256 * PAGE);
  readonly frames = PageFrameAllocator.create(0, 256);
  readonly pages: HypercallPages;
  readonly lines: LogLine[] = [];
  readonly cpus: readonly GuestCpu[];
  readonly space = NO_SPACE;
  readonly calls: FakeCall[] = [];
  /** Status of each hypercall. */
  answer: (call: FakeCall) => number = () => 0;
  readonly vectors: Set<number>[];
  private readonly handlers = new Map<number, (cpu: number) => void>();
  private readonly windows: Window[] = [];

  constructor(vps: readonly number[], arch: 'x64' | 'arm64' = 'x64') {
    this.arch = arch;
    this.pages = HypercallPages.create(this.memory, this.frames, { cpus: vps.length });
    this.cpus = vps.map((vp, cpu) => ({ cpu, gate: this.makeGate(vp), present: true, online: true }));
    this.vectors = vps.map(() => new Set());
    for (const { cpu } of this.cpus) this.pages.online(cpu);
  }

  readonly log = (line: LogLine): void => {
    this.lines.push(line);
  };

  /** Codes of the log so far. */
  get codes(): string[] {
    return this.lines.map(({ code }) => code);
  }

  handle(vector: number, handler: ((cpu: number) => void) | undefined): void {
    if (handler === undefined) this.handlers.delete(vector);
    else this.handlers.set(vector, handler);
  }

  /** An interrupt comes in; false when nobody handles its vector. */
  interrupt(vector: number, cpu: number): boolean {
    const handler = this.handlers.get(vector);
    handler?.(cpu);
    return handler !== undefined;
  }

  takeVector(cpu: number): number | undefined {
    for (let vector = 0x22; vector < 0xec; vector++) {
      if (this.vectors[cpu]!.has(vector)) continue;
      this.vectors[cpu]!.add(vector);
      return vector;
    }
    return undefined;
  }

  giveVector(cpu: number, vector: number): void {
    if (!this.vectors[cpu]!.delete(vector)) throw new RangeError(`vector ${vector} of CPU ${cpu} is free`);
  }

  map(gpa: number, length: number, device: MmioDevice): void {
    this.windows.push({ gpa, length, device });
  }

  unmap(gpa: number): void {
    const at = this.windows.findIndex((one) => one.gpa === gpa);
    if (at >= 0) this.windows.splice(at, 1);
  }

  private makeGate(vp: number): CpuGate {
    const guest = this;
    const find = (gpa: number): Window | undefined =>
      guest.windows.find((one) => gpa >= one.gpa && gpa < one.gpa + one.length);
    let lo = 0;
    return {
      vp,
      hypercall(controlLo, controlHi, inputGpa) {
        const input = new Uint8Array(PAGE - (inputGpa % PAGE));
        guest.memory.read(inputGpa, input);
        const call = { vp, control: joinU64(controlLo, controlHi), input };
        guest.calls.push(call);
        lo = guest.answer(call);
      },
      hypercallFast: () => {
        throw new Error('no fast call was expected');
      },
      get resultLo() {
        return lo;
      },
      resultHi: 0,
      rdmsr: () => undefined,
      wrmsr: () => false,
      mmioRead(gpa, size) {
        const window = find(gpa);
        return window?.device.read(gpa - window.gpa, size, vp) ?? BigInt.asUintN(size * 8, -1n);
      },
      mmioWrite(gpa, size, value) {
        const window = find(gpa);
        window?.device.write(gpa - window.gpa, size, value, vp);
      },
    };
  }
}
