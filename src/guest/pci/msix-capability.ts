import { hiOf, loOf } from '../../bytes/word.js';
import type { MsiMessage } from '../vpci-interrupts/message-irq.js';
import type { FunctionConfig } from './function-config.js';
import { type MessageCapability, MSIX_ENTRY } from './message-capability.js';
import { PCI_COMMAND_INTX_DISABLE } from './registers.js';

const FLAGS = 2;
const TABLE = 4;
const FLAG_ENABLE = 0x8000;
const FLAG_MASK_ALL = 0x4000;
const TABLE_SIZE = 0x7ff;
const TABLE_BIR = 7;
// Words of an entry.
const ADDRESS_LOW = 0;
const ADDRESS_HIGH = 4;
const DATA = 8;
const VECTOR_CONTROL = 12;
const MASKED = 1;

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
    this.count = (this.flags & TABLE_SIZE) + 1;
  }

  begin(count: number): void {
    this.used = count;
    const flags = this.flags;
    this.config.write(this.at + FLAGS, 2, flags | FLAG_ENABLE | FLAG_MASK_ALL);
    this.config.read(this.at + FLAGS, 2);
    const table = this.config.read(this.at + TABLE, 4);
    this.bar = table & TABLE_BIR;
    this.table = (table & ~TABLE_BIR) >>> 0;
    this.config.read(this.at + FLAGS, 2);
    for (let i = 0; i < count; i++)
      if ((this.bars.read(this.bar, this.entry(i) + VECTOR_CONTROL) & MASKED) !== 0) this.masked.add(i);
  }

  write(index: number, message: MsiMessage): void {
    const entry = this.entry(index);
    const open = !this.masked.has(index);
    // A message is changed only while its entry is masked: the device may write half of it.
    if (open) this.bars.write(this.bar, entry + VECTOR_CONTROL, MASKED);
    this.bars.write(this.bar, entry + ADDRESS_LOW, loOf(message.address));
    this.bars.write(this.bar, entry + ADDRESS_HIGH, hiOf(message.address));
    this.bars.write(this.bar, entry + DATA, message.data);
    if (open) this.bars.write(this.bar, entry + VECTOR_CONTROL, 0);
    this.bars.read(this.bar, entry + DATA);
  }

  finish(): void {
    this.config.changeCommand(PCI_COMMAND_INTX_DISABLE, 0);
    for (let i = 0; i < this.count; i++) this.bars.write(this.bar, this.entry(i) + VECTOR_CONTROL, MASKED);
    for (let i = 0; i < this.used; i++) this.masked.add(i);
    this.config.write(this.at + FLAGS, 2, this.flags & ~FLAG_MASK_ALL);
  }

  mask(index: number): void {
    this.masked.add(index);
    this.bars.write(this.bar, this.entry(index) + VECTOR_CONTROL, MASKED);
    // A read makes sure that the write has arrived.
    this.bars.read(this.bar, this.table);
  }

  unmask(index: number): void {
    this.masked.delete(index);
    this.bars.write(this.bar, this.entry(index) + VECTOR_CONTROL, 0);
  }

  end(): void {
    for (let i = 0; i < this.used; i++) this.mask(i);
    this.config.write(this.at + FLAGS, 2, this.flags & ~FLAG_ENABLE);
    this.config.changeCommand(0, PCI_COMMAND_INTX_DISABLE);
    this.masked.clear();
  }

  private get flags(): number {
    return this.config.read(this.at + FLAGS, 2);
  }

  private entry(index: number): number {
    return this.table + index * MSIX_ENTRY;
  }
}
