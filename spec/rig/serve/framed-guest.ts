import type { Event } from '../../../src/capture/event.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import type { GuestMemory } from '../../../src/ports/guest-memory.js';
import { type Frame, FrameReader } from '../../../src/rig/serve/frame-reader.js';
import { MonitorSession, type StreamEvents } from '../../../src/rig/serve/monitor-session.js';
import type { CpuidLeaf } from '../../../src/rig/serve/monitor-target.js';
import type { ScenarioName, ServedIommu } from '../../../src/rig/serve/scenario-names.js';
import { SCENARIOS } from '../../../src/rig/serve/scenarios.js';
import { ServedHost } from '../../../src/rig/serve/served-host.js';
import {
  FrameType,
  frameBytes,
  monitor_hello,
  monitor_hypercall,
  monitor_hypercall_reply,
  monitor_mmio_read,
  monitor_mmio_reply,
  monitor_mmio_write,
  monitor_msi,
  monitor_msr_reply,
  monitor_rdmsr,
  monitor_wrmsr,
  Role,
} from '../../../src/rig/serve/wire.js';
import { GuestSide, type GuestSideOptions } from '../../../src/rig/system/guest-side.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { asRecorded } from '../simulate/recorded-run.js';

const MEMORY_BYTES = 64 << 20;
const PAGE_BYTES = 4096;
const FIRST_PFN = 0x100;
const TSC_HZ = 2_600_000_000;
const APIC_PAGE_SHIFT = 12n;
const XMM = 12;

/** A processor whose exits are frames of a monitor, answered before the next. */
class FramedGate implements CpuGate {
  readonly vp: number;
  resultLo = 0;
  resultHi = 0;
  private readonly ask: (type: number, payload: Uint8Array) => Uint8Array;

  constructor(vp: number, ask: (type: number, payload: Uint8Array) => Uint8Array) {
    this.vp = vp;
    this.ask = ask;
  }

  hypercall(controlLo: number, controlHi: number, inputGpa: number, outputGpa: number): void {
    this.call(controlLo, controlHi, [BigInt(inputGpa), BigInt(outputGpa)]);
  }

  hypercallFast(controlLo: number, controlHi: number, registers: BigUint64Array): void {
    const xmm = this.call(controlLo, controlHi, [...registers]);
    for (let i = 2; i < registers.length; i++) registers[i] = xmm[i - 2]!;
  }

  rdmsr(msr: number): bigint | undefined {
    const { status, value } = decode(monitor_msr_reply, this.ask(FrameType.RDMSR, encode(monitor_rdmsr, { msr })));
    return status === 0 ? value : undefined;
  }

  wrmsr(msr: number, value: bigint): boolean {
    return decode(monitor_msr_reply, this.ask(FrameType.WRMSR, encode(monitor_wrmsr, { msr, value }))).status === 0;
  }

  mmioRead(gpa: number, size: 1 | 2 | 4 | 8): bigint {
    const request = encode(monitor_mmio_read, { gpa: BigInt(gpa), size });
    return decode(monitor_mmio_reply, this.ask(FrameType.MMIO_READ, request)).value;
  }

  mmioWrite(gpa: number, size: 1 | 2 | 4 | 8, value: bigint): void {
    this.ask(FrameType.MMIO_WRITE, encode(monitor_mmio_write, { gpa: BigInt(gpa), size, value }));
  }

  private call(lo: number, hi: number, [rdx = 0n, r8 = 0n, ...rest]: readonly bigint[]): readonly bigint[] {
    const rcx = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
    const xmm = Array.from({ length: XMM }, (_, i) => rest[i] ?? 0n);
    const request = encode(monitor_hypercall, { rcx, rdx, r8, rax: 0n, rip: 0n, cr3: 0n, xmm });
    const reply = decode(monitor_hypercall_reply, this.ask(FrameType.HYPERCALL, request));
    this.resultLo = Number(reply.rax & 0xffff_ffffn);
    this.resultHi = Number(reply.rax >> 32n);
    return [...reply.xmm];
  }
}

export interface FramedGuestOptions {
  readonly scenario: ScenarioName;
  readonly served?: ServedIommu;
  readonly cpus?: number;
  /** What the host has of the guest's memory; all of it when absent. */
  readonly hostMemory?: (memory: GuestMemory) => GuestMemory;
  /** The guest's driver of an IOMMU, if it has one. */
  readonly iommu?: NonNullable<GuestSideOptions['iommu']>;
}

export interface FramedGuest {
  readonly guest: GuestSide;
  readonly host: ServedHost;
  readonly queue: VirtualQueue;
  readonly events: readonly Event[];
  readonly notes: readonly string[];
  /** What the session complained of, and what the host threw. */
  readonly complaints: readonly string[];
  readonly leaf: (number: number) => CpuidLeaf | undefined;
}

/** A guest of this package behind `hvabi serve`: all that leaves it are frames of the monitor's protocol, and so is what comes. */
export function framedGuest(options: FramedGuestOptions): FramedGuest {
  const { scenario, served, cpus = 2, iommu, hostMemory } = options;
  const queue = new VirtualQueue();
  const memory = SharedGuestMemory.create(MEMORY_BYTES, { kernel: false });
  const events: Event[] = [];
  const notes: string[] = [];
  const complaints: string[] = [];
  let host: ServedHost | undefined;
  let guest: GuestSide | undefined;
  const session: MonitorSession = new MonitorSession({
    machine: (vcpus) => {
      host = new ServedHost({
        arch: 'x64',
        scenario: SCENARIOS[scenario],
        scenarioName: scenario,
        vcpus,
        memory: hostMemory?.(memory) ?? memory,
        ramBytes: MEMORY_BYTES,
        queue,
        trace: { event: (record) => void events.push(asRecorded({ n: events.length, ...record })) },
        interrupts: session.interrupts,
        tscHz: TSC_HZ,
        ...(served === undefined ? {} : { iommu: served }),
        note: (text) => void notes.push(text),
      });
      return host.target;
    },
    over: () => undefined,
    complain: (why) => complaints.push(why),
    failed: (error) => complaints.push(`fault: ${String(error)}`),
  });
  const open = (take: (frame: Frame) => void): StreamEvents => {
    const reader = new FrameReader();
    return session.connect({
      send: (bytes) => reader.push(bytes).forEach(take),
      close: () => complaints.push('closed'),
    });
  };
  let answer: Frame | undefined;
  const control = open((frame) => {
    answer = frame;
  });
  let seq = 0;
  const ask = (vcpu: number, type: number, payload: Uint8Array): Uint8Array => {
    answer = undefined;
    control.received(frameBytes(type, vcpu, ++seq, payload));
    if (answer === undefined) throw new Error(`no answer to a request of type ${type}`);
    return (answer as Frame).payload;
  };
  ask(0, FrameType.HELLO, encode(monitor_hello, { version: 1, role: Role.CONTROL, vcpus: cpus }));
  const interrupts = open(({ type, payload }) => {
    if (type !== FrameType.MSI) return;
    const { address, data } = decode(monitor_msi, payload);
    guest?.machine.interrupt(Number((address >> APIC_PAGE_SHIFT) & 0xffn), data);
  });
  interrupts.received(
    frameBytes(FrameType.HELLO, 0, 1, encode(monitor_hello, { version: 1, role: Role.EVENTS, vcpus: cpus })),
  );
  guest = new GuestSide({
    arch: 'x64',
    memory,
    frames: PageFrameAllocator.create(FIRST_PFN, MEMORY_BYTES / PAGE_BYTES - FIRST_PFN),
    queue,
    log: ({ level, code }) => {
      if (level === 'error') notes.push(code);
    },
    gates: Array.from({ length: cpus }, (_, vcpu) => new FramedGate(vcpu, (type, payload) => ask(vcpu, type, payload))),
    ...(iommu === undefined ? {} : { iommu }),
  });
  const { leaves } = host!.target;
  return {
    guest,
    host: host!,
    queue,
    events,
    notes,
    complaints,
    leaf: (number) => leaves.find((one) => one.leaf === number),
  };
}
