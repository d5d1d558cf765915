import { hv_status } from '../../abi/hv/status.js';
import { HVCALL_FLUSH_DEVICE_DOMAIN_LIST, HVCALL_MAP_DEVICE_GPA_PAGES } from '../../abi/hypercalls/device-domains.js';
import type { FormRules, PartitionOptions } from '../partition-options.js';
import { type FailPoint, type IommuOptions, RECORDED_RULES } from './iommu-options.js';

const { HV_STATUS_INVALID_PARAMETER: INVALID_PARAMETER, HV_STATUS_INVALID_ALIGNMENT: INVALID_ALIGNMENT } = hv_status;

/** Who calls: a root partition, a root inside a partition, or a guest with an IOMMU of its own. */
export type RecordedCaller = 'root' | 'l1vh' | 'guest';

/** What can be set at the host of the recorded Linux series; names are its own, in camel case. */
export interface RecordedHostKnobs {
  /** Reps of a map, an unmap or a flush list in one call; all unless told otherwise. */
  readonly domChunk?: number;
  /** Pages of the hypervisor's own; 2^30 unless told otherwise. */
  readonly domPool?: number;
  /** Pages that a table costs; 1 unless told otherwise. */
  readonly nodeCost?: number;
  /** Page frames that are not mapped, and the status of the rep that names one (HV_STATUS_INVALID_PARAMETER). */
  readonly domBad?: readonly number[];
  readonly domBadStatus?: number;
  /** Status of flush lists (0xD1); they are done unless told otherwise. */
  readonly refuseList?: number;
  /** Direct attachments refused with HV_STATUS_INSUFFICIENT_MEMORY. */
  readonly starveAttach?: number;
  /** Bits of a device address; 48 unless told otherwise. */
  readonly iovaWidth?: number;
  readonly pasidWidth?: number;
  /** hv_iommu_cap. */
  readonly caps?: bigint;
  /** Bytes of each page size, as bits. */
  readonly pgSizes?: bigint;
  /** Partitions that devices may be given to (0x82). */
  readonly guests?: readonly bigint[];
}

/** Options of a partition that make it answer as that host. */
export type RecordedHost = Required<
  Pick<PartitionOptions, 'isRoot' | 'partitionId' | 'continuation' | 'formRules' | 'iommu'>
>;

/** Its pool, unless it was made smaller. */
export const RECORDED_POOL: number = 2 ** 30;
/** Its callers are partition 1, whatever they are. */
export const RECORDED_CALLER = 1n;

/** Form of calls, as that host checks it: lists that leave their page are misaligned to it, and no reps are a bad parameter. */
export const RECORDED_FORM: FormRules = { crossing: INVALID_ALIGNMENT, noReps: INVALID_PARAMETER };

/**
 * The host of the recorded Linux IOMMU series (fixtures/iommu): a partition with these options answers every recorded call of
 * device domains with the recorded status, count and output. Devices are all that are named. That host is a model, not
 * Microsoft's; docs/iommu.md lists where it differs from what a partition answers otherwise.
 */
export function recordedHost(caller: RecordedCaller, knobs: RecordedHostKnobs = {}): RecordedHost {
  const { domChunk, iovaWidth, pasidWidth, caps, pgSizes } = knobs;
  const iommu: IommuOptions = {
    devices: () => true,
    rules: RECORDED_RULES,
    isL1vh: caller === 'l1vh',
    capabilities: {
      ...(iovaWidth === undefined ? {} : { maxIovaWidth: iovaWidth }),
      ...(pasidWidth === undefined ? {} : { maxPasidWidth: pasidWidth }),
      ...(caps === undefined ? {} : { caps }),
      ...(pgSizes === undefined ? {} : { pageSizes: pgSizes }),
    },
    poolPages: knobs.domPool ?? RECORDED_POOL,
    pagesPerTable: knobs.nodeCost ?? 1,
    starvedAttachments: knobs.starveAttach ?? 0,
    guestPartitions: knobs.guests ?? [],
    ...(domChunk === undefined ? {} : { maxRepsPerCall: domChunk }),
    ...failuresOf(knobs),
  };
  const isRoot = caller === 'root';
  return { isRoot, partitionId: RECORDED_CALLER, continuation: 'partial', formRules: RECORDED_FORM, iommu };
}

function failuresOf(knobs: RecordedHostKnobs): Pick<IommuOptions, 'failAt'> {
  const { domBad = [], domBadStatus = INVALID_PARAMETER, refuseList } = knobs;
  if (domBad.length === 0 && refuseList === undefined) return {};
  const bad = new Set(domBad);
  return {
    failAt: ({ code, frame }: FailPoint) => {
      if (code === HVCALL_FLUSH_DEVICE_DOMAIN_LIST.code) return refuseList;
      return code === HVCALL_MAP_DEVICE_GPA_PAGES.code && bad.has(frame) ? domBadStatus : undefined;
    },
  };
}
