import { hv_interrupt_type } from '../../abi/hv/interrupt.js';
import { pci_protocol_version_t } from '../../abi/vpci/message.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import type { GuestMachine } from '../machine/guest-machine.js';
import type { IrqArch } from './irq-arch.js';
import { isMultiMessage, type MessageIrq } from './message-irq.js';
import { type BankStyle, makeRetargetCall, retargetCall } from './retarget.js';
import { VectorTable } from './vector-table.js';

/** Vector of an interrupt that nobody has requested (MANAGED_IRQ_SHUTDOWN_VECTOR, arch/x86/include/asm/irq_vectors.h). */
export const PLACEHOLDER_VECTOR = 0xef;
/** Vector in a create message for several interrupts: each is given its own by a retarget later (VPCI-51). */
export const MULTI_MESSAGE_VECTOR = 32;

export interface X86InterruptOptions {
  /** How sparse sets are packed (VPCI-60). */
  readonly bankStyle?: BankStyle;
}

interface Assigned {
  readonly cpu: number;
  readonly vector: number;
}

/**
 * x64: the kernel gives each interrupt a vector on one CPU and tells the hypervisor by HVCALL_RETARGET_INTERRUPT whenever it is
 * unmasked. A vector that the kernel moves without an unmask is not told; Linux does not either (VPCI-63). A nested root would
 * map interrupts instead of retargeting them, and is not modelled (VPCI-62).
 */
export class X86Interrupts implements IrqArch {
  readonly deliveryMode: number = hv_interrupt_type.HV_X64_INTERRUPT_TYPE_FIXED;
  readonly reactivates = true;
  private readonly machine: GuestMachine;
  private readonly style: BankStyle;
  private readonly table: VectorTable;
  private readonly assigned = new Map<MessageIrq, Assigned>();
  /** Vectors kept for interrupts that are spread over the CPUs, requested or not. */
  private readonly reserved = new Map<MessageIrq, Assigned>();
  /** Vectors that an interrupt had before it moved: free once it has come in at the new place. */
  private readonly left = new Map<MessageIrq, Assigned>();

  constructor(machine: GuestMachine, options: X86InterruptOptions = {}) {
    this.machine = machine;
    this.style = options.bankStyle ?? 'filled';
    this.table = new VectorTable(machine);
  }

  allocate(block: readonly MessageIrq[]): Outcome {
    for (const irq of block) {
      irq.effective = this.firstOnline();
      if (!irq.managed || this.reserve(irq)) continue;
      this.free(block);
      return failure('ENOSPC');
    }
    return DONE;
  }

  free(block: readonly MessageIrq[]): void {
    for (const irq of block) {
      this.deactivate(irq);
      const kept = this.reserved.get(irq);
      if (kept === undefined) continue;
      this.reserved.delete(irq);
      this.machine.giveVector(kept.cpu, kept.vector);
    }
  }

  vectorOf(irq: MessageIrq): number {
    if (isMultiMessage(irq)) return MULTI_MESSAGE_VECTOR;
    return irq.vector ?? PLACEHOLDER_VECTOR;
  }

  activate(irq: MessageIrq): Outcome {
    const place = this.reserved.get(irq) ?? this.takeVector(irq.affinity);
    if (place === undefined) return failure('ENOSPC');
    this.assign(irq, place);
    return DONE;
  }

  deactivate(irq: MessageIrq): void {
    this.leave(irq);
    const place = this.assigned.get(irq);
    if (place === undefined) return;
    this.assigned.delete(irq);
    this.table.clear(place.cpu, place.vector);
    if (this.reserved.get(irq) !== place) this.machine.giveVector(place.cpu, place.vector);
    irq.vector = undefined;
    irq.effective = this.firstOnline();
  }

  setAffinity(irq: MessageIrq, cpus: readonly number[]): Outcome {
    irq.affinity = cpus;
    const old = this.assigned.get(irq);
    if (old === undefined || cpus.includes(old.cpu)) return DONE;
    const place = this.takeVector(cpus);
    if (place === undefined) return failure('ENOSPC');
    this.leave(irq);
    // Until the hypervisor is told, interrupts come in at the old place.
    this.left.set(irq, old);
    this.assign(irq, place);
    return DONE;
  }

  /** The table entry or capability is masked by whoever has it; the vector itself has no mask (VPCI-64). */
  mask(): void {}

  /** Tells the hypervisor where the interrupt goes (hv_irq_retarget_interrupt; VPCI-59). */
  unmask(irq: MessageIrq, cpu: number): void {
    const { descriptor, bus, vector } = irq;
    const { log, cpus, pages } = this.machine;
    if (descriptor === undefined || vector === undefined) {
      log({ level: 'warn', code: 'vpci-unmask-without-message', fields: { devfn: irq.devfn, index: irq.index } });
      return;
    }
    const call = retargetCall({
      deviceId: bus.deviceIdOf(irq.devfn),
      address: descriptor.address,
      data: descriptor.data,
      vector,
      vps: irq.effective.filter((at) => cpus[at]?.online).map((at) => cpus[at]!.gate.vp),
      processorSet: bus.version >= pci_protocol_version_t.PCI_PROTOCOL_VERSION_1_2,
      style: this.style,
    });
    if (call === undefined) {
      log({ level: 'error', code: 'vpci-retarget-without-processor', fields: { devfn: irq.devfn, vector } });
      return;
    }
    const status = makeRetargetCall(pages, cpu, cpus[cpu]!.gate, call);
    if (status !== 0 && !bus.removing)
      log({ level: 'error', code: 'vpci-retarget-refused', fields: { devfn: irq.devfn, vector, status } });
  }

  /** The local APIC takes it; nothing leaves the guest. */
  endOfInterrupt(): void {}

  private assign(irq: MessageIrq, place: Assigned): void {
    this.assigned.set(irq, place);
    irq.vector = place.vector;
    irq.effective = [place.cpu];
    this.table.set(place.cpu, place.vector, (cpu) => {
      if (this.assigned.get(irq) === place) this.leave(irq);
      irq.handler?.(cpu);
    });
  }

  private leave(irq: MessageIrq): void {
    const old = this.left.get(irq);
    if (old === undefined) return;
    this.left.delete(irq);
    this.table.clear(old.cpu, old.vector);
    if (this.reserved.get(irq) !== old) this.machine.giveVector(old.cpu, old.vector);
  }

  private reserve(irq: MessageIrq): boolean {
    const place = this.takeVector(irq.affinity);
    if (place !== undefined) this.reserved.set(irq, place);
    return place !== undefined;
  }

  /** A vector on the CPU that has the fewest of them in use (matrix_find_best_cpu, kernel/irq/matrix.c). */
  private takeVector(cpus: readonly number[]): Assigned | undefined {
    const load = (cpu: number): number => {
      let used = 0;
      for (const [irq, { cpu: at }] of this.assigned) if (at === cpu && !this.reserved.has(irq)) used++;
      for (const { cpu: at } of this.reserved.values()) if (at === cpu) used++;
      return used;
    };
    const candidates = cpus.filter((cpu) => this.machine.cpus[cpu]?.online);
    candidates.sort((a, b) => load(a) - load(b) || a - b);
    for (const cpu of candidates) {
      const vector = this.machine.takeVector(cpu);
      if (vector !== undefined) return { cpu, vector };
    }
    return undefined;
  }

  private firstOnline(): number[] {
    return this.machine.cpus
      .filter((cpu) => cpu.online)
      .slice(0, 1)
      .map(({ cpu }) => cpu);
  }
}
