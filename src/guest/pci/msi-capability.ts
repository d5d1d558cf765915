import { hiOf, loOf } from '../../bytes/word.js';
import type { MsiMessage } from '../vpci-interrupts/message-irq.js';
import type { FunctionConfig } from './function-config.js';
import type { MessageCapability } from './message-capability.js';
import { PCI_COMMAND_INTX_DISABLE } from './registers.js';

const FLAGS = 2;
const ADDRESS_LOW = 4;
const FLAG_ENABLE = 0x1;
const FLAG_64BIT = 0x80;
const FLAG_MASKBIT = 0x100;

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
    this.is64 = (flags & FLAG_64BIT) !== 0;
    this.hasMask = (flags & FLAG_MASKBIT) !== 0;
  }

  begin(count: number): void {
    this.queueSize = Math.ceil(Math.log2(count));
    this.writeFlags(this.flags & ~FLAG_ENABLE);
    this.config.read(this.at + FLAGS, 2);
    if (!this.hasMask) return;
    this.config.read(this.maskAt, 4);
    this.setMask(this.allBits);
  }

  write(index: number, message: MsiMessage): void {
    if (index > 0) return;
    this.writeFlags((this.flags & ~0x70) | (this.queueSize << 4));
    this.config.write(this.at + ADDRESS_LOW, 4, loOf(message.address));
    if (this.is64) this.config.write(this.at + ADDRESS_LOW + 4, 4, hiOf(message.address));
    this.config.write(this.at + ADDRESS_LOW + (this.is64 ? 8 : 4), 2, message.data & 0xffff);
    this.config.read(this.at + FLAGS, 2);
  }

  finish(): void {
    this.config.changeCommand(PCI_COMMAND_INTX_DISABLE, 0);
    this.writeFlags(this.flags | FLAG_ENABLE);
  }

  mask(index: number): void {
    if (this.hasMask) this.setMask(this.maskBits | (1 << index));
  }

  unmask(index: number): void {
    if (this.hasMask) this.setMask(this.maskBits & ~(1 << index));
  }

  end(): void {
    this.writeFlags(this.flags & ~FLAG_ENABLE);
    this.config.changeCommand(0, PCI_COMMAND_INTX_DISABLE);
    // As it was found: a function without messages may still be asked for them by its next owner.
    if (this.hasMask) this.setMask(0);
  }

  private get flags(): number {
    return this.config.read(this.at + FLAGS, 2);
  }

  private writeFlags(flags: number): void {
    this.config.write(this.at + FLAGS, 2, flags);
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
