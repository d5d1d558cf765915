import type { MmioDevice } from '../../ports/host-port.js';
import type { BarSpec } from './bars.js';
import { MsiCapability } from './msi.js';
import type { ConfigBlocks, DevicePort, PciIdentity } from './pci-device.js';
import { PciFunction } from './pci-function.js';

export interface BarDeviceOptions {
  readonly port: DevicePort;
  /** One 64-bit BAR of 4 KiB when absent; every BAR is memory of the device, zero at first. */
  readonly bars?: readonly Omit<BarSpec, 'device'>[];
  /** Messages of plain MSI; none when absent. */
  readonly msiVectors?: number;
  readonly identity?: Partial<PciIdentity>;
  readonly blocks?: ConfigBlocks;
}

/** A base system peripheral that no driver looks for. */
const IDENTITY: PciIdentity = {
  vendorId: 0x1414,
  deviceId: 0x00ba,
  revision: 1,
  progIf: 0,
  subclass: 0x80,
  baseClass: 0x08,
  subsystemId: 0x0001_1414,
};

/** A function that is nothing but memory behind BARs; `raise(vector)` interrupts when asked to have messages. */
export class BarDevice extends PciFunction {
  /** Bytes behind each BAR, by its index. */
  readonly memory: ReadonlyMap<number, Uint8Array>;

  /** Throws RangeError for BARs or messages that cannot be. */
  constructor({ port, bars = [{ index: 0, size: 4096, wide: true }], msiVectors, identity, blocks }: BarDeviceOptions) {
    const memory = new Map(bars.map(({ index, size }) => [index, new Uint8Array(size)]));
    super({
      port,
      identity: { ...IDENTITY, ...identity },
      bars: bars.map((bar) => ({ ...bar, device: memoryBehind(memory.get(bar.index)!) })),
      interrupts: msiVectors === undefined ? [] : [new MsiCapability(port.interrupts, msiVectors)],
      ...(blocks === undefined ? {} : { blocks }),
      reset: () => {
        for (const bytes of memory.values()) bytes.fill(0);
      },
    });
    this.memory = memory;
  }
}

function memoryBehind(bytes: Uint8Array): MmioDevice {
  return {
    read(offset, size) {
      let value = 0n;
      for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0xff);
      return value;
    },
    write(offset, size, value) {
      for (let i = 0; i < size; i++) bytes[offset + i] = Number((value >> BigInt(i * 8)) & 0xffn);
    },
  };
}
