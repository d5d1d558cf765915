import { DomainNumberPool } from '../../guest/device-id/domain-number-pool.js';
import { LogicalDeviceIdTable } from '../../guest/device-id/logical-device-id-table.js';
import { type BootedGuest, bootGuest } from '../../guest/machine/boot.js';
import { BarDriver } from '../../guest/pci/bar-driver.js';
import { NvmeDriver } from '../../guest/pci/nvme-driver.js';
import { PciCore } from '../../guest/pci/pci-core.js';
import type { PvIommu } from '../../guest/pv-iommu/pv-iommu.js';
import { type PvIommuOptions, startPvIommu } from '../../guest/pv-iommu/start.js';
import { VmbusClient } from '../../guest/vmbus/vmbus-client.js';
import { VpciDriver } from '../../guest/vpci/vpci-driver.js';
import { Arm64Interrupts } from '../../guest/vpci-interrupts/arm64-interrupts.js';
import { GicDistributor } from '../../guest/vpci-interrupts/gic-distributor.js';
import { makeInterruptService } from '../../guest/vpci-interrupts/interrupt-service.js';
import type { IrqArch } from '../../guest/vpci-interrupts/irq-arch.js';
import { X86Interrupts } from '../../guest/vpci-interrupts/x86-interrupts.js';
import type { Arch } from '../../layout/types.js';
import { HypercallPages } from '../../memory/hypercall-pages.js';
import type { PageFrameAllocator } from '../../memory/page-frame-allocator.js';
import type { CpuGate } from '../../ports/cpu-gate.js';
import type { GuestMemory } from '../../ports/guest-memory.js';
import type { LogSink } from '../../ports/log-sink.js';
import type { RunQueue } from '../../ports/run-queue.js';

/** Where the distributor's registers are, for hypervisor and guest. */
export const GICD_GPA = 0xffff_0000;

export interface GuestSideOptions {
  readonly arch: Arch;
  readonly memory: GuestMemory;
  readonly frames: PageFrameAllocator;
  readonly queue: RunQueue;
  readonly log: LogSink;
  readonly gates: readonly CpuGate[];
  /** Config space through hypercalls, as a confidential guest has to. */
  readonly isConfidential?: boolean;
  /** Its driver of an IOMMU looks for one; without it nobody does. */
  readonly iommu?: PvIommuOptions;
  /** VMBus versions to ask for. */
  readonly versions?: readonly number[];
}

/** Everything that runs in the guest: machine, VMBus, PCI and the drivers. */
export class GuestSide {
  readonly machine: BootedGuest;
  readonly vmbus: VmbusClient;
  readonly pci: PciCore;
  readonly ids: LogicalDeviceIdTable;
  readonly domains: DomainNumberPool;
  readonly vpci: VpciDriver;
  readonly nvme: NvmeDriver;
  readonly bars: BarDriver;
  readonly frames: PageFrameAllocator;
  /** Undefined where none was found. */
  readonly iommu: PvIommu | undefined;

  /** Boots the machine: makes hypercalls. */
  constructor(options: GuestSideOptions) {
    const { arch, memory, frames, queue, log, gates, isConfidential, versions } = options;
    this.frames = frames;
    const pages = HypercallPages.create(memory, frames, { cpus: gates.length });
    for (let cpu = 0; cpu < gates.length; cpu++) pages.online(cpu);
    this.machine = bootGuest({ arch, memory, frames, pages, queue, log, gates });
    const interrupts = this.interruptsOf(arch);
    this.pci = new PciCore(makeInterruptService(this.machine, interrupts));
    this.nvme = new NvmeDriver(this.machine);
    this.bars = new BarDriver(({ classCode }) => classCode >>> 16 !== STORAGE_CLASS);
    this.pci.register(this.nvme);
    this.pci.register(this.bars);
    this.ids = new LogicalDeviceIdTable(log);
    this.domains = new DomainNumberPool(log);
    this.iommu = this.startIommu(options.iommu);
    this.vmbus = new VmbusClient(this.machine, {
      ...(versions === undefined ? {} : { versions }),
      ...(isConfidential === undefined ? {} : { isIsolated: isConfidential }),
    });
    this.vpci = new VpciDriver(this.machine, {
      pci: this.pci,
      domains: this.domains,
      ids: this.ids,
      ...(isConfidential === undefined ? {} : { isConfidential }),
    });
  }

  /** Page frames, windows, vectors, requests and registrations that are in use: all of it goes back when a device goes. */
  holdings(): Readonly<Record<string, number>> {
    const { machine } = this;
    return {
      windows: machine.space.taken,
      vectors: machine.vectors.inUse,
      domains: this.domains.taken,
      ids: this.ids.size,
      bound: this.pci.bound,
      ...(this.iommu === undefined ? {} : iommuHoldings(this.iommu)),
    };
  }

  /** In front of every bus (PVI-09). */
  private startIommu(options: PvIommuOptions | undefined): PvIommu | undefined {
    if (options === undefined) return undefined;
    const started = startPvIommu(this.machine, this.ids, options);
    if (!started.ok) return undefined;
    started.value.follow(this.pci);
    return started.value;
  }

  private interruptsOf(arch: Arch): IrqArch {
    const { machine } = this;
    if (arch === 'x64') return new X86Interrupts(machine);
    const gic = new GicDistributor({
      firmware: 'acpi',
      gpa: GICD_GPA,
      affinityOf: (cpu) => BigInt(machine.cpus[cpu]!.gate.vp),
      gate: () => (machine.cpus.find(({ online }) => online) ?? machine.cpus[0]!).gate,
    });
    return new Arm64Interrupts(machine, gic);
  }
}

/** PCI base class of mass storage: those have a driver of their own. */
const STORAGE_CLASS = 0x01;

function iommuHoldings(iommu: PvIommu): Readonly<Record<string, number>> {
  const { devices, pagingDomains } = iommu.state;
  return { 'devices behind the IOMMU': devices, 'paging domains': pagingDomains, IOVAs: iommu.iovasInUse };
}
