import { hv_device_domain_id_value } from '../../abi/hv/device-domain.js';

/** Ids that stand for something else: the default domain and the one that blocks everything (IOMMU-22). */
export const DEFAULT_ID = hv_device_domain_id_value.HV_DEVICE_DOMAIN_ID_S2_DEFAULT;
export const NULL_ID = hv_device_domain_id_value.HV_DEVICE_DOMAIN_ID_S2_NULL;

/**
 * Numbers of live domains, 1 to 0xFFFFFFFE. `next` goes round and takes the first free one from there, as the newest driver
 * of the series counts until it comes round; `lowest` takes the lowest free one.
 */
export class DomainIds {
  private readonly taken = new Set<number>();
  private readonly most: number;
  private readonly order: 'next' | 'lowest';
  private next = 1;
  private lowest = 1;

  constructor(order: 'next' | 'lowest' = 'next', most: number = NULL_ID - 1) {
    this.order = order;
    this.most = most;
  }

  get size(): number {
    return this.taken.size;
  }

  /** Undefined when every number is taken. */
  take(): number | undefined {
    if (this.taken.size >= this.most) return undefined;
    let id = this.order === 'next' ? this.next : this.lowest;
    while (this.taken.has(id)) id = id >= this.most ? 1 : id + 1;
    this.taken.add(id);
    this.next = id >= this.most ? 1 : id + 1;
    this.lowest = id;
    return id;
  }

  /** Gives a number back; one that is not taken is left alone. */
  give(id: number): void {
    if (this.taken.delete(id)) this.lowest = Math.min(this.lowest, id);
  }
}
