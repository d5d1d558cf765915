import { DomainNumberPool } from '../../../src/guest/device-id/domain-number-pool.js';
import { LogicalDeviceIdTable } from '../../../src/guest/device-id/logical-device-id-table.js';
import { type BootedGuest, bootGuest } from '../../../src/guest/machine/boot.js';
import { PciCore } from '../../../src/guest/pci/pci-core.js';
import { VmbusClient } from '../../../src/guest/vmbus/vmbus-client.js';
import { VpciDriver } from '../../../src/guest/vpci/vpci-driver.js';
import { makeInterruptService } from '../../../src/guest/vpci-interrupts/interrupt-service.js';
import { X86Interrupts } from '../../../src/guest/vpci-interrupts/x86-interrupts.js';
import { Partition } from '../../../src/hypervisor/partition.js';
import { HypercallPages } from '../../../src/memory/hypercall-pages.js';
import { PageFrameAllocator } from '../../../src/memory/page-frame-allocator.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { type Routine, type Running, start } from '../../../src/sched/routine.js';
import { seededChoice } from '../../../src/sched/virtual-queue.js';
import { BarDevice } from '../../../src/vsp/pci/bar-device.js';
import { ChannelServer, type OfferedChannel } from '../../../src/vsp/vmbus/channel-server.js';
import type { VpciFunction } from '../../../src/vsp/vpci/bus-function.js';
import { VpciBus, type VpciKnobs } from '../../../src/vsp/vpci/vpci-bus.js';
import { MessageDriver } from '../../guest/vpci/message-driver.js';
import { SteppedQueue } from '../../support/stepped-queue.js';

const MEMORY_BYTES = 512 << 10;
const FIRST_PFN = 16;
const VPS = [0, 3];
const GUIDS = ['8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18', '6c1de0a7-37a9-4d3a-8e90-b1274f5c93d8'];
const MESSAGES = 2;
/** Longer than an ejection may take (VPCI-73), and all waits that follow it. */
const LIMIT_US = 300_000_000;

/** A bus of two functions and its offer, as the host has them. */
export class OfferedBus {
  readonly bus: VpciBus;
  readonly offered: OfferedChannel;
  readonly functions: readonly VpciFunction[];

  constructor(port: Partition, server: ChannelServer, instanceId: string, knobs: VpciKnobs) {
    this.functions = [0, 1].map((func) => ({
      dev: 0,
      func,
      serial: 0x1000 + func,
      device: new BarDevice({ port, msiVectors: 2 << func }),
    }));
    this.bus = new VpciBus(port, {
      instanceId,
      functions: this.functions,
      knobs,
      rescind: () => void this.offered.rescind(),
    });
    this.offered = server.offer(this.bus);
  }

  rescind(): void {
    this.bus.withdraw();
    this.offered.rescind();
  }

  reoffer(): void {
    this.bus.changeRelations(this.functions);
    this.offered.reoffer();
  }
}

/** Hypervisor, host and guest with one order of tasks; every routine that is started has to come to an end. */
export class SweptMachine {
  readonly queue: SteppedQueue;
  readonly buses: OfferedBus[] = [];
  readonly guest: BootedGuest;
  readonly vmbus: VmbusClient;
  readonly driver: MessageDriver;
  readonly log: LogLine[] = [];
  private readonly vpci: VpciDriver;
  private readonly pci: PciCore;
  private readonly ids: LogicalDeviceIdTable;
  private readonly domains: DomainNumberPool;
  private readonly partition: Partition;
  private readonly server: ChannelServer;
  private readonly knobs: VpciKnobs;
  private readonly frames: PageFrameAllocator;
  private readonly started: [what: string, running: Running<void>][] = [];
  private readonly free: number;

  constructor(seed: number, knobs: VpciKnobs = {}) {
    this.queue = new SteppedQueue(seed === 0 ? undefined : seededChoice(seed));
    this.knobs = knobs;
    const { queue } = this;
    const memory = SharedGuestMemory.create(MEMORY_BYTES, { kernel: false });
    this.frames = PageFrameAllocator.create(FIRST_PFN, MEMORY_BYTES / 4096 - FIRST_PFN);
    const { frames } = this;
    const log = (line: LogLine): void => void this.log.push(line);
    const sink = { interrupt: (vp: number, vector: number): void => this.guest.interrupt(vp, vector) };
    this.partition = new Partition({ arch: 'x64', memory, queue, sink, vps: VPS });
    this.server = new ChannelServer(this.partition);
    this.offerBus();
    const pages = HypercallPages.create(memory, frames, { cpus: VPS.length });
    for (const cpu of VPS.keys()) pages.online(cpu);
    const gates = VPS.map((vp) => this.partition.gate(vp));
    this.guest = bootGuest({ arch: 'x64', memory, frames, pages, queue, log, gates });
    const { guest } = this;
    this.pci = new PciCore(makeInterruptService(guest, new X86Interrupts(guest)));
    this.driver = new MessageDriver(queue, MESSAGES);
    this.pci.register(this.driver);
    this.ids = new LogicalDeviceIdTable(log);
    this.domains = new DomainNumberPool(log);
    this.vpci = new VpciDriver(guest, { pci: this.pci, domains: this.domains, ids: this.ids });
    this.vmbus = new VmbusClient(guest);
    this.free = frames.free;
  }

  /** One more bus comes: it asks for the same domain number. */
  offerBus(): void {
    this.buses.push(new OfferedBus(this.partition, this.server, GUIDS[this.buses.length]!, this.knobs));
  }

  /** Runs until nothing moves, or for longer than anything may take. */
  drain(): void {
    this.queue.drain(LIMIT_US);
  }

  start(what: string, routine: Routine): void {
    this.started.push([what, start(this.queue, routine)]);
  }

  *connect(): Routine {
    this.vmbus.register(this.vpci);
    yield* this.vmbus.connect();
    yield* this.vmbus.settle();
  }

  *sleepAndWake(): Routine {
    if ((yield* this.vmbus.suspend()).ok) yield* this.vmbus.resume();
  }

  *unload(): Routine {
    yield* this.vmbus.unload();
  }

  /** What does not come to an end, and functions of offered buses without driver. */
  missing(): string[] {
    const { buses, driver } = this;
    const offered = buses.reduce((sum, { bus }) => sum + bus.slots.length, 0);
    const used = driver.bound.length;
    return [...this.endless(), ...(used === offered ? [] : [`${used} of ${offered} functions have a driver`])];
  }

  /** What is left behind an unload (VPCI-84). */
  leaks(): string[] {
    const { guest, vmbus, vpci, pci, ids, domains, driver, frames, free, buses } = this;
    const counts: Readonly<Record<string, number>> = {
      'page frames': free - frames.free,
      'windows of device space': guest.space.taken,
      'domain numbers': domains.taken,
      'logical device ids': ids.size,
      channels: vmbus.channels.length,
      buses: vpci.buses.length,
      'bound functions': pci.bound + driver.bound.length,
      'vectors of CPUs': guest.vectors.inUse,
      'held locks': pci.rescanLock.held ? 1 : 0,
      'interrupts of the host': buses.reduce((sum, { bus }) => sum + bus.leaks().interrupts, 0),
      'windows of the host': buses.reduce((sum, { bus }) => sum + bus.leaks().windows, 0),
    };
    const left = Object.entries(counts).filter(([, count]) => count !== 0);
    return [...this.endless(), ...left.map(([what, count]) => `${count} ${what} are left`)];
  }

  private endless(): string[] {
    return this.started.filter(([, { done }]) => !done).map(([what]) => `${what} does not end`);
  }
}
