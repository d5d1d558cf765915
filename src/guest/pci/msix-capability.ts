import { hiOf, loOf } from '../../bytes/word.js';
import {
  PCI_COMMAND_INTX_DISABLE,
  PCI_MSIX_ENTRY_CTRL_MASKBIT,
  PCI_MSIX_ENTRY_DATA,
  PCI_MSIX_ENTRY_LOWER_ADDR,
  PCI_MSIX_ENTRY_SIZE,
  PCI_MSIX_ENTRY_UPPER_ADDR,
  PCI_MSIX_ENTRY_VECTOR_CTRL,
  PCI_MSIX_FLAGS,
  PCI_MSIX_FLAGS_ENABLE,
  PCI_MSIX_FLAGS_MASKALL,
  PCI_MSIX_FLAGS_QSIZE,
  PCI_MSIX_TABLE,
  PCI_MSIX_TABLE_BIR,
} from '../../hardware/pci-config.js';
import type { MsiMessage } from '../vpci-interrupts/message-irq.js';
import type { FunctionConfig } from './function-config.js';
import type { MessageCapability } from './message-capability.js';

/** Access to a BAR of the function. */
export interface BarAccess {
  read(bar: number, offset: number): number;
  write(bar: number, offset: number, value: number): void;
}

/** MSI-X (msix_capability_init, drivers/pci/msi/msi.c). */
export class MsixCapability implements MessageCapability {
  readonly kind = 'msix';
  readonly count: number;
  private readonly config: FunctionConfig;
  private readonly at: number;
  private readonly bars: BarAccess;
  private bar = 0;
  private table = 0;
  private used = 0;
  private readonly masked = new Set<number>();

  constructor(config: FunctionConfig, at: number, bars: BarAccess) {
    this.config = config;
    this.at = at;
    this.bars = bars;
    this.count = (this.flags & PCI_MSIX_FLAGS_QSIZE) + 1;
  }

  begin(count: number): void {
    this.used = count;
    const flags = this.flags;
    this.config.write(this.at + PCI_MSIX_FLAGS, 2, flags | PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    this.config.read(this.at + PCI_MSIX_FLAGS, 2);
    const table = this.config.read(this.at + PCI_MSIX_TABLE, 4);
    this.bar = table & PCI_MSIX_TABLE_BIR;
    this.table = (table & ~PCI_MSIX_TABLE_BIR) >>> 0;
    this.config.read(this.at + PCI_MSIX_FLAGS, 2);
    for (let i = 0; i < count; i++)
      if ((this.bars.read(this.bar, this.entry(i) + PCI_MSIX_ENTRY_VECTOR_CTRL) & PCI_MSIX_ENTRY_CTRL_MASKBIT) !== 0)
        this.masked.add(i);
  }

  write(index: number, message: MsiMessage): void {
    const entry = this.entry(index);
    const open = !this.masked.has(index);
    // A message is changed only while its entry is masked: the device may write half of it.
    if (open) this.bars.write(this.bar, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, PCI_MSIX_ENTRY_CTRL_MASKBIT);
    this.bars.write(this.bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR, loOf(message.address));
    this.bars.write(this.bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR, hiOf(message.address));
    this.bars.write(this.bar, entry + PCI_MSIX_ENTRY_DATA, message.data);
    if (open) this.bars.write(this.bar, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
    this.bars.read(this.bar, entry + PCI_MSIX_ENTRY_DATA);
  }

  finish(): void {
    this.config.changeCommand(PCI_COMMAND_INTX_DISABLE, 0);
    for (let i = 0; i < this.count; i++)
      this.bars.write(this.bar, this.entry(i) + PCI_MSIX_ENTRY_VECTOR_CTRL, PCI_MSIX_ENTRY_CTRL_MASKBIT);
    for (let i = 0; i < this.used; i++) this.masked.add(i);
    this.config.write(this.at + PCI_MSIX_FLAGS, 2, this.flags & ~PCI_MSIX_FLAGS_MASKALL);
  }

  mask(index: number): void {
    this.masked.add(index);
    this.bars.write(this.bar, this.entry(index) + PCI_MSIX_ENTRY_VECTOR_CTRL, PCI_MSIX_ENTRY_CTRL_MASKBIT);
    // A read makes sure that the write has arrived.
    this.bars.read(this.bar, this.table);
  }

  unmask(index: number): void {
    this.masked.delete(index);
    this.bars.write(this.bar, this.entry(index) + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
  }

  end(): void {
    for (let i = 0; i < this.used; i++) this.mask(i);
    this.config.write(this.at + PCI_MSIX_FLAGS, 2, this.flags & ~PCI_MSIX_FLAGS_ENABLE);
    this.config.changeCommand(0, PCI_COMMAND_INTX_DISABLE);
    this.masked.clear();
  }

  private get flags(): number {
    return this.config.read(this.at + PCI_MSIX_FLAGS, 2);
  }

  private entry(index: number): number {
    return this.table + index * PCI_MSIX_ENTRY_SIZE;
  }
}
