import { iommufd_ioctl } from '../abi/iommufd/command.js';
import { iommu_fault_alloc } from '../abi/iommufd/fault.js';
import {
  iommu_hwpt_alloc,
  iommu_hwpt_amd_guest,
  iommu_hwpt_arm_smmuv3,
  iommu_hwpt_data_type,
  iommu_hwpt_invalidate,
  iommu_hwpt_invalidate_data_type,
  iommu_hwpt_vtd_s1,
  iommu_hwpt_vtd_s1_invalidate,
} from '../abi/iommufd/hwpt.js';
import { type IommufdRequest, iommufdRequests } from '../abi/iommufd/requests.js';
import { iommu_veventq_alloc, iommu_viommu_arm_smmuv3_invalidate } from '../abi/iommufd/viommu.js';
import { hexNumber } from '../bytes/hex.js';
import { viewOf } from '../bytes/span.js';
import { decode } from '../layout/codec.js';
import type { Issue } from '../layout/describe.js';
import { pick } from '../layout/group.js';
import { enumMeta } from '../layout/scalar.js';
import type { StructType } from '../layout/types.js';
import { bytesIn, type Event, wordOf } from './event.js';
import { headPart, issue, opaque, type PartMarks, type Place, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import { remember, type Session } from './session.js';

const REQUESTS: ReadonlyMap<number, IommufdRequest> = new Map(iommufdRequests.map((one) => [one.request, one]));

/** What a request of /dev/iommu gave and got: `in` and `out` are its structure before and behind it, `data` is what it points to. */
export function ioctlParts(event: Event, setting: Setting): { name: string | undefined; parts: Part[]; bytes: number } {
  const cmd = Number(wordOf(event, 'cmd'));
  const row = REQUESTS.get(cmd);
  const strings = (['in', 'out', 'data'] as const).map((label) => [label, bytesIn(event, label)] as const);
  const bytes = strings.reduce((sum, [, one]) => sum + one.length, 0);
  const parts: Part[] = [];
  for (const [label, found] of strings) {
    if (found.length === 0) continue;
    const place: Place = { label, view: viewOf(found), offset: 0, end: found.length };
    if (row === undefined) parts.push(unknownRequest(place, cmd));
    else if (label === 'data') parts.push(...dataParts(place, cmd, bytesIn(event, 'in'), setting));
    else parts.push(argumentPart(place, row, setting));
  }
  const name = enumMeta(iommufd_ioctl).names.get(cmd);
  return { name: row === undefined ? undefined : name, parts, bytes };
}

function unknownRequest(place: Place, cmd: number): Part {
  return opaque(place, 'argument of an unknown request', {
    unattributed: place.end,
    issues: [issue('I_UNKNOWN', `no source names request ${hexNumber(cmd)} of /dev/iommu`)],
  });
}

/** The structure says its own size: callers may be older or newer than the declaration. */
function argumentPart(place: Place, row: IommufdRequest, setting: Setting): Part {
  const { size: known, name } = pick(row.struct, setting).type;
  const room = place.end;
  if (room < 4) return structPart(place, row.struct, setting);
  const size = place.view.getUint32(0, true);
  const issues: Issue[] = [];
  const slack: Slack[] = [];
  if (size < row.minSize)
    issues.push(issue('I_SHORT', `${name} has ${row.minSize} bytes at least, the caller gives ${size}`, 0, 'size'));
  if (size > room) issues.push(issue('I_SHORT', `the caller gives ${size} bytes, ${room} are there`, 0, 'size'));
  let unattributed = 0;
  if (room > known) {
    const rest = room - known;
    const isZero = !new Uint8Array(place.view.buffer, place.view.byteOffset + known, rest).some((byte) => byte !== 0);
    // What a newer caller has besides is zero, or the kernel refuses it.
    if (isZero && size >= room) slack.push({ name: 'argument past the struct', offset: known, length: rest });
    else {
      unattributed = rest;
      issues.push(issue('I_TRAILING', `${rest} bytes behind ${name}`, known));
    }
  } else if (size < room) issues.push(issue('I_TRAILING', `${room - size} bytes behind what the caller gives`, size));
  const marks: PartMarks = { issues, slack, unattributed };
  const isOlder = room < known && size === room && room >= row.minSize;
  return isOlder
    ? headPart(place, row.struct, setting, marks)
    : structPart({ ...place, end: Math.min(room, known) }, row.struct, setting, marks);
}

const HWPT_DATA: ReadonlyMap<number, StructType> = new Map<number, StructType>([
  [iommu_hwpt_data_type.IOMMU_HWPT_DATA_VTD_S1, iommu_hwpt_vtd_s1],
  [iommu_hwpt_data_type.IOMMU_HWPT_DATA_ARM_SMMUV3, iommu_hwpt_arm_smmuv3],
  [iommu_hwpt_data_type.IOMMU_HWPT_DATA_AMD_GUEST, iommu_hwpt_amd_guest],
]);
const INVALIDATIONS: ReadonlyMap<number, StructType> = new Map<number, StructType>([
  [iommu_hwpt_invalidate_data_type.IOMMU_HWPT_INVALIDATE_DATA_VTD_S1, iommu_hwpt_vtd_s1_invalidate],
  [iommu_hwpt_invalidate_data_type.IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3, iommu_viommu_arm_smmuv3_invalidate],
]);

/** What data_uptr points to: one structure of the driver's, or as many as there are entries. */
function dataParts(place: Place, cmd: number, argument: Uint8Array, setting: Setting): Part[] {
  if (cmd === iommufd_ioctl.IOMMU_HWPT_ALLOC) {
    const type = HWPT_DATA.get(filled(iommu_hwpt_alloc, argument).data_type);
    if (type !== undefined) return entries(place, type, place.end, setting);
  }
  if (cmd === iommufd_ioctl.IOMMU_HWPT_INVALIDATE) {
    const { data_type, entry_len } = filled(iommu_hwpt_invalidate, argument);
    const type = INVALIDATIONS.get(data_type);
    if (type !== undefined && entry_len >= type.size) return entries(place, type, entry_len, setting);
  }
  const what = issue('I_UNKNOWN', 'no source names what the request points to');
  return [opaque(place, 'undeclared data', { unattributed: place.end, issues: [what] })];
}

/** Structures `step` bytes apart. */
function entries(place: Place, type: StructType, step: number, setting: Setting): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < place.end; at += step) {
    const end = Math.min(at + type.size, place.end);
    const rest = Math.min(at + step, place.end) - end;
    const label = at === 0 ? place.label : `${place.label}[${parts.length}]`;
    const slack = rest > 0 ? [{ name: 'entry past the struct', offset: end, length: rest }] : [];
    parts.push(structPart({ ...place, label, offset: at, end }, type, setting, { slack }));
  }
  return parts;
}

/** The argument as the kernel copies it: what the caller does not give is zero. */
function filled<T extends StructType>(type: T, argument: Uint8Array): ReturnType<typeof decode<T>> {
  const bytes = new Uint8Array(type.size);
  bytes.set(argument.subarray(0, type.size));
  return decode(type, bytes);
}

/** A request that made a queue says which descriptor stands for it from now on. */
export function learnFile(event: Event, session: Session): void {
  const out = bytesIn(event, 'out');
  const cmd = Number(wordOf(event, 'cmd'));
  if (out.length === 0 || event.errno !== undefined) return;
  if (cmd === iommufd_ioctl.IOMMU_FAULT_QUEUE_ALLOC)
    remember(session.files, filled(iommu_fault_alloc, out).out_fault_fd, { object: 'fault', type: 0 });
  if (cmd === iommufd_ioctl.IOMMU_VEVENTQ_ALLOC) {
    const { out_veventq_fd, type } = filled(iommu_veventq_alloc, out);
    remember(session.files, out_veventq_fd, { object: 'veventq', type });
  }
}
