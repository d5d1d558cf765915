import { hv_device_domain_id_value } from '../../abi/hv/device-domain.js';

/** Ids of device domains, the lowest free one first; those of the default and the null domain are never handed out (PVI-06). */
export class DomainIds {
  private readonly used = new Set<number>();
  private lowest: number;
  private readonly last: number;

  constructor(
    first = hv_device_domain_id_value.HV_DEVICE_DOMAIN_ID_DEFAULT + 1,
    last = hv_device_domain_id_value.HV_DEVICE_DOMAIN_ID_NULL - 1,
  ) {
    this.lowest = first;
    this.last = last;
  }

  get taken(): number {
    return this.used.size;
  }

  /** Undefined when all are used. */
  take(): number | undefined {
    // Everything below `lowest` is used.
    while (this.used.has(this.lowest)) this.lowest++;
    if (this.lowest > this.last) return undefined;
    this.used.add(this.lowest);
    return this.lowest;
  }

  /** One that is free stays free. */
  give(id: number): void {
    if (this.used.delete(id) && id < this.lowest) this.lowest = id;
  }
}
