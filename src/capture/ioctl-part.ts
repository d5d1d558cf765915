import { iommu_fault_alloc } from '../abi/iommufd/fault.js';
import { iommu_virq_alloc } from '../abi/iommufd/series-2024.js';
import { iommu_veventq_alloc, iommu_viommu_alloc } from '../abi/iommufd/viommu.js';
import { SERIES_2024 } from '../abi/origin.js';
import { hexNumber } from '../bytes/hex.js';
import { viewOf } from '../bytes/span.js';
import type { Issue } from '../layout/describe.js';
import { pick } from '../layout/group.js';
import { bytesIn, type Event, wordOf } from './event.js';
import { filled, ioctlDataParts } from './ioctl-data-part.js';
import { type NamedRequest, requestOf } from './ioctl-requests.js';
import { headPart, issue, opaque, type PartMarks, type Place, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import type { QueueFile, Session } from './session.js';

/** What a request of /dev/iommu gave and got: `in` and `out` are its structure before and behind it, `data` is what it points to. */
export function ioctlParts(event: Event, setting: Setting): { name: string | undefined; parts: Part[]; bytes: number } {
  const cmd = Number(wordOf(event, 'cmd'));
  const row = requestOf(cmd, setting);
  const strings = (['in', 'out', 'data'] as const).map((label) => [label, bytesIn(event, label)] as const);
  const bytes = strings.reduce((sum, [, one]) => sum + one.length, 0);
  const exchange = { given: bytesIn(event, 'in'), got: bytesIn(event, 'out') };
  const parts: Part[] = [];
  for (const [label, found] of strings) {
    if (found.length === 0) continue;
    const place: Place = { label, view: viewOf(found), offset: 0, end: found.length };
    if (row === undefined) parts.push(unknownRequest(place, cmd));
    else if (label === 'data') parts.push(...ioctlDataParts(place, row.struct, exchange, setting));
    else parts.push(argumentPart(place, row, setting));
  }
  return { name: row?.name, parts, bytes };
}

function unknownRequest(place: Place, cmd: number): Part {
  return opaque(place, 'argument of an unknown request', {
    unattributed: place.end,
    issues: [issue('I_UNKNOWN', `no source names request ${hexNumber(cmd)} of /dev/iommu`)],
  });
}

/** The structure says its own size: callers may be older or newer than the declaration. */
function argumentPart(place: Place, row: NamedRequest, setting: Setting): Part {
  const { size: known, name } = pick(row.struct, setting).type;
  const room = place.end;
  if (room < 4) return structPart(place, row.struct, setting);
  const size = place.view.getUint32(0, true);
  const issues: Issue[] = [];
  const slack: Slack[] = [];
  if (size < row.minSize)
    issues.push(issue('I_SHORT', `${name} has ${row.minSize} bytes at least, the caller gives ${size}`, 0, 'size'));
  if (size > room) issues.push(issue('I_SHORT', `the caller gives ${size} bytes, ${room} are there`, 0, 'size'));
  if (place.label === 'in' && row.struct === iommu_viommu_alloc) issues.push(...flagsOfViommu(place, setting));
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

const FLAGS_AT = 4;

/** No flags are known (viommu.c refuses all): who has some may well mean the request that once had the number. */
function flagsOfViommu({ view, end }: Place, { abi }: Setting): Issue[] {
  const flags = end >= FLAGS_AT + 4 ? view.getUint32(FLAGS_AT, true) : 0;
  if (flags === 0) return [];
  const other = abi === SERIES_2024.version ? '' : '; in the series of 2024 the number is IOMMU_VIOMMU_SET_VDEV_ID';
  return [issue('I_RESERVED', `${hexNumber(flags)} are no flags${other}`, FLAGS_AT, 'flags')];
}

/** A request that made a queue says which descriptor stands for it from now on. */
export function learnFile(event: Event, session: Session, setting: Setting): void {
  const out = bytesIn(event, 'out');
  if (out.length === 0 || event.errno !== undefined || Number(event.result) < 0) return;
  const made = queueOf(requestOf(Number(wordOf(event, 'cmd')), setting), out);
  if (made !== undefined) session.openFile(made.fd, made.file);
}

function queueOf(row: NamedRequest | undefined, out: Uint8Array): { fd: number; file: QueueFile } | undefined {
  switch (row?.struct) {
    case iommu_fault_alloc:
      return { fd: filled(iommu_fault_alloc, out).out_fault_fd, file: { object: 'fault', type: 0 } };
    case iommu_veventq_alloc: {
      const { out_veventq_fd: fd, type } = filled(iommu_veventq_alloc, out);
      return { fd, file: { object: 'veventq', type } };
    }
    case iommu_virq_alloc: {
      const { out_virq_fd: fd, type } = filled(iommu_virq_alloc, out);
      return { fd, file: { object: 'virq', type } };
    }
    default:
      return undefined;
  }
}
