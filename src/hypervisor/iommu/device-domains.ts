import { hv_device_domain_id_value, hv_device_domain_type } from '../../abi/hv/device-domain.js';
import { hv_status } from '../../abi/hv/status.js';
import type { PageAccounts, PageHold } from '../root/page-account.js';
import { PageAccount } from '../root/page-account.js';
import {
  DeviceDomain,
  type DomainName,
  type DomainReport,
  isBuiltInId,
  reportOf,
  type Stage1Settings,
} from './device-domain.js';
import { DevicePlaces, type DirectAttachment, idTypeOf } from './device-places.js';
import {
  type Capabilities,
  capabilitiesOf,
  type DomainRules,
  type IommuOptions,
  USUAL_RULES,
} from './iommu-options.js';
import { SecondLevelMap } from './second-level-map.js';
import { giveBack, type PoolHold, TablePool } from './table-pool.js';

const {
  HV_STATUS_SUCCESS: SUCCESS,
  HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER,
  HV_STATUS_INSUFFICIENT_MEMORY: INSUFFICIENT_MEMORY,
  HV_STATUS_INVALID_PARTITION_ID: INVALID_PARTITION_ID,
  HV_STATUS_INVALID_DEVICE_ID: INVALID_DEVICE_ID,
  HV_STATUS_INVALID_DEVICE_STATE: INVALID_DEVICE_STATE,
} = hv_status;
const { HV_DEVICE_DOMAIN_TYPE_S2: S2, HV_DEVICE_DOMAIN_TYPE_S1: S1 } = hv_device_domain_type;

/** Enough for the tables of more memory than a machine has; a caller that maps on and on is stopped here. */
const POOL_PAGES = 1 << 17;

/** What the domains need of a partition. */
export interface DomainsOwner {
  readonly partitionId: bigint;
  readonly isRoot: boolean;
}

/** The device domains of one partition and the devices in them. Statuses are HV_STATUS; nothing here throws. */
export class DeviceDomains {
  readonly options: IommuOptions;
  readonly capabilities: Capabilities;
  readonly rules: DomainRules;
  readonly places: DevicePlaces;
  readonly pool: TablePool;
  readonly accounts: PageAccounts;
  readonly partitionId: bigint;
  private readonly isRoot: boolean;
  private readonly domains = new Map<string, DeviceDomain>();
  private starved = 0;
  private readonly attachmentHolds = new Map<bigint, { readonly account: PageAccount; readonly pages: PageHold }>();

  /** Throws HypervisorError for a width that no second-level map has. */
  constructor(owner: DomainsOwner, options: IommuOptions, accounts: PageAccounts) {
    this.options = options;
    this.isRoot = owner.isRoot;
    this.partitionId = owner.partitionId;
    this.accounts = accounts;
    this.capabilities = capabilitiesOf(options.capabilities, owner.isRoot || options.isL1vh === true);
    this.rules = { ...USUAL_RULES, ...options.rules };
    const deposits = accounts.of(owner.partitionId);
    const own = new PageAccount(options.poolPages ?? POOL_PAGES);
    this.pool = new TablePool(deposits === undefined ? [own] : [own, deposits]);
    if (owner.isRoot) new SecondLevelMap(this.capabilities.maxIovaWidth);
    this.places = new DevicePlaces({
      devices: options.devices ?? [],
      idType: idTypeOf(owner.isRoot && options.isL1vh !== true),
      home: owner.isRoot ? this.addBuiltIn() : undefined,
    });
    for (const id of options.guestPartitions ?? []) accounts.open(id);
  }

  /** A domain by its name; default and null exist for every owner of the second stage. */
  find(name: DomainName): DeviceDomain | undefined {
    return this.domains.get(keyOf(name));
  }

  create(name: DomainName): number {
    if (name.type !== (this.isRoot ? S2 : S1) || isBuiltInId(name.id)) return INVALID_PARAMETER;
    if (this.find(name) !== undefined) return this.rules.createAgain;
    const holds: PoolHold[] = [];
    if (!this.pool.take(1, holds)) return INSUFFICIENT_MEMORY;
    const cost = this.options.pagesPerTable ?? 1;
    const { paidLevels } = this.rules;
    const map = this.isRoot
      ? new SecondLevelMap(this.capabilities.maxIovaWidth, (level) => level > paidLevels || this.pool.take(cost, holds))
      : undefined;
    this.domains.set(keyOf(name), new DeviceDomain(name, map, holds, this.options.largePagesWhole));
    return SUCCESS;
  }

  /** Mappings that are left go with the domain, and its pages come back. */
  delete(domain: DeviceDomain): number {
    if (domain.isBuiltIn) return INVALID_PARAMETER;
    if (domain.devices.size > 0) return this.rules.deleteBusy;
    this.domains.delete(keyOf(domain.name));
    domain.isDeleted = true;
    giveBack(domain.holds);
    for (const holds of domain.mappingHolds) giveBack(holds);
    return SUCCESS;
  }

  /** Moves a device, whatever domain it was in. */
  attach(domain: DeviceDomain, deviceId: bigint): number {
    if (domain.isStage1 && domain.settings === undefined) return INVALID_PARAMETER;
    if (!this.places.knows(deviceId)) return INVALID_DEVICE_ID;
    const place = this.places.of(deviceId);
    if (place.kind === 'direct') return INVALID_DEVICE_STATE;
    if (place.kind === 'domain' && place.domain === domain) return this.rules.attachAgain;
    this.places.enter(deviceId, domain);
    return SUCCESS;
  }

  /** The device goes back to where devices start: the default domain of a root partition. */
  detach(deviceId: bigint): number {
    if (!this.places.knows(deviceId)) return INVALID_DEVICE_ID;
    if (this.places.of(deviceId).kind === 'direct') return INVALID_DEVICE_STATE;
    this.places.leave(deviceId);
    return SUCCESS;
  }

  /** New settings hold for what is translated from now on; what the IOTLB has stays until it is flushed (PVI-51). */
  configure(domain: DeviceDomain, settings: Stage1Settings): number {
    if (!domain.isStage1) return INVALID_PARAMETER;
    domain.settings = settings;
    return SUCCESS;
  }

  /** True for a partition that devices may be given to. */
  isGuest(partitionId: bigint): boolean {
    return this.accounts.of(partitionId) !== undefined && (this.options.guestPartitions ?? []).includes(partitionId);
  }

  /** Gives a device to a partition, whose account pays for it. */
  attachDirectly(deviceId: bigint, attachment: DirectAttachment): number {
    const { pagesPerAttachment = 0, starvedAttachments = 0 } = this.options;
    const account = this.accounts.of(attachment.partitionId);
    if (account === undefined || !this.isGuest(attachment.partitionId)) return INVALID_PARTITION_ID;
    if (!this.places.knows(deviceId)) return INVALID_DEVICE_ID;
    if (account.free < pagesPerAttachment) return INSUFFICIENT_MEMORY;
    if (!this.places.canAttachDirectly(deviceId, attachment)) return INVALID_PARAMETER;
    const isStarved = typeof starvedAttachments === 'number' ? this.starved < starvedAttachments : starvedAttachments();
    if (isStarved) {
      this.starved++;
      return INSUFFICIENT_MEMORY;
    }
    this.places.attachDirectly(deviceId, attachment);
    const pages = account.take(pagesPerAttachment);
    if (pages !== undefined) this.attachmentHolds.set(deviceId, { account, pages });
    return SUCCESS;
  }

  detachDirectly(attachment: DirectAttachment): number {
    if (!this.isGuest(attachment.partitionId)) return INVALID_PARTITION_ID;
    const deviceId = this.places.detachDirectly(attachment);
    if (deviceId === undefined) return INVALID_PARAMETER;
    this.payBack(deviceId);
    return SUCCESS;
  }

  /** A device is there from now on. */
  addDevice(deviceId: bigint): void {
    this.places.add(deviceId);
  }

  /** A device is gone (rescind, ejection): it is attached to nothing any more (PVI-25). */
  removeDevice(deviceId: bigint): void {
    this.places.remove(deviceId);
    this.payBack(deviceId);
  }

  /** All domains, in the order in which they were made. */
  list(): DomainReport[] {
    return [...this.domains.values()].map(reportOf);
  }

  private payBack(deviceId: bigint): void {
    const hold = this.attachmentHolds.get(deviceId);
    if (hold !== undefined) hold.account.give(hold.pages);
    this.attachmentHolds.delete(deviceId);
  }

  /** The default and the null domain of the second stage, for each VTL; devices start in the first. */
  private addBuiltIn(): DeviceDomain | undefined {
    const { HV_DEVICE_DOMAIN_ID_S2_DEFAULT: defaultId, HV_DEVICE_DOMAIN_ID_S2_NULL: nullId } =
      hv_device_domain_id_value;
    for (let ownerVtl = 0; ownerVtl <= (this.options.maxVtl ?? 0); ownerVtl++)
      for (const id of [defaultId, nullId]) {
        const name = { partitionId: this.partitionId, ownerVtl, type: S2, id };
        this.domains.set(keyOf(name), new DeviceDomain(name, undefined));
      }
    return this.find({ partitionId: this.partitionId, ownerVtl: 0, type: S2, id: defaultId });
  }
}

function keyOf({ partitionId, ownerVtl, type, id }: DomainName): string {
  return `${partitionId.toString(16)}:${ownerVtl}:${type}:${id}`;
}
