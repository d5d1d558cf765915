import { vpci_interrupt } from '../../abi/vpci/interrupt.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { GicParent } from './gic-parent.js';
import type { IrqArch } from './irq-arch.js';
import type { MessageIrq } from './message-irq.js';
import { type SpiDomain, SpiDomainHolder } from './spi-domain.js';
import { VectorTable } from './vector-table.js';

export interface Arm64InterruptOptions {
  /** CPU that a message is composed for before anyone requests it: the first present one, or each in turn (ARM-08). */
  readonly firstCpu?: 'first-present' | 'round-robin';
  /** A guest's one domain; buses that share it hand in the same. */
  readonly domain?: SpiDomainHolder;
}

/**
 * arm64: each message is an SPI of the emulated GICv3, whose INTID the host is told once. Where it goes is a register of the
 * distributor, so that no hypercall and no message follows (ARM-09, ARM-15).
 */
export class Arm64Interrupts implements IrqArch {
  readonly deliveryMode: number = vpci_interrupt.DELIVERY_MODE;
  readonly reactivates = false;
  private readonly machine: GuestMachine;
  private readonly gic: GicParent;
  private readonly holder: SpiDomainHolder;
  private readonly firstCpu: 'first-present' | 'round-robin';
  private readonly table: VectorTable;
  private next = 0;

  constructor(machine: GuestMachine, gic: GicParent, options: Arm64InterruptOptions = {}) {
    this.machine = machine;
    this.gic = gic;
    this.holder = options.domain ?? new SpiDomainHolder();
    this.firstCpu = options.firstCpu ?? 'first-present';
    this.table = new VectorTable(machine);
  }

  /** Made at first use, there for good (ARM-12). */
  domain(): Outcome<SpiDomain> {
    return this.holder.open(this.gic);
  }

  allocate(block: readonly MessageIrq[]): Outcome {
    const domain = this.domain();
    if (!domain.ok) return domain;
    // The messages of one MSI capability differ in low bits of their data only, so that their vectors have to follow one another.
    const groups = block[0]?.kind === 'msi' ? [block] : block.map((irq) => [irq]);
    for (const [at, group] of groups.entries()) {
      const base = domain.value.allocate(group.length);
      if (!base.ok) {
        for (const done of groups.slice(0, at)) this.giveBack(domain.value, done);
        return base;
      }
      const cpu = this.chooseFirst();
      for (const [i, irq] of group.entries()) {
        irq.vector = base.value + i;
        irq.effective = cpu === undefined ? [] : [cpu];
      }
    }
    return DONE;
  }

  free(block: readonly MessageIrq[]): void {
    const domain = this.domain();
    if (!domain.ok) return;
    const groups = block[0]?.kind === 'msi' ? [block] : block.map((irq) => [irq]);
    for (const group of groups) this.giveBack(domain.value, group);
  }

  /** The INTID that the irq has in the GIC (ARM-06); the first one's for a block, which Linux sends as 32 (ARM-15). */
  vectorOf(irq: MessageIrq): number {
    return irq.vector ?? 0;
  }

  activate(irq: MessageIrq): Outcome {
    const { vector } = irq;
    if (vector === undefined) return failure('EINVAL');
    for (const { cpu } of this.machine.cpus) this.table.set(cpu, vector, (at) => irq.handler?.(at));
    const cpu = irq.affinity.find((at) => this.machine.cpus[at]?.online);
    return cpu === undefined ? DONE : this.setAffinity(irq, [cpu]);
  }

  deactivate(irq: MessageIrq): void {
    if (irq.vector === undefined) return;
    for (const { cpu } of this.machine.cpus) this.table.clear(cpu, irq.vector);
  }

  setAffinity(irq: MessageIrq, cpus: readonly number[]): Outcome {
    const cpu = cpus.find((at) => this.machine.cpus[at]?.online);
    if (irq.vector === undefined || cpu === undefined) return failure('EINVAL');
    const set = this.gic.setAffinity(irq.vector, cpu);
    if (set.ok) irq.effective = [cpu];
    return set;
  }

  mask(irq: MessageIrq): void {
    if (irq.vector !== undefined) this.gic.mask(irq.vector);
  }

  unmask(irq: MessageIrq): void {
    if (irq.vector !== undefined) this.gic.unmask(irq.vector);
  }

  endOfInterrupt(irq: MessageIrq, cpu: number): void {
    if (irq.vector !== undefined) this.gic.endOfInterrupt(irq.vector, cpu);
  }

  private giveBack(domain: SpiDomain, group: readonly MessageIrq[]): void {
    const base = group[0]?.vector;
    if (base === undefined) return;
    domain.release(base, group.length);
    for (const irq of group) {
      this.deactivate(irq);
      irq.vector = undefined;
    }
  }

  private chooseFirst(): number | undefined {
    const present = this.machine.cpus.filter((cpu) => cpu.present).map(({ cpu }) => cpu);
    if (this.firstCpu === 'first-present') return present[0];
    const cpu = present[this.next % present.length];
    this.next++;
    return cpu;
  }
}
