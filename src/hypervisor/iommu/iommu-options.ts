import { hv_iommu_cap } from '../../abi/hv/device-domain-flush.js';
import { hv_status } from '../../abi/hv/status.js';
import type { DmaFault } from './dma.js';

/** What nothing published tells: statuses, and what is looked at. */
export interface DomainRules {
  /** A domain is created that exists. */
  readonly createAgain: number;
  /** A device is attached to the domain that it is in. */
  readonly attachAgain: number;
  /** A domain is deleted that has devices. */
  readonly deleteBusy: number;
  /** The reserved word of a flush list has to be zero. */
  readonly flushListReserved: boolean;
  /** Page tables of five levels take an IOMMU that announces them (HV_IOMMU_CAP_S1_5LVL). */
  readonly fiveLevelsAnnounced: boolean;
  /** Levels of tables that a second-level map pays for, from the tables of pages up. */
  readonly paidLevels: number;
}

/** What this hypervisor answers unless told otherwise. */
export const USUAL_RULES: DomainRules = {
  createAgain: hv_status.HV_STATUS_OPERATION_DENIED,
  attachAgain: hv_status.HV_STATUS_DEVICE_ALREADY_IN_DOMAIN,
  deleteBusy: hv_status.HV_STATUS_OPERATION_DENIED,
  flushListReserved: true,
  fiveLevelsAnnounced: true,
  paidLevels: 4,
};

/** What the host of the recorded Linux series answered. */
export const RECORDED_RULES: DomainRules = {
  createAgain: hv_status.HV_STATUS_INVALID_PARAMETER,
  attachAgain: hv_status.HV_STATUS_SUCCESS,
  deleteBusy: hv_status.HV_STATUS_OPERATION_DENIED,
  flushListReserved: false,
  fiveLevelsAnnounced: false,
  paidLevels: 3,
};

/** A call, or one rep of it, that may be made to fail. */
export interface FailPoint {
  /** Call code. */
  readonly code: number;
  /** Rep of the call, from 0; 0 for calls without reps. */
  readonly rep: number;
  /** Device page of a map, unmap or flush entry; -1 for other calls. */
  readonly page: number;
  /** Page frame of a map; -1 for other calls. */
  readonly frame: number;
}

export interface IommuCapabilities {
  /** Bits of a device address: 48 unless told otherwise. */
  readonly maxIovaWidth?: number;
  readonly maxPasidWidth?: number;
  /** hv_iommu_cap. Present and second stage for a root or L1VH partition, present and first stage for another. */
  readonly caps?: number | bigint;
  /** 4K for a root partition, 4K, 2M and 1G for another. */
  readonly pageSizes?: bigint;
}

/** A partition's share of the IOMMU. */
export interface IommuOptions {
  readonly capabilities?: IommuCapabilities;
  /** Devices that are there, by their 64-bit id: PCI ids for a root partition, logical ids for another. */
  readonly devices?: readonly bigint[] | ((deviceId: bigint) => boolean);
  /** Guests that see the IOMMU switched on for a device (0x127); all devices unless told otherwise. */
  readonly enabled?: (logicalId: bigint) => boolean;
  /** The partition may attach devices to these partitions' own address spaces (0x82). */
  readonly guestPartitions?: readonly bigint[];
  /** A root inside a partition, whether it has a root's other calls or not: it attaches directly, by logical ids, and nothing else. */
  readonly isL1vh?: boolean;
  /** A root inside a partition may have domains of the second stage, too. */
  readonly hasL1vhDomains?: boolean;
  /** Highest VTL that may own a domain; 0 unless told otherwise. */
  readonly maxVtl?: number;
  readonly rules?: Partial<DomainRules>;
  /** Pages that the hypervisor has for domains and tables before any is deposited. */
  readonly poolPages?: number;
  /** Pages that a table of a second-level map costs; 1 unless told otherwise. */
  readonly pagesPerTable?: number;
  /** Pages that each mapping costs until it is unmapped; none unless told otherwise. */
  readonly pagesPerMapping?: number;
  /** Pages of the target partition's that a direct attachment costs; none unless told otherwise. */
  readonly pagesPerAttachment?: number;
  /** So many direct attachments that are otherwise sound are refused for want of memory, whatever is deposited; or asked at each. */
  readonly starvedAttachments?: number | (() => boolean);
  /** Reps of a map, an unmap or a flush list after which the call comes back, at least 1; `continuation` of the partition says in which way. */
  readonly maxRepsPerCall?: number | ((code: number) => number);
  /** A status makes the call fail at that rep. Asked for every rep: for tests. */
  readonly failAt?: (point: FailPoint) => number | undefined;
  /** Bits of a flush entry that hold the size: 6, or 12 as in the second version of the guest series. */
  readonly flushShiftBits?: 6 | 12;
  /** Layout of the configure call: that of the newest guest series, or the 48 bytes of the first series, of 2021. */
  readonly configureLayout?: 'series-pviommu' | 'series-rfc-2021';
  /** Translations of large pages are kept, and lost, as what they are; else page by page, so that a flush leaves all it does not name. */
  readonly largePagesWhole?: boolean;
  /** Bytes of a create call; 28 for a root partition and 32 for another unless told otherwise. */
  readonly createBytes?: 28 | 32;
  readonly onFault?: (fault: DmaFault) => void;
}

/** Capabilities with everything filled in. */
export interface Capabilities extends Required<IommuCapabilities> {
  readonly caps: bigint;
}

export function capabilitiesOf(given: IommuCapabilities | undefined, isRoot: boolean): Capabilities {
  const stage = isRoot ? hv_iommu_cap.HV_IOMMU_CAP_S2 : hv_iommu_cap.HV_IOMMU_CAP_S1;
  const width = given?.maxIovaWidth ?? 48;
  const five = !isRoot && width > 48 ? hv_iommu_cap.HV_IOMMU_CAP_S1_5LVL : 0;
  return {
    maxIovaWidth: width,
    maxPasidWidth: given?.maxPasidWidth ?? 0,
    caps: BigInt(given?.caps ?? hv_iommu_cap.HV_IOMMU_CAP_PRESENT | stage | five),
    pageSizes: given?.pageSizes ?? (isRoot ? 0x1000n : 0x4020_1000n),
  };
}
