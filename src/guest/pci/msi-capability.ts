import { hiOf, loOf } from '../../bytes/word.js';
import {
  PCI_COMMAND_INTX_DISABLE,
  PCI_MSI_ADDRESS_HI,
  PCI_MSI_ADDRESS_LO,
  PCI_MSI_DATA_32,
  PCI_MSI_DATA_64,
  PCI_MSI_FLAGS,
  PCI_MSI_FLAGS_64BIT,
  PCI_MSI_FLAGS_ENABLE,
  PCI_MSI_FLAGS_MASKBIT,
  PCI_MSI_FLAGS_QSIZE,
} from '../../hardware/pci-config.js';
import type { MsiMessage } from '../vpci-interrupts/message-irq.js';
import type { FunctionConfig } from './function-config.js';
import type { MessageCapability } from './message-capability.js';

/** MSI (msi_capability_init, drivers/pci/msi/msi.c). Its messages share one address and base; entry 0 stands for all of them. */
export class MsiCapability implements MessageCapability {
  readonly kind = 'msi';
  readonly count: number;
  private readonly config: FunctionConfig;
  private readonly at: number;
  private readonly is64: boolean;
  private readonly hasMask: boolean;
  private maskBits = 0;
  private queueSize = 0;

  constructor(config: FunctionConfig, at: number) {
    this.config = config;
    this.at = at;
    const flags = this.flags;
    this.count = 1 << ((flags >> 1) & 7);
    this.is64 = (flags & PCI_MSI_FLAGS_64BIT) !== 0;
    this.hasMask = (flags & PCI_MSI_FLAGS_MASKBIT) !== 0;
  }

  begin(count: number): void {
    this.queueSize = Math.ceil(Math.log2(count));
    this.writeFlags(this.flags & ~PCI_MSI_FLAGS_ENABLE);
    this.config.read(this.at + PCI_MSI_FLAGS, 2);
    if (!this.hasMask) return;
    this.config.read(this.maskAt, 4);
    this.setMask(this.allBits);
  }

  write(index: number, message: MsiMessage): void {
    if (index > 0) return;
    this.writeFlags((this.flags & ~PCI_MSI_FLAGS_QSIZE) | (this.queueSize << 4));
    this.config.write(this.at + PCI_MSI_ADDRESS_LO, 4, loOf(message.address));
    if (this.is64) this.config.write(this.at + PCI_MSI_ADDRESS_HI, 4, hiOf(message.address));
    this.config.write(this.at + (this.is64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 2, message.data & 0xffff);
    this.config.read(this.at + PCI_MSI_FLAGS, 2);
  }

  finish(): void {
    this.config.changeCommand(PCI_COMMAND_INTX_DISABLE, 0);
    this.writeFlags(this.flags | PCI_MSI_FLAGS_ENABLE);
  }

  mask(index: number): void {
    if (this.hasMask) this.setMask(this.maskBits | (1 << index));
  }

  unmask(index: number): void {
    if (this.hasMask) this.setMask(this.maskBits & ~(1 << index));
  }

  end(): void {
    this.writeFlags(this.flags & ~PCI_MSI_FLAGS_ENABLE);
    this.config.changeCommand(0, PCI_COMMAND_INTX_DISABLE);
    // As it was found: a function without messages may still be asked for them by its next owner.
    if (this.hasMask) this.setMask(0);
  }

  private get flags(): number {
    return this.config.read(this.at + PCI_MSI_FLAGS, 2);
  }

  private writeFlags(flags: number): void {
    this.config.write(this.at + PCI_MSI_FLAGS, 2, flags);
  }

  private get maskAt(): number {
    return this.at + (this.is64 ? 0x10 : 0xc);
  }

  private get allBits(): number {
    return this.count === 32 ? 0xffffffff : (1 << this.count) - 1;
  }

  private setMask(bits: number): void {
    this.maskBits = bits >>> 0;
    this.config.write(this.maskAt, 4, this.maskBits);
  }
}
