import { hv_input_device_domain } from '../../abi/hv/device-domain.js';
import { hv_status } from '../../abi/hv/status.js';
import { offsetOf } from '../field-offset.js';
import type { DeviceDomain, DomainName } from './device-domain.js';
import type { DeviceDomains } from './device-domains.js';

const { HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER, HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID } =
  hv_status;

const PARTITION = offsetOf(hv_input_device_domain, 'partition_id');
const VTL = offsetOf(hv_input_device_domain, 'owner_vtl');
const TYPE = offsetOf(hv_input_device_domain, 'domain_id');
const ID = TYPE + 4;
const TYPE_BITS = 0xf;
/** target_vtl of hv_input_vtl; the byte's other bits name no owner. */
const VTL_BITS = 0xf;

/** Partition ids as a call may name them. */
export interface CallOwner {
  readonly partitionId: bigint;
  isSelf(partitionId: bigint): boolean;
}

/** Reads the domain that every call of the family begins with. Rep calls name the same one again and again. */
export class DomainField {
  private readonly domains: DeviceDomains;
  private readonly owner: CallOwner;
  private readonly words = new Uint32Array(6);
  private last: DeviceDomain | undefined;

  constructor(domains: DeviceDomains, owner: CallOwner) {
    this.domains = domains;
    this.owner = owner;
  }

  /** The name, or the status that refuses it: another partition's, a reserved bit that is set. */
  name(input: DataView): DomainName | number {
    if (!this.owner.isSelf(input.getBigUint64(PARTITION, true))) return INVALID_PARTITION_ID;
    const vtl = input.getUint32(VTL, true);
    const type = input.getUint32(TYPE, true);
    const isSound =
      (vtl & ~VTL_BITS) === 0 &&
      vtl <= (this.domains.options.maxVtl ?? 0) &&
      input.getUint32(VTL + 4, true) === 0 &&
      (type & ~TYPE_BITS) === 0;
    if (!isSound) return INVALID_PARAMETER;
    return { partitionId: this.owner.partitionId, ownerVtl: vtl, type, id: input.getUint32(ID, true) };
  }

  /** The domain, or the status that refuses it. */
  domain(input: DataView): DeviceDomain | number {
    const { last } = this;
    if (last !== undefined && !last.isDeleted && this.isLast(input)) return last;
    const name = this.name(input);
    if (typeof name === 'number') return name;
    const found = this.domains.find(name);
    if (found === undefined) return INVALID_PARAMETER;
    for (let i = 0; i < this.words.length; i++) this.words[i] = input.getUint32(PARTITION + 4 * i, true);
    this.last = found;
    return found;
  }

  private isLast(input: DataView): boolean {
    for (let i = 0; i < this.words.length; i++)
      if (this.words[i] !== input.getUint32(PARTITION + 4 * i, true)) return false;
    return true;
  }
}
