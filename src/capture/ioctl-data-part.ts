import {
  iommu_hw_info,
  iommu_hw_info_amd,
  iommu_hw_info_arm_smmuv3,
  iommu_hw_info_tegra241_cmdqv,
  iommu_hw_info_type,
  iommu_hw_info_vtd,
} from '../abi/iommufd/hw-info.js';
import {
  iommu_hwpt_alloc,
  iommu_hwpt_amd_guest,
  iommu_hwpt_arm_smmuv3,
  iommu_hwpt_data_type,
  iommu_hwpt_get_dirty_bitmap,
  iommu_hwpt_invalidate,
  iommu_hwpt_invalidate_data_type,
  iommu_hwpt_vtd_s1,
  iommu_hwpt_vtd_s1_invalidate,
} from '../abi/iommufd/hwpt.js';
import { iommu_ioas_allow_iovas, iommu_ioas_iova_ranges, iommu_iova_range } from '../abi/iommufd/ioas.js';
import {
  iommu_viommu_alloc,
  iommu_viommu_arm_smmuv3_invalidate,
  iommu_viommu_tegra241_cmdqv,
  iommu_viommu_type,
} from '../abi/iommufd/viommu.js';
import { decode } from '../layout/codec.js';
import type { Layout } from '../layout/group.js';
import { rep } from '../layout/list.js';
import { u8 } from '../layout/scalar.js';
import { struct } from '../layout/struct.js';
import type { StructType } from '../layout/types.js';
import { headPart, issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part } from './record.js';

/** A request's structure before and behind it; no bytes where it was not recorded. */
export interface Exchange {
  readonly given: Uint8Array;
  readonly got: Uint8Array;
}

type Types = ReadonlyMap<number, StructType>;
type Read = (place: Place, exchange: Exchange, setting: Setting) => Part[] | undefined;

const HWPT_DATA: Types = new Map<number, StructType>([
  [iommu_hwpt_data_type.IOMMU_HWPT_DATA_VTD_S1, iommu_hwpt_vtd_s1],
  [iommu_hwpt_data_type.IOMMU_HWPT_DATA_ARM_SMMUV3, iommu_hwpt_arm_smmuv3],
  [iommu_hwpt_data_type.IOMMU_HWPT_DATA_AMD_GUEST, iommu_hwpt_amd_guest],
]);
const INVALIDATIONS: Types = new Map<number, StructType>([
  [iommu_hwpt_invalidate_data_type.IOMMU_HWPT_INVALIDATE_DATA_VTD_S1, iommu_hwpt_vtd_s1_invalidate],
  [iommu_hwpt_invalidate_data_type.IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3, iommu_viommu_arm_smmuv3_invalidate],
]);
const HARDWARE: Types = new Map<number, StructType>([
  [iommu_hw_info_type.IOMMU_HW_INFO_TYPE_INTEL_VTD, iommu_hw_info_vtd],
  [iommu_hw_info_type.IOMMU_HW_INFO_TYPE_ARM_SMMUV3, iommu_hw_info_arm_smmuv3],
  [iommu_hw_info_type.IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV, iommu_hw_info_tegra241_cmdqv],
  [iommu_hw_info_type.IOMMU_HW_INFO_TYPE_AMD, iommu_hw_info_amd],
]);
const VIOMMUS: Types = new Map<number, StructType>([
  [iommu_viommu_type.IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV, iommu_viommu_tegra241_cmdqv],
]);

// include/uapi/linux/iommufd.h says of each what its pointer is for.
const READS: ReadonlyMap<Layout, Read> = new Map<Layout, Read>([
  [iommu_hw_info, hardware],
  [iommu_hwpt_alloc, (place, { given }, setting) => one(place, HWPT_DATA.get(pageTable(given)), setting)],
  [iommu_viommu_alloc, (place, { given }, setting) => one(place, VIOMMUS.get(virtualIommu(given)), setting)],
  [iommu_hwpt_invalidate, invalidations],
  [iommu_ioas_iova_ranges, iovaRanges],
  [iommu_ioas_allow_iovas, allowedIovas],
  [iommu_hwpt_get_dirty_bitmap, (place, _, setting) => [plain(place, 'dirty bitmap', setting)]],
]);

/** What a request points to: a structure, as many as there are entries, or plain bytes. */
export function ioctlDataParts(place: Place, argument: Layout, exchange: Exchange, setting: Setting): Part[] {
  return READS.get(argument)?.(place, exchange, setting) ?? [undeclared(place)];
}

function undeclared(place: Place): Part {
  const what = issue('I_UNKNOWN', 'no source names what the request points to');
  return opaque(place, 'undeclared data', { unattributed: place.end, issues: [what] });
}

const PLAIN = struct('bytes', 0, { bytes: rep(u8) });

/** Bytes without a structure, by what they are. */
function plain(place: Place, what: string, setting: Setting): Part {
  return { ...structPart(place, PLAIN, setting), struct: what };
}

/** The argument as the kernel copies it: what the caller does not give is zero. */
export function filled<T extends StructType>(type: T, argument: Uint8Array): ReturnType<typeof decode<T>> {
  const bytes = new Uint8Array(type.size);
  bytes.set(argument.subarray(0, type.size));
  return decode(type, bytes);
}

const pageTable = (given: Uint8Array): number => filled(iommu_hwpt_alloc, given).data_type;
const virtualIommu = (given: Uint8Array): number => filled(iommu_viommu_alloc, given).type;

function one(place: Place, type: StructType | undefined, setting: Setting): Part[] | undefined {
  return type === undefined ? undefined : entries(place, type, place.end, setting);
}

// The kernel says the type; it gives no more than there is room for, and zeroes in the room that is left.
function hardware(place: Place, { given, got }: Exchange, setting: Setting): Part[] | undefined {
  const argument = iommu_hw_info.of['linux-6.12'];
  const { out_data_type: kind, data_len } = filled(argument, got.length > 0 ? got : given);
  const type = HARDWARE.get(kind);
  if (type === undefined) {
    const bytes = new Uint8Array(place.view.buffer, place.view.byteOffset, place.end);
    const isEmpty = kind === iommu_hw_info_type.IOMMU_HW_INFO_TYPE_NONE && bytes.every((byte) => byte === 0);
    return isEmpty ? [plain(place, 'no hardware information', setting)] : undefined;
  }
  const room = given.length > 0 ? filled(argument, given).data_len : data_len;
  const isShortRoom = place.end < type.size && place.end === room;
  return isShortRoom ? [headPart(place, type, setting)] : entries(place, type, place.end, setting);
}

function invalidations(place: Place, { given }: Exchange, setting: Setting): Part[] | undefined {
  const { data_type, entry_len, entry_num } = filled(iommu_hwpt_invalidate, given);
  const type = INVALIDATIONS.get(data_type);
  if (type === undefined || entry_len < type.size) return undefined;
  return counted(entries(place, type, entry_len, setting), entry_num);
}

function allowedIovas(place: Place, { given }: Exchange, setting: Setting): Part[] {
  const ranges = entries(place, iommu_iova_range, iommu_iova_range.size, setting);
  return counted(ranges, filled(iommu_ioas_allow_iovas, given).num_iovas);
}

// The caller says how many there is room for, the kernel how many there are, which may be more.
function iovaRanges(place: Place, { given, got }: Exchange, setting: Setting): Part[] {
  const ranges = entries(place, iommu_iova_range, iommu_iova_range.size, setting);
  const room = filled(iommu_ioas_iova_ranges, given).num_iovas;
  const there = filled(iommu_ioas_iova_ranges, got).num_iovas;
  return counted(ranges, room, Math.min(room, there));
}

/** Notes where there are more entries than `most` (those that are named), or fewer than `least`. */
function counted(parts: Part[], most: number, least = most): Part[] {
  const [first, ...rest] = parts;
  if (first === undefined || (parts.length >= least && parts.length <= most)) return parts;
  const found = issue('I_COUNT', `${most} entries are named, ${parts.length} are there`);
  return [{ ...first, issues: [...first.issues, found] }, ...rest];
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
