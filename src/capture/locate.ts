import { AbiError, DecodeError } from '../bytes/errors.js';
import type { Issue } from '../layout/describe.js';
import { extentAt } from '../layout/extent.js';
import { type Layout, pick } from '../layout/group.js';
import type { Limits } from '../layout/limits.js';
import type { Direction } from '../layout/messages.js';
import { prefix } from '../layout/prefix.js';
import type { AnyType, Arch, NamedType } from '../layout/types.js';
import type { Part, Slack } from './record.js';

/** What every locating step needs to know. */
export interface Setting {
  readonly arch: Arch;
  /** Forces an ABI version. */
  readonly abi?: string;
}

export interface Place {
  readonly label: string;
  readonly view: DataView;
  readonly offset: number;
  /** One past the last byte that can belong to the structure. */
  readonly end: number;
}

export interface PartMarks {
  readonly name?: string;
  readonly direction?: Direction;
  readonly limits?: Limits;
  readonly inner?: Part;
  readonly slack?: readonly Slack[];
  readonly issues?: readonly Issue[];
  readonly unattributed?: number;
  readonly classPayload?: number;
  readonly reply?: boolean;
}

/** What the capture layer finds beyond the codes of check(). */
export type CaptureIssueCode =
  /** The record holds fewer bytes than the structure has, or than it says itself. */
  | 'I_SHORT'
  /** Bytes behind the structure. */
  | 'I_TRAILING'
  /** No source names the number. */
  | 'I_UNKNOWN'
  /** The message goes the other way. */
  | 'I_DIRECTION'
  /** The message belongs to a version or feature that was not agreed on. */
  | 'I_VERSION'
  /** The trailer of a packet names another start. */
  | 'I_TRAILER'
  /** A completion without an open request. */
  | 'I_NO_REQUEST'
  /** Bytes that a dump does not give. */
  | 'I_MISSING'
  /** A logical device id that was widened with its sign. */
  | 'I_SIGN_EXTENDED'
  | 'I_RESERVED'
  | 'I_COUNT';

/** Issue of the capture layer; `offset` counts from the start of the byte string. */
export function issue(code: CaptureIssueCode, text: string, offset = 0, path = ''): Issue {
  return { code, path, offset, text };
}

/** True when a message type or packet type in the parts has no name. */
export function anyUnknown(parts: readonly Part[]): boolean {
  return parts.some(
    (part) => part.issues.some((i) => i.code === 'I_UNKNOWN') || (part.inner !== undefined && anyUnknown([part.inner])),
  );
}

/** Opaque bytes under a name that says what they are. */
export function opaque(place: Place, struct: string, marks: PartMarks = {}): Part {
  return part(place, marks, marks.issues ?? NONE, marks.unattributed ?? 0, marks.limits, {
    struct,
    type: undefined,
    arch: 'any',
    version: '',
    chosen: false,
    size: place.end - place.offset,
  });
}

const NONE: readonly never[] = [];

type Identity = Pick<Part, 'struct' | 'type' | 'arch' | 'version' | 'chosen' | 'size'>;

// One literal for all parts, absent marks included: traces have millions, and objects of one shape are cheap to make and to read.
function part(
  place: Place,
  marks: PartMarks,
  issues: readonly Issue[],
  unattributed: number,
  limits: Limits | undefined,
  identity: Identity,
): Part {
  return {
    label: place.label,
    name: marks.name,
    struct: identity.struct,
    type: identity.type,
    arch: identity.arch,
    version: identity.version,
    chosen: identity.chosen,
    direction: marks.direction,
    view: place.view,
    offset: place.offset,
    size: identity.size,
    limits,
    inner: marks.inner,
    slack: marks.slack ?? NONE,
    issues,
    unattributed,
    classPayload: marks.classPayload ?? 0,
    reply: marks.reply,
  };
}

/** A structure at its place: version by the bytes there are; one that is cut short is read as far as it goes and reported. */
export function structPart(place: Place, layout: Layout, setting: Setting, marks: PartMarks = {}): Part {
  const room = place.end - place.offset;
  const picked = pick(layout, { arch: setting.arch, abi: setting.abi, size: room });
  const struct = picked.type.name;
  let issues = marks.issues ?? NONE;
  let type: AnyType = picked.type;
  if (room < type.minSize) {
    issues = [...issues, issue('I_SHORT', `${struct} needs ${type.minSize} bytes, ${room} are there`, place.offset)];
    if (type.kind !== 'struct') return cutShort(place, struct, marks, issues);
    type = prefix(type, room);
  }
  const end = Math.min(marks.limits?.end ?? place.end, place.end);
  const limits: Limits = { end, varEnd: marks.limits?.varEnd, reps: marks.limits?.reps };
  let size = type.size;
  if (type.flexible) {
    try {
      size = extentAt(type, place.view, place.offset, limits);
    } catch (error) {
      if (!(error instanceof AbiError)) throw error;
      // An element of the open end contradicts itself: one structure that cannot be walked must not end the whole trace.
      return cutShort(place, struct, marks, [...issues, issue('I_SHORT', error.message, place.offset)]);
    }
  }
  const { arch, version, chosen } = picked;
  return part(place, marks, issues, marks.unattributed ?? 0, limits, { struct, type, arch, version, chosen, size });
}

/** Nothing accounts for bytes that cannot be walked. */
function cutShort(place: Place, struct: string, marks: PartMarks, issues: readonly Issue[]): Part {
  return opaque(place, struct, {
    ...marks,
    issues,
    unattributed: (marks.unattributed ?? 0) + place.end - place.offset,
  });
}

/** The first bytes of a structure that was recorded only in part. */
export function headPart(place: Place, layout: Layout, setting: Setting, marks: PartMarks = {}): Part {
  const type: NamedType = pick(layout, { arch: setting.arch }).type;
  const size = place.end - place.offset;
  if (size >= type.size) return structPart(place, layout, setting, marks);
  if (type.kind !== 'struct') throw new DecodeError('E_TRUNCATED', 'is no struct', { struct: type.name });
  return part(
    place,
    marks,
    marks.issues ?? NONE,
    marks.unattributed ?? 0,
    { end: place.end },
    {
      struct: type.name,
      type: prefix(type, size),
      arch: 'any',
      version: type.origin?.version ?? '',
      chosen: false,
      size,
    },
  );
}
