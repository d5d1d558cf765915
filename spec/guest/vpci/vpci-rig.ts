import { hv_mmio_read_input, hv_mmio_write_input } from '../../../src/abi/hv/mmio.js';
import { HVCALL_MMIO_READ, HVCALL_MMIO_WRITE } from '../../../src/abi/hypercalls/mmio.js';
import { viewOf } from '../../../src/bytes/span.js';
import { DomainNumberPool } from '../../../src/guest/device-id/domain-number-pool.js';
import { LogicalDeviceIdTable } from '../../../src/guest/device-id/logical-device-id-table.js';
import { AddressSpace } from '../../../src/guest/machine/device-space.js';
import { PciCore } from '../../../src/guest/pci/pci-core.js';
import { VpciDriver, type VpciDriverOptions } from '../../../src/guest/vpci/vpci-driver.js';
import { MessageComposer } from '../../../src/guest/vpci-interrupts/compose.js';
import { X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { decode } from '../../../src/layout/codec.js';
import type { CpuGate } from '../../../src/ports/cpu-gate.js';
import type { HostPort, MmioDevice, MmioWindow } from '../../../src/ports/host-port.js';
import type { Outcome } from '../../../src/ports/outcome.js';
import { type Routine, type Running, start } from '../../../src/sched/routine.js';
import { OrderedWork } from '../../../src/sched/sync.js';
import { seededChoice, VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import type { PciDevice } from '../../../src/vsp/pci/pci-device.js';
import type { VpciFunction } from '../../../src/vsp/vpci/bus-function.js';
import { VpciBus, type VpciBusOptions } from '../../../src/vsp/vpci/vpci-bus.js';
import { FakeRouter } from '../../vsp/vpci/host-rig.js';
import { FakeGuest } from '../pci/fake-guest.js';
import { ChannelPair } from './channel-pair.js';
import { MessageDriver } from './message-driver.js';

export const INSTANCE = '8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18';
const LOW = { gpa: 0xf800_0000, length: 0x100_0000 };
const HIGH = { gpa: 0xf_e000_0000, length: 0x1000_0000 };

/** A guest whose tasks run in an order that a seed chooses. */
export class SeededGuest extends FakeGuest {
  override readonly queue: VirtualQueue;
  override readonly space: AddressSpace;

  constructor(vps: readonly number[], seed: number | undefined, ranges = [LOW, HIGH]) {
    super(vps);
    this.queue = new VirtualQueue(seed === undefined ? undefined : seededChoice(seed));
    this.space = new AddressSpace(ranges);
    for (const cpu of this.cpus) Object.assign(cpu, { gate: this.watch(cpu.gate) });
  }

  /** Accesses to device space that were made without a call, as `r2 f8001004` and `w4 f8000000 0`. */
  readonly accesses: string[] = [];
  /** Inputs of calls for device space. */
  readonly mmioCalls: { readonly code: number; readonly input: Uint8Array }[] = [];
  /** HV_STATUS of calls for device space; the call has no effect then. */
  mmioStatus = 0;

  /** Device space by calls as well; everything else is the fake's. */
  private watch(gate: CpuGate): CpuGate {
    const guest = this;
    let lo: number | undefined;
    return {
      vp: gate.vp,
      resultHi: 0,
      get resultLo() {
        return lo ?? gate.resultLo;
      },
      rdmsr: (msr) => gate.rdmsr(msr),
      wrmsr: (msr, value) => gate.wrmsr(msr, value),
      hypercallFast: (a, b, registers) => gate.hypercallFast(a, b, registers),
      hypercall(controlLo, controlHi, inputGpa, outputGpa) {
        lo = undefined;
        if (controlLo !== HVCALL_MMIO_READ.code && controlLo !== HVCALL_MMIO_WRITE.code)
          return gate.hypercall(controlLo, controlHi, inputGpa, outputGpa);
        const isRead = controlLo === HVCALL_MMIO_READ.code;
        const input = new Uint8Array(isRead ? hv_mmio_read_input.size : hv_mmio_write_input.size);
        guest.memory.read(inputGpa, input);
        guest.mmioCalls.push({ code: controlLo, input });
        lo = guest.mmioStatus;
        if (lo !== 0) return;
        const { gpa, size } = decode(hv_mmio_read_input, input, { trailing: 'ignore' });
        const bytes = size as 1 | 2 | 4;
        if (isRead) guest.memory.writeU64(outputGpa, gate.mmioRead(Number(gpa), bytes));
        else {
          const value = viewOf(decode(hv_mmio_write_input, input).data).getBigUint64(0, true);
          gate.mmioWrite(Number(gpa), bytes, BigInt.asUintN(bytes * 8, value));
        }
      },
      mmioRead(gpa, size) {
        guest.accesses.push(`r${size} ${gpa.toString(16)}`);
        return gate.mmioRead(gpa, size);
      },
      mmioWrite(gpa, size, value) {
        guest.accesses.push(`w${size} ${gpa.toString(16)} ${value.toString(16)}`);
        gate.mmioWrite(gpa, size, value);
      },
    };
  }
}

export interface VpciRigOptions {
  readonly seed?: number;
  readonly vps?: readonly number[];
  readonly driver?: Partial<Omit<VpciDriverOptions, 'pci' | 'domains'>>;
  /** Slots of the functions; one at 0 when absent. */
  readonly functions?: readonly {
    dev?: number;
    func?: number;
    serial?: number;
    numaNode?: number;
    device?: PciDevice;
  }[];
  readonly bus?: Partial<Omit<VpciBusOptions, 'functions'>>;
  /** Messages that the driver of a function takes. */
  readonly messages?: number;
  readonly ranges?: readonly { gpa: number; length: number }[];
}

/** A guest with the virtual PCI driver and hosts of buses, in one thread of virtual time. */
export class VpciRig {
  readonly guest: SeededGuest;
  readonly queue: VirtualQueue;
  readonly router = new FakeRouter();
  readonly port: HostPort;
  readonly domains: DomainNumberPool;
  readonly ids: LogicalDeviceIdTable;
  readonly core: PciCore;
  readonly functionDriver: MessageDriver;
  readonly driver: VpciDriver;
  readonly bus: VpciBus;
  readonly channel: ChannelPair;
  readonly functions: readonly VpciFunction[];
  /** Guest device space that hosts have mapped. */
  readonly mapped = new Map<number, number>();
  readonly freeFrames: number;
  /** Times the host took the offer back; true where the guest was too slow. */
  readonly rescinds: boolean[] = [];
  private readonly work: OrderedWork;
  private isProbed = false;

  constructor({ seed, vps = [0, 1], driver, functions = [{}], bus, messages, ranges }: VpciRigOptions = {}) {
    this.guest = new SeededGuest(vps, seed, ranges === undefined ? undefined : [...ranges]);
    this.queue = this.guest.queue;
    this.port = this.makePort();
    this.domains = new DomainNumberPool(this.guest.log);
    this.ids = new LogicalDeviceIdTable(this.guest.log);
    const arch = new X86Interrupts(this.guest);
    this.core = new PciCore({ machine: this.guest, arch, composer: new MessageComposer(this.guest, arch) });
    this.functionDriver = new MessageDriver(this.queue, messages);
    this.core.register(this.functionDriver);
    this.driver = new VpciDriver(this.guest, { pci: this.core, domains: this.domains, ids: this.ids, ...driver });
    this.functions = functions.map(({ dev = 0, func = 0, serial = 0x1000 + func, numaNode, device }) => ({
      dev,
      func,
      serial,
      ...(numaNode === undefined ? {} : { numaNode }),
      device: device ?? new BarDevice({ port: this.port, msiVectors: 4 }),
    }));
    this.bus = this.makeBus({ ...bus, functions: this.functions });
    this.channel = new ChannelPair(this.queue, this.guest.frames, this.bus);
    this.work = new OrderedWork(this.queue);
    this.freeFrames = this.guest.frames.free;
  }

  /** A bus whose rescind takes the channel of this rig back. */
  makeBus(options: Omit<VpciBusOptions, 'instanceId'> & { instanceId?: string }): VpciBus {
    return new VpciBus(this.port, {
      instanceId: INSTANCE,
      rescind: (forced) => {
        this.rescinds.push(forced);
        this.rescind();
      },
      ...options,
    });
  }

  /** A second channel of the same guest. */
  openPair(bus: VpciBus): ChannelPair {
    return new ChannelPair(this.queue, this.guest.frames, bus, 2);
  }

  /** Starts the probe; it runs with the queue. */
  startProbe(channel: ChannelPair = this.channel): Running<Outcome> {
    return start(this.queue, this.driver.probe(channel));
  }

  /** Probes until nothing moves. */
  probe(): Outcome {
    return this.run(this.driver.probe(this.channel));
  }

  /** Runs a routine to its end, `limitUs` at most, and what it leaves due. Throws Error when it does not end. */
  run<T>(routine: Routine<T>, limitUs = 300_000_000): T {
    const running = start(this.queue, routine);
    this.queue.drain(limitUs);
    if (!running.done) throw new Error('the routine does not end');
    return running.value;
  }

  /** The host takes the channel away: the message comes in as a task, the removal stands behind the probe. */
  rescind(): void {
    this.bus.withdraw();
    this.queue.post(() => {
      if (this.channel.rescinded) return;
      this.channel.takeBack();
      this.work.add(() => this.removeBehindProbe());
    });
  }

  /** Waits until a rescind, if there was one, is done. */
  get settled(): Routine {
    return this.work.flush();
  }

  /** Queues a probe in the order that VMBus keeps. */
  queueProbe(done: (outcome: Outcome) => void): void {
    const rig = this;
    this.work.add(function* (): Routine {
      const outcome = yield* rig.driver.probe(rig.channel);
      rig.isProbed = outcome.ok;
      done(outcome);
    });
  }

  queueRemove(): void {
    this.work.add(() => this.removeBehindProbe());
  }

  private *removeBehindProbe(): Routine {
    if (this.isProbed) yield* this.driver.remove(this.channel);
    this.isProbed = false;
    if (this.channel.isOpen) yield* this.channel.close();
  }

  private makePort(): HostPort {
    const { guest, mapped, router } = this;
    return {
      arch: 'x64',
      memory: guest.memory,
      queue: guest.queue,
      trace: { event: () => undefined },
      interrupts: router,
      vps: guest.cpus.map(({ gate }) => gate.vp),
      postMessage: () => false,
      signalEvent: () => undefined,
      listenMessages: () => ({ close: () => undefined }),
      listenSignals: () => ({ close: () => undefined }),
      mapWindow: (gpa: number, length: number, device: MmioDevice): MmioWindow | undefined => {
        for (const [start, bytes] of mapped) if (gpa < start + bytes && start < gpa + length) return undefined;
        mapped.set(gpa, length);
        guest.map(gpa, length, device);
        const unmap = (): void => {
          mapped.delete(gpa);
          guest.unmap(gpa);
        };
        return { gpa, length, unmap };
      },
    };
  }
}
