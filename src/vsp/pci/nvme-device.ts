import { DirectDma } from '../../memory/direct-dma.js';
import type { DmaPort } from '../../ports/dma-port.js';
import { MsiCapability } from './msi.js';
import { MsixCapability } from './msix.js';
import { NvmeController } from './nvme-controller.js';
import type { ConfigBlocks, DevicePort, PciIdentity } from './pci-device.js';
import { PciFunction } from './pci-function.js';
import { RamDisk } from './ram-disk.js';

export interface NvmeDeviceOptions {
  readonly port: DevicePort;
  /** Its way to memory, through an IOMMU say; straight when absent. */
  readonly dma?: DmaPort;
  /** Of the one namespace; 131072 (64 MiB of 512-byte sectors) when absent. */
  readonly sectors?: number;
  /** 512 or 4096. */
  readonly sectorBytes?: number;
  /** How it interrupts: by MSI-X, which is what absence means, or by so many messages of plain MSI. */
  readonly interrupts?: 'msix' | number;
  /** Entries of the MSI-X table; 8 when absent. */
  readonly msixVectors?: number;
  /** I/O queues of each kind; one less than the messages when absent, at least 1. */
  readonly maxQueues?: number;
  /** Shown in decimal as its serial number, which sets the disk apart from others. */
  readonly serial?: number;
  readonly identity?: Partial<PciIdentity>;
  readonly blocks?: ConfigBlocks;
}

/** Mass storage, NVM Express: the function that the captures of real guests show. */
const IDENTITY: PciIdentity = {
  vendorId: 0x1414,
  deviceId: 0xb111,
  revision: 1,
  progIf: 2,
  subclass: 8,
  baseClass: 1,
  subsystemId: 0x0001_1414,
};

const BAR_BYTES = 0x4000;
const MSIX_TABLE = 0x2000;
const MSIX_PENDING = 0x3000;

/** An NVM Express controller with one RAM-backed namespace: enough of NVM Express 1.3 for Linux's nvme driver. */
export class NvmeDevice extends PciFunction {
  readonly controller: NvmeController;
  readonly disk: RamDisk;

  /** Throws RangeError for messages or sectors that cannot be. */
  constructor(options: NvmeDeviceOptions) {
    const { port, sectors = 131072, sectorBytes = 512, interrupts = 'msix', identity, blocks } = options;
    if (sectorBytes !== 512 && sectorBytes !== 4096) throw new RangeError(`sectors of ${sectorBytes} bytes`);
    const vectors = interrupts === 'msix' ? (options.msixVectors ?? 8) : interrupts;
    const maxQueues = options.maxQueues ?? Math.max(1, vectors - 1);
    const ids = { ...IDENTITY, ...identity };
    const disk = new RamDisk(sectors * sectorBytes);
    const controller = new NvmeController({
      port,
      dma: options.dma ?? new DirectDma(port.memory),
      identity: {
        vendorId: ids.vendorId,
        subsystemVendorId: ids.subsystemId & 0xffff,
        serialNumber: `HVABI${String(options.serial ?? 1).padStart(10, '0')}`,
        model: 'hvabi NVMe namespace in RAM',
        sectorBytes,
        disk,
      },
      maxQueues,
      vectors,
      raise: (vector) => this.raise(vector),
      slot: () => this.slot,
    });
    const place = { vectors, bar: 0, tableOffset: MSIX_TABLE, pendingOffset: MSIX_PENDING };
    const source =
      interrupts === 'msix' ? new MsixCapability(port.interrupts, place) : new MsiCapability(port.interrupts, vectors);
    const device = source instanceof MsixCapability ? source.over(controller) : controller;
    super({
      port,
      identity: ids,
      bars: [{ index: 0, size: BAR_BYTES, wide: true, device }],
      interrupts: [source],
      ...(blocks === undefined ? {} : { blocks }),
      reset: () => controller.reset(),
    });
    this.controller = controller;
    this.disk = disk;
  }
}
