import type { GicParent, GicSpec } from '../../../src/guest/vpci-interrupts/gic-parent.js';
import { DONE, failure, type Outcome } from '../../../src/ports/outcome.js';

/** A GIC that keeps a diary and fails where it is told to. */
export class FakeGic implements GicParent {
  firmware: GicParent['firmware'] = 'acpi';
  readonly specs: GicSpec[] = [];
  readonly diary: string[] = [];
  readonly inUse = new Set<number>();
  readonly affinity = new Map<number, number>();
  /** Number of the step that fails, counted from 0 over allocations and triggers. */
  failAt = -1;
  private step = 0;

  allocate(spec: GicSpec): Outcome {
    if (this.step++ === this.failAt) return failure('EBUSY');
    this.specs.push(spec);
    this.inUse.add(spec.firmware === 'acpi' ? spec.cells[0] : spec.cells[1] + 32);
    return DONE;
  }

  release(intid: number): void {
    if (!this.inUse.delete(intid)) throw new Error(`INTID ${intid} is not in use`);
  }

  setTrigger(intid: number, trigger: number): Outcome {
    if (this.step++ === this.failAt) return failure('EIO');
    this.diary.push(`trigger ${intid} ${trigger}`);
    return DONE;
  }

  setAffinity(intid: number, cpu: number): Outcome {
    this.affinity.set(intid, cpu);
    this.diary.push(`affinity ${intid} ${cpu}`);
    return DONE;
  }

  mask(intid: number): void {
    this.diary.push(`mask ${intid}`);
  }

  unmask(intid: number): void {
    this.diary.push(`unmask ${intid}`);
  }

  endOfInterrupt(intid: number, cpu: number): void {
    this.diary.push(`eoi ${intid} ${cpu}`);
  }
}
