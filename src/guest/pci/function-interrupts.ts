import { DONE, failure, type Outcome, success } from '../../ports/outcome.js';
import type { InterruptBus } from '../vpci-interrupts/interrupt-bus.js';
import type { InterruptService } from '../vpci-interrupts/interrupt-service.js';
import { type MessageIrq, NO_MESSAGE } from '../vpci-interrupts/message-irq.js';
import type { MessageCapability } from './message-capability.js';

/** Where the interrupts of a function may go. Absent: each to any CPU, by the user's choice. */
export interface AffinityPlan {
  /** Interrupts at the start that are not spread. */
  readonly preVectors: number;
}

interface Slot {
  readonly irq: MessageIrq;
  /** Has a vector and a message for it. */
  activated: boolean;
  requested: boolean;
  /** CPUs that the interrupt shall move to when it comes in next. */
  pending: readonly number[] | undefined;
}

/** The interrupts of one function: the kernel's MSI core over one message capability. */
export class FunctionInterrupts {
  private readonly service: InterruptService;
  private readonly bus: InterruptBus;
  private readonly devfn: number;
  private capability: MessageCapability | undefined;
  private slots: readonly Slot[] = [];

  constructor(service: InterruptService, bus: InterruptBus, devfn: number) {
    this.service = service;
    this.bus = bus;
    this.devfn = devfn;
  }

  /** Interrupts that are allocated. */
  get count(): number {
    return this.slots.length;
  }

  get irqs(): readonly MessageIrq[] {
    return this.slots.map((slot) => slot.irq);
  }

  /**
   * Allocates up to `count` interrupts of a capability and composes their messages: the number there is, EINVAL for none,
   * EBUSY when the function has some already, ENOSPC when there are no vectors.
   */
  allocate(capability: MessageCapability, count: number, plan?: AffinityPlan): Outcome<number> {
    if (this.slots.length > 0) return failure('EBUSY');
    const wanted = Math.min(count, capability.count);
    if (!(wanted >= 1)) return failure('EINVAL');
    capability.begin(wanted);
    const irqs = this.makeBlock(capability.kind, wanted, plan);
    const taken = this.service.arch.allocate(irqs);
    if (!taken.ok) {
      capability.end();
      return taken;
    }
    this.capability = capability;
    this.slots = irqs.map((irq) => ({ irq, activated: false, requested: false, pending: undefined }));
    for (const slot of this.slots) this.writeMessage(slot);
    // Where vectors are handed out on request the message so far is for a placeholder.
    for (const slot of this.slots) slot.activated = !this.service.arch.reactivates;
    capability.finish();
    return success(wanted);
  }

  /** Calls `handler` for an interrupt from now on. `cpu` is the one that runs this. */
  request(index: number, handler: (cpu: number) => void, cpu = 0): Outcome {
    const slot = this.slots[index];
    if (slot === undefined) return failure('EINVAL');
    if (slot.requested) return failure('EBUSY');
    slot.irq.handler = (at) => this.interrupted(slot, handler, at);
    const active = this.service.arch.activate(slot.irq);
    if (!active.ok) {
      slot.irq.handler = undefined;
      return active;
    }
    slot.requested = true;
    if (!slot.activated) this.writeMessage(slot);
    slot.activated = true;
    this.open(slot, cpu);
    return DONE;
  }

  /** The handler is not called any more. */
  release(index: number): void {
    const slot = this.slots[index];
    if (slot === undefined || !slot.requested) return;
    slot.requested = false;
    slot.activated = false;
    slot.pending = undefined;
    this.close(slot);
    this.service.arch.deactivate(slot.irq);
    slot.irq.handler = undefined;
    this.capability?.write(index, NO_MESSAGE);
  }

  /** Gives all interrupts back; the host forgets their messages. */
  free(): void {
    if (this.slots.length === 0) return;
    for (const { irq } of this.slots) this.release(irq.index);
    this.capability?.end();
    for (const { irq } of this.slots) this.service.composer.release(irq);
    this.service.arch.free(this.irqs);
    this.slots = [];
    this.capability = undefined;
  }

  /**
   * The user's choice of CPUs for an interrupt. Where the hypervisor has to be told, it is told when the interrupt comes in
   * next, with its entry masked: in between it could be lost. EIO for one that the kernel spread itself.
   */
  setAffinity(index: number, cpus: readonly number[], cpu = 0): Outcome {
    const slot = this.slots[index];
    if (slot === undefined || !cpus.some((at) => this.service.machine.cpus[at]?.online)) return failure('EINVAL');
    if (slot.irq.managed) return failure('EIO');
    if (!this.service.arch.reactivates) {
      slot.irq.affinity = cpus;
      if (!slot.requested) return DONE;
      const moved = this.service.arch.setAffinity(slot.irq, cpus);
      if (moved.ok) this.service.arch.unmask(slot.irq, cpu);
      return moved;
    }
    if (slot.requested) slot.pending = cpus;
    else slot.irq.affinity = cpus;
    return DONE;
  }

  /**
   * Behind a hibernation: the host knows no messages any more, so that each is made again and written (VPCI-101). The first of
   * a block of several would find its old one and ask nothing, so that blocks are forgotten before.
   */
  restore(cpu = 0): void {
    const multi = this.capability?.kind === 'msi' && this.slots.length > 1;
    if (multi) for (const { irq } of this.slots) irq.descriptor = undefined;
    for (const slot of this.slots) this.writeMessage(slot);
    for (const slot of this.slots) if (slot.requested) this.open(slot, cpu);
  }

  private makeBlock(kind: 'msi' | 'msix', count: number, plan: AffinityPlan | undefined): MessageIrq[] {
    const online = this.service.machine.cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu);
    const block: MessageIrq[] = [];
    const spread = plan === undefined ? 0 : count - plan.preVectors;
    for (let index = 0; index < count; index++) {
      const place = plan === undefined ? -1 : index - plan.preVectors;
      block.push({
        bus: this.bus,
        devfn: this.devfn,
        kind,
        block,
        index,
        affinity: place < 0 ? online : spreadOver(online, spread, place),
        managed: place >= 0,
        effective: [],
        vector: undefined,
        descriptor: undefined,
        handler: undefined,
      });
    }
    return block;
  }

  private writeMessage({ irq }: Slot): void {
    this.capability?.write(irq.index, this.service.composer.compose(irq));
  }

  private open({ irq }: Slot, cpu: number): void {
    this.service.arch.unmask(irq, cpu);
    this.capability?.unmask(irq.index);
  }

  private close({ irq }: Slot): void {
    this.capability?.mask(irq.index);
    this.service.arch.mask(irq);
  }

  private interrupted(slot: Slot, handler: (cpu: number) => void, cpu: number): void {
    const cpus = slot.pending;
    if (cpus !== undefined) {
      slot.pending = undefined;
      this.close(slot);
      this.service.arch.setAffinity(slot.irq, cpus);
      this.open(slot, cpu);
    }
    handler(cpu);
    this.service.arch.endOfInterrupt(slot.irq, cpu);
  }
}

/** The CPUs of part `place` when `count` interrupts share them evenly, neighbours together (lib/group_cpus.c). */
function spreadOver(cpus: readonly number[], count: number, place: number): readonly number[] {
  if (count >= cpus.length) return [cpus[place % cpus.length]!];
  const from = Math.floor((place * cpus.length) / count);
  const to = Math.floor(((place + 1) * cpus.length) / count);
  return cpus.slice(from, to);
}
