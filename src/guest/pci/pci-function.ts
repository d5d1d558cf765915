import {
  PCI_CAP_ID_MSI,
  PCI_CAP_ID_MSIX,
  PCI_CLASS_REVISION,
  PCI_COMMAND_MASTER,
  PCI_COMMAND_MEMORY,
  PCI_SUBSYSTEM,
} from '../../hardware/pci-config.js';
import { failure, type Outcome } from '../../ports/outcome.js';
import type { InterruptService } from '../vpci-interrupts/interrupt-service.js';
import type { Bar } from './bars.js';
import { DIRECT_DMA, type DmaOperations } from './dma-operations.js';
import type { FunctionConfig } from './function-config.js';
import { type AffinityPlan, FunctionInterrupts } from './function-interrupts.js';
import { MsiCapability } from './msi-capability.js';
import { MsixCapability } from './msix-capability.js';
import type { RootBusOptions } from './root-bus-options.js';

/** Who a function is. */
export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  /** Base class, subclass, programming interface: 0x010802 is NVMe. */
  readonly classCode: number;
  readonly revision: number;
  readonly subsystem: number;
}

/** One function as its driver sees it. Accesses name the CPU that makes them; 0 where nothing else is said. */
export class PciFunction {
  readonly domain: number;
  readonly devfn: number;
  readonly identity: PciIdentity;
  readonly config: FunctionConfig;
  readonly bars: readonly Bar[];
  readonly interrupts: FunctionInterrupts;
  /** Undefined while nobody knows. */
  numaNode: number | undefined;
  /** False once it was removed: a driver that still runs finds no device. */
  isPresent = true;
  /** DMA sees what the caches have: as the VMBus node says of all its devices (ARM-17). */
  readonly isDmaCoherent: boolean;
  /** For its driver; an IOMMU puts its own here before there is one. */
  dma: DmaOperations = DIRECT_DMA;
  private readonly service: InterruptService;
  private readonly msixAt: number | undefined;
  private readonly msiAt: number | undefined;

  constructor(
    service: InterruptService,
    bus: RootBusOptions,
    config: FunctionConfig,
    vendorAndDevice: number,
    bars: readonly Bar[],
  ) {
    this.service = service;
    this.domain = bus.domain;
    this.isDmaCoherent = bus.isDmaCoherent ?? true;
    this.config = config;
    this.devfn = config.devfn;
    this.bars = bars;
    const classAndRevision = config.read(PCI_CLASS_REVISION, 4) >>> 0;
    this.identity = {
      vendor: vendorAndDevice & 0xffff,
      device: vendorAndDevice >>> 16,
      classCode: classAndRevision >>> 8,
      revision: classAndRevision & 0xff,
      subsystem: config.read(PCI_SUBSYSTEM, 4) >>> 0,
    };
    this.interrupts = new FunctionInterrupts(service, bus.interrupts, config.devfn);
    this.msiAt = config.findCapability(PCI_CAP_ID_MSI);
    this.msixAt = config.findCapability(PCI_CAP_ID_MSIX);
  }

  /** Lets the function answer at its BARs. */
  enable(): void {
    this.config.changeCommand(PCI_COMMAND_MEMORY, 0);
  }

  /** Lets the function read and write memory. */
  setMaster(): void {
    this.config.changeCommand(PCI_COMMAND_MASTER, 0);
  }

  clearMaster(): void {
    this.config.changeCommand(0, PCI_COMMAND_MASTER);
  }

  /** Allocates interrupts: MSI-X where the function has it, else MSI; EINVAL where it has neither. */
  allocateInterrupts(count: number, plan?: AffinityPlan): Outcome<number> {
    if (this.msixAt !== undefined) {
      const bars = {
        read: (bar: number, offset: number) => this.readBar(bar, offset),
        write: (bar: number, offset: number, value: number) => this.writeBar(bar, offset, value),
      };
      return this.interrupts.allocate(new MsixCapability(this.config, this.msixAt, bars), count, plan);
    }
    if (this.msiAt === undefined) return failure('EINVAL');
    return this.interrupts.allocate(new MsiCapability(this.config, this.msiAt), count, plan);
  }

  /** A 32-bit register behind a BAR; all ones where no BAR or no device is. */
  readBar(bar: number, offset: number, cpu = 0): number {
    const gpa = this.gpaOf(bar, offset);
    if (gpa === undefined) return 0xffffffff;
    return Number(this.service.machine.cpus[cpu]!.gate.mmioRead(gpa, 4)) >>> 0;
  }

  writeBar(bar: number, offset: number, value: number, cpu = 0): void {
    const gpa = this.gpaOf(bar, offset);
    if (gpa !== undefined) this.service.machine.cpus[cpu]!.gate.mmioWrite(gpa, 4, BigInt(value >>> 0));
  }

  private gpaOf(index: number, offset: number): number | undefined {
    const bar = this.bars.find((one) => one.index === index);
    if (bar === undefined || bar.address === 0n || BigInt(offset) + 4n > bar.size) return undefined;
    return Number(bar.address) + offset;
  }
}
