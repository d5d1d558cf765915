import { hyperv_cpuid } from '../abi/hv/cpuid.js';
import { hv_x64_msr } from '../abi/hv/msr-number.js';
import { hexNumber } from '../bytes/hex.js';
import { NO_TRACE } from '../capture/recorder.js';
import type { Convention, Registers } from '../hypercall/conventions.js';
import { HV_PARTITION_ID_SELF } from '../hypercall/deposit.js';
import type { Arch } from '../layout/types.js';
import type { CpuGate } from '../ports/cpu-gate.js';
import type { GuestMemory } from '../ports/guest-memory.js';
import type { HostPort, Listener, MmioDevice, MmioWindow, PostedMessage } from '../ports/host-port.js';
import type { RunQueue } from '../ports/run-queue.js';
import type { TraceSink } from '../ports/trace-sink.js';
import { CallRegistry } from './call-registry.js';
import { CallTrace } from './call-trace.js';
import { serveAll } from './calls/serve-all.js';
import { PartitionGate } from './cpu-gates.js';
import { type CpuidLeaf, type CpuidWords, cpuidLeavesOf } from './cpuid-leaves.js';
import { type AccessSize, DeviceSpace } from './devices/device-space.js';
import { GICD_BYTES, GicDistributor } from './devices/gic-distributor.js';
import { InterruptTable } from './devices/interrupt-table.js';
import { Dispatcher } from './dispatcher.js';
import { HypervisorError } from './hypervisor-error.js';
import type { PartitionIommu } from './iommu/serve-device-domains.js';
import type { PartitionCore } from './partition-core.js';
import type { PartitionOptions } from './partition-options.js';
import { executeCall, type InstructionResult } from './register-calls.js';
import { CrashRegisters } from './registers/crash-registers.js';
import { HypercallPage } from './registers/hypercall-page.js';
import { PartitionRegisters } from './registers/partition-registers.js';
import { ReferenceTime } from './registers/reference-time.js';
import { ROOT_PAGES_BYTES, RootPages } from './registers/root-pages.js';
import type { RootMachine } from './root/root-machine.js';
import { Overlays } from './synic/overlay-page.js';
import { PortTable } from './synic/port-table.js';
import { Synic } from './synic/synic.js';
import type { SynicPorts } from './synic/synic-ports.js';
import { VirtualProcessor } from './virtual-processor.js';

/** Those of the machine that the recorded guests ran on. */
const TSC_HZ = 2_600_000_000;
const APIC_HZ = 1_000_000_000;
const MOST_VPS = 4096;
const ROOT_ID = 1n;
const GUEST_ID = 2n;
const NO_WORDS: CpuidWords = { eax: 0, ebx: 0, ecx: 0, edx: 0 };
/** Registers of hypervisors, nested ones at 0x40001000: all are this one's to answer, most of them with a fault. */
const MSRS = { first: hv_x64_msr.HV_X64_MSR_GUEST_OS_ID, last: 0x400010ff };

/** First and last register of a range. */
export interface MsrRange {
  readonly first: number;
  readonly last: number;
}

/**
 * One partition and its hypervisor. Towards the guest: CPUID leaves, MSRs, hypercalls and device space; towards its host: a
 * HostPort. Nothing that a guest does throws.
 */
export class Partition implements HostPort, PartitionCore {
  readonly arch: Arch;
  readonly memory: GuestMemory;
  readonly queue: RunQueue;
  readonly trace: TraceSink;
  readonly isTraced: boolean;
  readonly isRoot: boolean;
  readonly isConfidential: boolean;
  readonly partitionId: bigint;
  readonly options: PartitionOptions;
  readonly vps: readonly number[];
  readonly interrupts: InterruptTable;
  readonly space: DeviceSpace;
  readonly ports = new PortTable();
  readonly backlog = { count: 0 };
  readonly registers: PartitionRegisters;
  /** Calls that are served; more can be, and any can be withdrawn. */
  readonly calls: CallRegistry;
  /** What a root partition manages; undefined for another. */
  readonly machine: RootMachine | undefined;
  /** Device domains and what devices reach through them, if the partition has an IOMMU. */
  readonly iommu: PartitionIommu | undefined;
  /** Where device interrupts are aimed on arm64, if it is to be there. */
  readonly distributor: GicDistributor | undefined;
  private readonly processors = new Map<number, VirtualProcessor>();
  private readonly leaves: readonly CpuidLeaf[];
  private readonly dispatcher: Dispatcher;
  private readonly callTrace: CallTrace | undefined;
  private readonly afterwards: (() => void)[] = [];

  /** Throws HypervisorError for VP indices that are none, and for a distributor where memory is. */
  constructor(options: PartitionOptions) {
    const { arch, memory, queue, trace, vps, isRoot = false, isConfidential = false, bits = {} } = options;
    checkVps(vps);
    this.options = options;
    this.arch = arch;
    this.memory = memory;
    this.queue = queue;
    this.trace = trace ?? NO_TRACE;
    this.isTraced = trace !== undefined && trace !== NO_TRACE;
    this.isRoot = isRoot;
    this.isConfidential = isConfidential;
    this.partitionId = options.partitionId ?? (isRoot ? ROOT_ID : GUEST_ID);
    this.vps = [...vps];
    // A root inside a partition attaches directly, which no bit tells; nor does one tell a guest of its IOMMU.
    const hasDeviceDomains = isRoot && options.iommu !== undefined && options.iommu.isL1vh !== true;
    this.leaves = cpuidLeavesOf({ arch, isRoot, isConfidential, hasDeviceDomains, bits });
    this.space = new DeviceSpace(memory, this.isTraced ? trace : undefined);
    this.interrupts = new InterruptTable({
      trace: this.trace,
      isTraced: this.isTraced,
      interrupt: (vp, vector) => this.interrupt(vp, vector),
      hasVp: (vp) => this.processors.has(vp),
    });
    const pages = new RootPages(isRoot ? (options.rootPagesGpa ?? rootPagesOf(memory)) : undefined);
    const overlays = new Overlays(memory);
    this.addProcessors(pages, overlays);
    this.registers = this.makeRegisters(pages, overlays);
    this.calls = new CallRegistry(arch);
    this.dispatcher = new Dispatcher({
      registry: this.calls,
      memory,
      lenient: options.lenient ?? false,
      sliceReps: options.sliceReps ?? Number.POSITIVE_INFINITY,
      continuation: options.continuation ?? 'retry',
      formRules: options.formRules,
    });
    this.callTrace = this.isTraced ? new CallTrace(this.trace, arch, memory, this.calls) : undefined;
    const { machine, iommu } = serveAll(this.calls, this);
    this.machine = machine;
    this.iommu = iommu;
    this.distributor = this.makeDistributor();
  }

  /** A synthetic CPUID leaf (0x400000xx); zeros where there is none. Subleaves are all alike. */
  cpuid(leaf: number, _subleaf = 0): CpuidWords {
    return this.leaves.find((one) => one.leaf === leaf) ?? NO_WORDS;
  }

  cpuidLeaves(): readonly CpuidLeaf[] {
    return this.leaves;
  }

  /** Registers that have to leave the guest; none on arm64, where they are hypercalls. */
  msrRanges(): readonly MsrRange[] {
    return this.arch === 'x64' ? [MSRS] : [];
  }

  /** Undefined is a #GP. */
  rdmsr(vp: number, msr: number): bigint | undefined {
    const processor = this.processors.get(vp);
    const value = processor && this.registers.read(processor, msr);
    if (this.isTraced)
      this.trace.event({
        k: 'rdmsr',
        vp,
        msr: hexNumber(msr),
        ...(value === undefined ? {} : { value: hexNumber(value) }),
      });
    return value;
  }

  /** False is a #GP. */
  wrmsr(vp: number, msr: number, value: bigint): boolean {
    if (this.isTraced)
      this.trace.event({ k: 'wrmsr', vp, msr: hexNumber(msr), value: hexNumber(BigInt.asUintN(64, value)) });
    const processor = this.processors.get(vp);
    return processor !== undefined && this.registers.write(processor, msr, value);
  }

  /**
   * One execution of a hypercall instruction by a VP that exists, `at` being its address where it is known. With `retry` the
   * instruction is to be executed again, with the registers that came back.
   */
  hypercall(vp: number, convention: Convention, registers: Registers, at?: bigint): InstructionResult {
    const result = executeCall(this.dispatcher, this.callTrace, this.existing(vp), convention, registers, at);
    this.finishCall();
    return result;
  }

  /** The way out for guest code in this process. Throws HypervisorError for a VP that does not exist. */
  gate(vp: number): CpuGate {
    return new PartitionGate(this.existing(vp), {
      core: this,
      dispatcher: this.dispatcher,
      calls: this.callTrace,
      rdmsr: (index, msr) => this.rdmsr(index, msr),
      wrmsr: (index, msr, value) => this.wrmsr(index, msr, value),
      finish: () => this.finishCall(),
    });
  }

  mmioRead(vp: number, gpa: number, size: AccessSize): bigint {
    return this.space.read(vp, gpa, size);
  }

  mmioWrite(vp: number, gpa: number, size: AccessSize, value: bigint): void {
    this.space.write(vp, gpa, size, value);
  }

  postMessage(vp: number, sint: number, type: number, payload: Uint8Array): boolean {
    return this.processors.get(vp)?.synic.post(sint, type, payload) ?? false;
  }

  signalEvent(vp: number, sint: number, flag: number): void {
    this.processors.get(vp)?.synic.signal(sint, flag);
  }

  listenMessages(connectionId: number, take: (message: PostedMessage) => number): Listener {
    return this.ports.listenMessages(connectionId, take);
  }

  listenSignals(connectionId: number, take: (flag: number, vp: number) => void): Listener {
    return this.ports.listenSignals(connectionId, take);
  }

  mapWindow(gpa: number, length: number, device: MmioDevice): MmioWindow | undefined {
    return this.space.map(gpa, length, device);
  }

  vp(index: number): VirtualProcessor | undefined {
    return this.processors.get(index);
  }

  isSelf(partitionId: bigint): boolean {
    return partitionId === HV_PARTITION_ID_SELF || partitionId === this.partitionId;
  }

  interrupt(vp: number, vector: number): void {
    if (this.isTraced)
      this.trace.event(this.arch === 'x64' ? { k: 'msi', vp, vector } : { k: 'intid', vp, intid: vector });
    this.options.sink.interrupt(vp, vector);
  }

  afterCall(task: () => void): void {
    this.afterwards.push(task);
  }

  private finishCall(): void {
    if (this.afterwards.length === 0) return;
    const tasks = this.afterwards.splice(0);
    let next = 0;
    try {
      while (next < tasks.length) tasks[next++]!();
    } finally {
      // An interrupt sink that throws takes the others' turn, not their task.
      if (next < tasks.length) this.afterwards.unshift(...tasks.slice(next));
    }
  }

  private existing(vp: number): VirtualProcessor {
    const processor = this.processors.get(vp);
    if (processor === undefined) throw new HypervisorError(`there is no VP ${vp}`);
    return processor;
  }

  private addProcessors(pages: RootPages, overlays: Overlays): void {
    const ports: SynicPorts = {
      overlays,
      queue: this.queue,
      trace: this.isTraced ? this.trace : undefined,
      backlog: this.backlog,
      interrupt: (vp, vector) => this.interrupt(vp, vector),
    };
    for (const [position, index] of this.vps.entries()) {
      const synic = new Synic(index, ports, pages.messages(position), pages.events(position));
      this.processors.set(index, new VirtualProcessor(index, synic, pages.assist(position)));
    }
  }

  private makeDistributor(): GicDistributor | undefined {
    const { gicdGpa, affinityOf } = this.options;
    if (this.arch !== 'arm64' || gicdGpa === undefined) return undefined;
    const distributor = new GicDistributor({
      vps: this.vps,
      affinityOf,
      deliver: (vp, intid) => this.interrupt(vp, intid),
    });
    if (this.space.map(gicdGpa, GICD_BYTES, distributor) === undefined)
      throw new HypervisorError(`there is no room for a distributor at ${hexNumber(gicdGpa)}`);
    this.interrupts.spiRoute = (intid) => distributor.signal(intid);
    return distributor;
  }

  private makeRegisters(pages: RootPages, overlays: Overlays): PartitionRegisters {
    const { memory, queue, trace, arch, options } = this;
    const { tscHz = TSC_HZ, apicHz = APIC_HZ, onCrash } = options;
    const { eax, edx } = this.cpuid(hyperv_cpuid.HYPERV_CPUID_FEATURES);
    return new PartitionRegisters({
      arch,
      features: eax,
      misc: edx,
      hypercallPage: new HypercallPage(overlays, pages.hypercall),
      time: new ReferenceTime(queue, overlays, tscHz, pages.tsc),
      crash: new CrashRegisters(memory, trace, onCrash),
      tscHz,
      apicHz,
    });
  }
}

/** The end of memory; nowhere when there is too little of it. */
function rootPagesOf({ size }: GuestMemory): number | undefined {
  return size > ROOT_PAGES_BYTES ? size - ROOT_PAGES_BYTES : undefined;
}

function checkVps(vps: readonly number[]): void {
  const ascending = vps.every(
    (vp, i) => Number.isInteger(vp) && vp >= 0 && vp < MOST_VPS && (i === 0 || vp > vps[i - 1]!),
  );
  if (vps.length === 0 || !ascending)
    throw new HypervisorError(`VP indices are ascending and below ${MOST_VPS}, not ${vps.join(', ')}`);
}
