import { iommu_hwpt_page_response, iommu_hwpt_pgfault } from '../abi/iommufd/fault.js';
import { iommu_virq_arm_smmuv3, iommu_virq_type } from '../abi/iommufd/series-2024.js';
import { evtq_ent } from '../abi/iommufd/smmuv3-event.js';
import { iommufd_vevent_header } from '../abi/iommufd/viommu.js';
import { viewOf } from '../bytes/span.js';
import type { StructType } from '../layout/types.js';
import { bytesIn, type Event } from './event.js';
import { ioctlParts, learnFile } from './ioctl-part.js';
import { issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part } from './record.js';
import type { Session } from './session.js';
import { nameOfEvent, smmuRecord, VEVENT_HEADER, veventPart, veventSize } from './vevent-part.js';

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
      learnFile(event, session, setting);
      return found;
    }
    case 'fd_read':
      return read(event, n, setting, session);
    case 'fd_write':
      return write(event, setting, session);
    case 'fd_close':
      session.closeFile(Number(event.fd));
      return { name: undefined, parts: [], bytes: 0 };
    case 'smmu_event':
      return smmuEvent(event, setting);
    default:
      return undefined;
  }
}

/** The event's own word for what is behind the descriptor, else what the request that opened it said. */
function fileOf(event: Event, session: Session): { object: string; type: number } {
  const known = session.file(Number(event.fd));
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
      session.expect(cookieKey(event, session, cookie), n);
    return { name: iommu_hwpt_pgfault.name, parts: withResult(parts, event, bytes), bytes };
  }
  if (object === 'veventq') {
    const parts = vevents(place, type, setting);
    return { name: iommufd_vevent_header.name, parts: withResult(parts, event, bytes), bytes };
  }
  if (object === 'virq') {
    const parts = virqs(place, type, setting);
    return { name: iommu_virq_arm_smmuv3.name, parts: withResult(parts, event, bytes), bytes };
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
    .map((cookie) => session.answer(cookieKey(event, session, cookie)))
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

const cookieKey = (event: Event, session: Session, cookie: number): string =>
  `page fault ${session.fileKey(Number(event.fd))}:${cookie}`;

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

/** Events one behind the other; those of an unknown type have no length, and take all that is left. */
function vevents(place: Place, type: number, setting: Setting): Part[] {
  const parts: Part[] = [];
  for (let at = place.offset; at < place.end; ) {
    const isWhole = at + VEVENT_HEADER <= place.end;
    const size = isWhole ? veventSize(place.view, at, type) : undefined;
    const end = size === undefined ? place.end : Math.min(at + size, place.end);
    parts.push(veventPart({ ...place, label: labelled(place, parts.length), offset: at, end }, type, setting));
    at = end;
  }
  return parts;
}

/** Events of the series of 2024, which had no headers. */
function virqs(place: Place, type: number, setting: Setting): Part[] {
  if (type !== iommu_virq_type.IOMMU_VIRQ_TYPE_ARM_SMMUV3) {
    const issues = [issue('I_UNKNOWN', `no source names events of type ${type}`, place.offset)];
    return place.end === place.offset
      ? []
      : [opaque(place, 'event of an unknown type', { unattributed: place.end - place.offset, issues })];
  }
  const { size } = iommu_virq_arm_smmuv3;
  const parts: Part[] = [];
  for (let at = place.offset; at < place.end; at += size) {
    const here = { ...place, label: labelled(place, parts.length), offset: at, end: Math.min(at + size, place.end) };
    parts.push(structPart(here, iommu_virq_arm_smmuv3, setting, smmuRecord(here, setting)));
  }
  return parts;
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
