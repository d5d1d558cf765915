import {
  FIRST_SPI,
  GICD_ICENABLER,
  GICD_ICFGR,
  GICD_ICFGR_EDGE,
  GICD_IROUTER,
  GICD_ISENABLER,
  LAST_SPI,
} from '../../hardware/gicd.js';
import type { CpuGate } from '../../ports/cpu-gate.js';
import { DONE, failure, type Outcome } from '../../ports/outcome.js';
import { EDGE_RISING, type GicParent, type GicSpec } from './gic-parent.js';

export interface GicDistributorOptions {
  readonly firmware: GicParent['firmware'];
  /** Guest physical address of the distributor's registers, as the firmware tables say. */
  readonly gpa: number;
  /** Affinity of a CPU as GICD_IROUTER takes it. */
  affinityOf(cpu: number): bigint;
  /** The CPU that makes the accesses. */
  gate(): CpuGate;
  /** ICC_EOIR1_EL1 of a CPU: a system register, which no exit stands for. */
  endOfInterrupt?(intid: number, cpu: number): void;
}

/** The GICv3 distributor that the hypervisor emulates, as far as SPIs of virtual PCI go. */
export class GicDistributor implements GicParent {
  readonly firmware: GicParent['firmware'];
  private readonly options: GicDistributorOptions;
  private readonly used = new Set<number>();

  constructor(options: GicDistributorOptions) {
    this.options = options;
    this.firmware = options.firmware;
  }

  allocate(spec: GicSpec): Outcome {
    const intid = spec.firmware === 'acpi' ? spec.cells[0] : spec.cells[1] + FIRST_SPI;
    if (!(intid >= FIRST_SPI && intid <= LAST_SPI)) return failure('EINVAL');
    if (this.used.has(intid)) return failure('EBUSY');
    this.used.add(intid);
    return DONE;
  }

  release(intid: number): void {
    if (this.used.delete(intid)) this.mask(intid);
  }

  setTrigger(intid: number, trigger: number): Outcome {
    const at = GICD_ICFGR + (intid >> 4) * 4;
    const shift = (intid & 15) * 2;
    const old = this.read(at);
    const next = trigger === EDGE_RISING ? old | (GICD_ICFGR_EDGE << shift) : old & ~(GICD_ICFGR_EDGE << shift);
    this.write(at, next);
    return DONE;
  }

  setAffinity(intid: number, cpu: number): Outcome {
    this.options
      .gate()
      .mmioWrite(this.options.gpa + GICD_IROUTER + intid * 8, 8, BigInt.asUintN(64, this.options.affinityOf(cpu)));
    return DONE;
  }

  mask(intid: number): void {
    this.write(GICD_ICENABLER + (intid >> 5) * 4, 1 << (intid & 31));
  }

  unmask(intid: number): void {
    this.write(GICD_ISENABLER + (intid >> 5) * 4, 1 << (intid & 31));
  }

  endOfInterrupt(intid: number, cpu: number): void {
    this.options.endOfInterrupt?.(intid, cpu);
  }

  private read(offset: number): number {
    return Number(this.options.gate().mmioRead(this.options.gpa + offset, 4)) | 0;
  }

  private write(offset: number, value: number): void {
    this.options.gate().mmioWrite(this.options.gpa + offset, 4, BigInt(value >>> 0));
  }
}
