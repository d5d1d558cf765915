import { failure, type Outcome, success } from '../../ports/outcome.js';
import { EDGE_RISING, type GicParent, gicSpec } from './gic-parent.js';
import { SpiPool } from './spi-pool.js';

/**
 * The SPIs of virtual PCI and their place under the GIC (hv_pci_vec_irq_domain_alloc of
 * drivers/pci/controller/pci-hyperv.c). Nothing proves that a device can no longer raise an SPI it had, so a domain is made once
 * and never taken away (ARM-12).
 */
export class SpiDomain {
  readonly gic: GicParent;
  readonly pool = new SpiPool();

  constructor(gic: GicParent) {
    this.gic = gic;
  }

  /** Consecutive INTIDs, each in use in the GIC and edge-triggered. What was done is undone when a step fails (ARM-05). */
  allocate(count: number): Outcome<number> {
    const base = this.pool.take(count);
    if (!base.ok) return base;
    for (let i = 0; i < count; i++) {
      const intid = base.value + i;
      const taken = this.allocateOne(intid);
      if (taken.ok) continue;
      for (let done = 0; done < i; done++) this.gic.release(base.value + done);
      this.pool.give(base.value, count);
      return taken;
    }
    return base;
  }

  /** Gives back what `allocate` gave for the same count. */
  release(base: number, count: number): void {
    for (let i = 0; i < count; i++) this.gic.release(base + i);
    this.pool.give(base, count);
  }

  private allocateOne(intid: number): Outcome {
    const spec = gicSpec(this.gic.firmware, intid);
    if (spec === undefined) return failure('EINVAL');
    const taken = this.gic.allocate(spec);
    if (!taken.ok) return taken;
    const set = this.gic.setTrigger(intid, EDGE_RISING);
    // The step behind the allocation failed, so that this one is in use as well.
    if (!set.ok) this.gic.release(intid);
    return set;
  }
}

/** What making a domain takes; each part is given back when a later one cannot be had (ARM-14). */
export interface SpiDomainParts {
  /** The name under which the firmware layer knows the domain. */
  takeNode(): Outcome<object>;
  giveNode(node: object): void;
  /** Puts the domain below the GIC. */
  link(node: object, domain: SpiDomain): Outcome;
}

/** A guest's one SPI domain. */
export class SpiDomainHolder {
  private domain: SpiDomain | undefined;
  private readonly parts: SpiDomainParts | undefined;

  constructor(parts?: SpiDomainParts) {
    this.parts = parts;
  }

  /** Makes the domain the first time, finds it later. */
  open(gic: GicParent): Outcome<SpiDomain> {
    if (this.domain !== undefined) return success(this.domain);
    const domain = new SpiDomain(gic);
    const { parts } = this;
    if (parts !== undefined) {
      const node = parts.takeNode();
      if (!node.ok) return node;
      const linked = parts.link(node.value, domain);
      if (!linked.ok) {
        parts.giveNode(node.value);
        return linked;
      }
    }
    this.domain = domain;
    return success(domain);
  }
}
