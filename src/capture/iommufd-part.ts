import { iommu_hwpt_page_response, iommu_hwpt_pgfault } from '../abi/iommufd/fault.js';
import { evt_id, evtq_ent } from '../abi/iommufd/smmuv3-event.js';
import {
  iommu_vevent_arm_smmuv3,
  iommu_vevent_tegra241_cmdqv,
  iommu_veventq_flag,
  iommu_veventq_type,
  iommufd_vevent_header,
} from '../abi/iommufd/viommu.js';
import { viewOf } from '../bytes/span.js';
import type { Layout } from '../layout/group.js';
import { enumMeta } from '../layout/scalar.js';
import type { StructType } from '../layout/types.js';
import { bytesIn, type Event } from './event.js';
import { ioctlParts, learnFile } from './ioctl-part.js';
import { issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part } from './record.js';
import type { Session } from './session.js';

/** What is found in an event of a process that has /dev/iommu open, or of the IOMMU behind it. */
export interface LocatedIommufd {
  readonly name: string | undefined;
  readonly parts: readonly Part[];
  readonly bytes: number;
  /** Record number of the read whose page fault is answered. */
  readonly request?: number | undefined;
}

/**
 * `ioctl` {fd, cmd, name, in, out, data, result}, `fd_read` and `fd_write` {fd, object, id, raw, result},
 * `fd_close` {fd}, `smmu_event` {iommu, stream, raw}; undefined for every other kind. Throws DecodeError E_RECORD.
 */
export function locateIommufd(
  kind: string,
  event: Event,
  n: number,
  setting: Setting,
  session: Session,
): LocatedIommufd | undefined {
  switch (kind) {
    case 'ioctl': {
      const found = ioctlParts(event, setting);
      learnFile(event, session);
      return found;
    }
    case 'fd_read':
      return read(event, n, setting, session);
    case 'fd_write':
      return write(event, setting, session);
    case 'fd_close':
      session.files.delete(Number(event.fd));
      return { name: undefined, parts: [], bytes: 0 };
    case 'smmu_event':
      return smmuEvent(event, setting);
    default:
      return undefined;
  }
}

const VEVENTS: ReadonlyMap<number, StructType> = new Map<number, StructType>([
  [iommu_veventq_type.IOMMU_VEVENTQ_TYPE_ARM_SMMUV3, iommu_vevent_arm_smmuv3],
  [iommu_veventq_type.IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV, iommu_vevent_tegra241_cmdqv],
]);

/** The event's own word for what is behind the descriptor, else what the request that opened it said. */
function fileOf(event: Event, session: Session): { object: string; type: number } {
  const known = session.files.get(Number(event.fd));
  const object = typeof event.object === 'string' ? event.object : known?.object;
  const type = typeof event.type === 'number' ? event.type : known?.type;
  return { object: object ?? '', type: type ?? 0 };
}

function read(event: Event, n: number, setting: Setting, session: Session): LocatedIommufd {
  const place = wholeOf(event);
  const bytes = place.end;
  const { object, type } = fileOf(event, session);
  if (object === 'fault') {
    const parts = listOf(place, iommu_hwpt_pgfault, setting);
    for (const cookie of words(place, iommu_hwpt_pgfault.size, iommu_hwpt_pgfault.size - 4))
      session.expect(cookieKey(event, cookie), n);
    return { name: iommu_hwpt_pgfault.name, parts: withResult(parts, event, bytes), bytes };
  }
  if (object === 'veventq') {
    const parts = vevents(place, type, setting);
    return { name: iommufd_vevent_header.name, parts: withResult(parts, event, bytes), bytes };
  }
  return { name: undefined, parts: unknownFile(place, object), bytes };
}

function write(event: Event, setting: Setting, session: Session): LocatedIommufd {
  const place = wholeOf(event);
  const bytes = place.end;
  const { object } = fileOf(event, session);
  if (object !== 'fault') return { name: undefined, parts: unknownFile(place, object), bytes };
  const parts = listOf(place, iommu_hwpt_page_response, setting);
  // Linux looks a response up by its cookie: the read that gave it is what is answered, by responses that were taken.
  const taken = typeof event.result === 'number' ? Math.min(Math.max(event.result, 0), bytes) : bytes;
  const [request] = words({ ...place, end: taken }, iommu_hwpt_page_response.size, 0)
    .map((cookie) => session.answer(cookieKey(event, cookie)))
    .filter((found) => found !== undefined);
  return { name: iommu_hwpt_page_response.name, parts, bytes, request };
}

function smmuEvent(event: Event, setting: Setting): LocatedIommufd {
  const place = wholeOf(event);
  const [first, ...rest] = listOf(place, evtq_ent, setting);
  const name = nameOfEvent(place);
  const named = first === undefined || name === undefined ? first : { ...first, name };
  return {
    name: name ?? evtq_ent.name,
    parts: named === undefined ? [] : [named, ...rest],
    bytes: place.end,
  };
}

const cookieKey = (event: Event, cookie: number): string => `page fault ${Number(event.fd)}:${cookie}`;

function wholeOf(event: Event): Place {
  const raw = bytesIn(event, 'raw');
  return { label: 'raw', view: viewOf(raw), offset: 0, end: raw.length };
}

/** The first is the byte string by its name; those behind it are numbered. */
const labelled = (place: Place, index: number): string => (index === 0 ? place.label : `${place.label}[${index}]`);

/** Structures of one size, one behind the other; the last one may be cut. */
function listOf(place: Place, type: StructType, setting: Setting): Part[] {
  const parts: Part[] = [];
  for (let at = place.offset; at < place.end; at += type.size) {
    const end = Math.min(at + type.size, place.end);
    parts.push(structPart({ ...place, label: labelled(place, parts.length), offset: at, end }, type, setting));
  }
  return parts;
}

/** One word of each whole structure. */
function words(place: Place, size: number, at: number): number[] {
  const count = Math.floor((place.end - place.offset) / size);
  return Array.from({ length: count }, (_, i) => place.view.getUint32(place.offset + i * size + at, true));
}

/** Headers, each with its event behind it, but those that say that events were lost. */
function vevents(place: Place, type: number, setting: Setting): Part[] {
  const parts: Part[] = [];
  const payload = VEVENTS.get(type);
  for (let at = place.offset; at < place.end; ) {
    const here: Place = { ...place, label: labelled(place, parts.length), offset: at };
    const dataAt = at + iommufd_vevent_header.size;
    if (dataAt > place.end) {
      parts.push(structPart(here, iommufd_vevent_header, setting));
      break;
    }
    const isLost = (place.view.getUint32(at, true) & iommu_veventq_flag.IOMMU_VEVENTQ_FLAG_LOST_EVENTS) !== 0;
    if (isLost) {
      const name = 'IOMMU_VEVENTQ_FLAG_LOST_EVENTS';
      parts.push(structPart({ ...here, end: dataAt }, iommufd_vevent_header, setting, { name }));
      at = dataAt;
      continue;
    }
    const end = payload === undefined ? place.end : Math.min(dataAt + payload.size, place.end);
    const inner = payloadPart({ ...here, offset: dataAt, end }, type, payload, setting);
    parts.push(structPart({ ...here, end: dataAt }, iommufd_vevent_header, setting, { inner }));
    at = end;
  }
  return parts;
}

function payloadPart(place: Place, type: number, payload: Layout | undefined, setting: Setting): Part {
  if (payload === undefined)
    return opaque(place, 'event of an unknown type', {
      unattributed: place.end - place.offset,
      issues: [issue('I_UNKNOWN', `no source names events of type ${type}`, place.offset)],
    });
  const isRecord = payload === iommu_vevent_arm_smmuv3 && place.end - place.offset === evtq_ent.size;
  const name = isRecord ? nameOfEvent(place) : undefined;
  const inner = isRecord ? structPart(place, evtq_ent, setting, name === undefined ? {} : { name }) : undefined;
  return structPart(place, payload, setting, inner === undefined ? {} : { inner });
}

/** EVT_ID_… of a record; undefined for ids that no source names, and for no record at all. */
function nameOfEvent({ view, offset, end }: Place): string | undefined {
  return end > offset ? enumMeta(evt_id).names.get(view.getUint8(offset)) : undefined;
}

function unknownFile(place: Place, object: string): Part[] {
  const length = place.end - place.offset;
  if (length === 0) return [];
  const text = object === '' ? 'nothing says what the descriptor is' : `nothing is read or written so of ${object}`;
  return [opaque(place, 'bytes of a file', { unattributed: length, issues: [issue('I_UNKNOWN', text)] })];
}

/** The result of a read is the number of its bytes. */
function withResult(parts: readonly Part[], event: Event, bytes: number): readonly Part[] {
  const { result } = event;
  const [first, ...rest] = parts;
  if (first === undefined || typeof result !== 'number' || result === bytes) return parts;
  const found = issue('I_COUNT', `the read gave ${result} bytes, ${bytes} are there`);
  return [{ ...first, issues: [...first.issues, found] }, ...rest];
}
