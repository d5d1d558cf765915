import { DecodeError } from '../bytes/errors.js';
import { codecOf, consumed } from '../layout/codec.js';
import type { Issue } from '../layout/describe.js';
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

/** Issue of the capture layer; `offset` counts from the start of the byte string. */
export function issue(code: string, text: string, offset = 0, path = ''): Issue {
  return { code, path, offset, text };
}

/** Opaque bytes under a name that says what they are. */
export function opaque(place: Place, struct: string, setting: Setting, marks: PartMarks = {}): Part {
  return {
    ...base(place, setting, marks),
    struct,
    arch: 'any',
    version: '',
    chosen: false,
    size: place.end - place.offset,
  };
}

function base(place: Place, _setting: Setting, marks: PartMarks) {
  const { name, direction, limits, inner, slack = [], issues = [], unattributed = 0, classPayload = 0, reply } = marks;
  return {
    label: place.label,
    view: place.view,
    offset: place.offset,
    slack,
    issues,
    unattributed,
    classPayload,
    ...(name === undefined ? {} : { name }),
    ...(direction === undefined ? {} : { direction }),
    ...(limits === undefined ? {} : { limits }),
    ...(inner === undefined ? {} : { inner }),
    ...(reply === undefined ? {} : { reply }),
  };
}

/** A structure at its place: version by the bytes there are; one that is cut short is read as far as it goes and reported. */
export function structPart(place: Place, layout: Layout, setting: Setting, marks: PartMarks = {}): Part {
  const room = place.end - place.offset;
  const picked = pick(layout, { arch: setting.arch, ...(setting.abi ? { abi: setting.abi } : {}), size: room });
  const issues = [...(marks.issues ?? [])];
  let type: AnyType = picked.type;
  if (room < type.minSize) {
    issues.push(issue('I_SHORT', `${picked.type.name} needs ${type.minSize} bytes, ${room} are there`, place.offset));
    if (type.kind !== 'struct')
      return opaque(place, picked.type.name, setting, {
        ...marks,
        issues,
        unattributed: (marks.unattributed ?? 0) + room,
      });
    type = prefix(type, room);
  }
  const limits: Limits = { ...marks.limits, end: Math.min(marks.limits?.end ?? place.end, place.end) };
  return {
    ...base(place, setting, { ...marks, issues, limits }),
    struct: picked.type.name,
    type,
    arch: picked.arch,
    version: picked.version,
    chosen: picked.chosen,
    size: type.flexible ? extentAt(type, place.view, place.offset, limits) : type.size,
  };
}

/** Bytes that a structure of open size takes up. Throws DecodeError E_TRUNCATED. */
export function extentAt(type: AnyType, view: DataView, offset: number, limits: Limits): number {
  codecOf(type).lendAt(view, offset, limits);
  return consumed() - offset;
}

/** The first bytes of a structure that was recorded only in part. */
export function headPart(place: Place, layout: Layout, setting: Setting, marks: PartMarks = {}): Part {
  const type: NamedType = pick(layout, { arch: setting.arch }).type;
  const size = Math.min(place.end - place.offset, type.size);
  if (type.kind !== 'struct') throw new DecodeError('E_TRUNCATED', 'is no struct', { struct: type.name });
  const head = size < type.size ? prefix(type, size) : type;
  const limits: Limits = { end: place.offset + size };
  return {
    ...base(place, setting, { ...marks, limits }),
    struct: type.name,
    type: head,
    arch: 'any',
    version: type.origin?.version ?? '',
    chosen: false,
    size,
  };
}
