import { pagesTouched } from '../bytes/page.js';
import { popcount32 } from '../bytes/word.js';
import type { Cursor } from './cursor.js';
import { isOwnTag, type Ref, resolveRef } from './ref.js';
import type { AnyType, RepType, UnionTag, UnionType, VarheadType } from './types.js';

/** What the surroundings know of the bytes: all offsets are absolute in the DataView. */
export interface Limits {
  /** One past the last byte; default the end of the view. */
  readonly end?: number;
  /** One past the variable header, from the control word. */
  readonly varEnd?: number;
  /** Elements of the rep list, from the control word. */
  readonly reps?: number;
}

/** Sets a cursor that serves many calls, without making anything. */
export function setCursor(cursor: Cursor, view: DataView, limits: Limits | undefined): void {
  let end = view.byteLength;
  let varEnd = -1;
  let reps = -1;
  if (limits !== undefined) {
    if (limits.end !== undefined && limits.end < end) end = limits.end;
    if (limits.varEnd !== undefined) varEnd = limits.varEnd;
    if (limits.reps !== undefined) reps = limits.reps;
  }
  cursor.end = end;
  cursor.varEnd = varEnd;
  cursor.reps = reps;
}

export function cursorOf(view: DataView, limits: Limits | undefined): Cursor {
  return {
    end: Math.min(limits?.end ?? view.byteLength, view.byteLength),
    varEnd: limits?.varEnd ?? -1,
    reps: limits?.reps ?? -1,
    p: 0,
  };
}

/** The number that a ref reads; of a 64-bit word without bits, its low half. */
export function readRef(view: DataView, base: number, ref: Ref): number {
  const at = base + ref.offset;
  const word =
    ref.size === 1 ? view.getUint8(at) : ref.size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  if (ref.width === undefined || ref.at === undefined) return word;
  return ref.width === 32 ? word : (word >>> ref.at) & (2 ** ref.width - 1);
}

/** Elements that the struct's own fields ask for; undefined where no rule stands. */
export function ruledCount(
  view: DataView,
  base: number,
  owner: AnyType,
  list: RepType | VarheadType,
): number | undefined {
  const rule = list.count;
  // A list taken by itself has no siblings.
  if (rule === undefined || owner.kind !== 'struct') return undefined;
  if (typeof rule === 'string') return readRef(view, base, resolveRef(owner, rule, 'count'));
  if ('pages' in rule) {
    const [offset, length] = rule.pages.map((path) => readRef(view, base, resolveRef(owner, path, 'count')));
    return pagesTouched(offset!, length!);
  }
  if ('popcount' in rule) {
    const ref = resolveRef(owner, rule.popcount, 'count');
    let count = popcount32(readRef(view, base, ref));
    for (let more = 4; more < ref.size; more += 4) count += popcount32(view.getUint32(base + ref.offset + more, true));
    return count;
  }
  return Math.floor(readRef(view, base, resolveRef(owner, rule.quotient[0], 'count')) / rule.quotient[1]);
}

/** Elements asked for, before clipping to the bytes there are; undefined means as many as fit. */
export function wantedCount(
  view: DataView,
  base: number,
  owner: AnyType,
  list: RepType | VarheadType,
  cursor: Cursor,
): number | undefined {
  if (list.kind === 'varhead' && cursor.varEnd >= 0) return undefined;
  return ruledCount(view, base, owner, list) ?? (list.kind === 'rep' && cursor.reps >= 0 ? cursor.reps : undefined);
}

/** Where the list's bytes end at the latest. */
export function listEnd(list: RepType | VarheadType, cursor: Cursor): number {
  return list.kind === 'varhead' && cursor.varEnd >= 0 ? Math.min(cursor.varEnd, cursor.end) : cursor.end;
}

/** Where the tag of a union stands: in its own arms, or in the struct around it; undefined for a union taken by itself. */
export function tagRef(tag: UnionTag, union: UnionType, owner: AnyType): { ref: Ref; own: boolean } | undefined {
  const own = isOwnTag(union, tag);
  if (!own && owner.kind !== 'struct') return undefined;
  return { ref: resolveRef(own ? union : owner, tag.by, 'tag'), own };
}
