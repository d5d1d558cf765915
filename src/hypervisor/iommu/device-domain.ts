import { hv_device_domain_id_value, hv_device_domain_type } from '../../abi/hv/device-domain.js';
import { IotlbPages } from './iotlb.js';
import type { MappedRun, SecondLevelMap } from './second-level-map.js';
import type { PoolHold } from './table-pool.js';

const { HV_DEVICE_DOMAIN_ID_S2_DEFAULT: DEFAULT_ID, HV_DEVICE_DOMAIN_ID_S2_NULL: NULL_ID } = hv_device_domain_id_value;

/** What names a domain (IOMMU-70). */
export interface DomainName {
  readonly partitionId: bigint;
  readonly ownerVtl: number;
  /** hv_device_domain_type. */
  readonly type: number;
  readonly id: number;
}

/** Settings of a first-stage domain (0xCE). */
export interface Stage1Settings {
  /** False: device addresses are the partition's own. */
  readonly isTranslating: boolean;
  readonly isBlocked: boolean;
  readonly levels: 4 | 5;
  /** GPA of the top table. */
  readonly root: number;
}

/** A device domain. The default and the null domain of the second stage have no map: they are identity and nothing. */
export class DeviceDomain {
  readonly name: DomainName;
  /** Second stage. */
  readonly map: SecondLevelMap | undefined;
  /** First stage, once it is configured. */
  settings: Stage1Settings | undefined;
  readonly iotlb: IotlbPages;
  isDeleted = false;
  readonly devices = new Set<bigint>();
  /** Pages that the domain and its tables cost. */
  readonly holds: PoolHold[];
  /** Pages that single mappings cost, where they do. */
  readonly mappingHolds: PoolHold[][] = [];

  constructor(name: DomainName, map: SecondLevelMap | undefined, holds: PoolHold[] = [], largePagesWhole = false) {
    this.name = name;
    this.map = map;
    this.holds = holds;
    this.iotlb = new IotlbPages(largePagesWhole);
  }

  get isStage1(): boolean {
    return this.name.type === hv_device_domain_type.HV_DEVICE_DOMAIN_TYPE_S1;
  }

  /** Both of the second stage that nobody creates. */
  get isBuiltIn(): boolean {
    return isBuiltInId(this.name.id);
  }

  get isNull(): boolean {
    return this.name.id === NULL_ID;
  }
}

export function isBuiltInId(id: number): boolean {
  return id === DEFAULT_ID || id === NULL_ID;
}

/** A domain as it is reported. */
export interface DomainReport extends DomainName {
  readonly devices: readonly bigint[];
  /** Pages in the second-level map. */
  readonly mapped: number;
  readonly settings: Stage1Settings | undefined;
  readonly runs: () => Iterable<MappedRun>;
}

export function reportOf(domain: DeviceDomain): DomainReport {
  return {
    ...domain.name,
    devices: [...domain.devices],
    mapped: domain.map?.mapped ?? 0,
    settings: domain.settings,
    runs: () => domain.map?.runs() ?? [],
  };
}
