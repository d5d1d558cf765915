import { evt_id, evtq_ent } from '../abi/iommufd/smmuv3-event.js';
import {
  iommu_vevent_arm_smmuv3,
  iommu_vevent_tegra241_cmdqv,
  iommu_veventq_flag,
  iommu_veventq_type,
  iommufd_vevent_header,
} from '../abi/iommufd/viommu.js';
import { hexNumber } from '../bytes/hex.js';
import type { Issue } from '../layout/describe.js';
import { enumMeta } from '../layout/scalar.js';
import type { StructType } from '../layout/types.js';
import { issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part } from './record.js';

// What a queue of events of a virtual IOMMU gives to its reader: headers, each with its event behind it, but those that say that
// events were lost. drivers/iommu/iommufd/eventq.c, iommufd_veventq_fops_read.

const PAYLOADS: ReadonlyMap<number, StructType> = new Map<number, StructType>([
  [iommu_veventq_type.IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, iommu_vevent_arm_smmuv3],
  [iommu_veventq_type.IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV, iommu_vevent_tegra241_cmdqv],
]);

/** Bytes that say how long an event is. */
export const VEVENT_HEADER = iommufd_vevent_header.size;

/** Bytes of the header at `offset` and of the event behind it; undefined where no source names the type of the queue. */
export function veventSize(view: DataView, offset: number, type: number): number | undefined {
  if (isLoss(view, offset)) return VEVENT_HEADER;
  const payload = PAYLOADS.get(type);
  return payload && VEVENT_HEADER + payload.size;
}

/** One event, up to `end`: what is missing of it is reported. */
export function veventPart(place: Place, type: number, setting: Setting): Part {
  const { view, offset, end } = place;
  const dataAt = offset + VEVENT_HEADER;
  if (dataAt > end) return structPart(place, iommufd_vevent_header, setting);
  const header = { ...place, end: dataAt };
  const issues = sequenceIssues(header);
  if (isLoss(view, offset)) {
    const name = 'IOMMU_VEVENTQ_FLAG_LOST_EVENTS';
    return structPart(header, iommufd_vevent_header, setting, { name, issues });
  }
  const inner = payloadPart({ ...place, offset: dataAt }, type, setting);
  return structPart(header, iommufd_vevent_header, setting, { inner, issues });
}

/** Numbers of events have 31 bits: the uapi header has them go from 0 to INT_MAX. */
const LAST_SEQUENCE = 0x7fffffff;
const SEQUENCE_AT = 4;

function sequenceIssues({ view, offset }: Place): Issue[] {
  const at = offset + SEQUENCE_AT;
  const sequence = view.getUint32(at, true);
  if (sequence <= LAST_SEQUENCE) return [];
  return [issue('I_RESERVED', `${hexNumber(sequence)}: the number of an event has 31 bits`, at, 'sequence')];
}

function isLoss(view: DataView, offset: number): boolean {
  return (view.getUint32(offset, true) & iommu_veventq_flag.IOMMU_VEVENTQ_FLAG_LOST_EVENTS) !== 0;
}

function payloadPart(place: Place, type: number, setting: Setting): Part {
  const payload = PAYLOADS.get(type);
  if (payload === undefined)
    return opaque(place, 'event of an unknown type', {
      unattributed: place.end - place.offset,
      issues: [issue('I_UNKNOWN', `no source names events of type ${type}`, place.offset)],
    });
  return structPart(place, payload, setting, payload === iommu_vevent_arm_smmuv3 ? smmuRecord(place, setting) : {});
}

/** The record of the SMMUv3 that all of `place` is; nothing for a part of one. */
export function smmuRecord(place: Place, setting: Setting): { inner?: Part } {
  if (place.end - place.offset !== evtq_ent.size) return {};
  const name = nameOfEvent(place);
  return { inner: structPart(place, evtq_ent, setting, name === undefined ? {} : { name }) };
}

/** EVT_ID_… of a record of the SMMUv3; undefined for ids that no source names, and for no record at all. */
export function nameOfEvent({ view, offset, end }: Place): string | undefined {
  return end > offset ? enumMeta(evt_id).names.get(view.getUint8(offset)) : undefined;
}
