import { DecodeError } from '../bytes/errors.js';
import { readGuid } from '../bytes/guid.js';
import { bytesOf, isZero } from '../bytes/span.js';
import { armOf, readBitField, readScalar } from './interpret-decode.js';
import { type Cursor, cursorOf, type Limits, listEnd, wantedCount } from './limits.js';
import { seqOver } from './seq.js';
import { nameOf, symbolOf } from './symbol.js';
import {
  type AnyType,
  type BitsType,
  type RepType,
  type ScalarType,
  type StructType,
  titleOf,
  type UnionType,
  type VarheadType,
} from './types.js';

export type IssueCode = 'I_RESERVED' | 'I_ENUM' | 'I_TAG' | 'I_TAIL' | 'I_ALIGN' | 'I_COUNT';

/** Something that a strict reader would refuse; decode goes on. `offset` counts bytes from the start of the structure. */
export interface Issue {
  readonly code: string;
  readonly path: string;
  readonly offset: number;
  readonly text: string;
}

/** One field as it lies in the bytes: the base of dumps, exports and error texts. */
export interface FieldNode {
  /** Field key, arm key or `[index]`. */
  readonly key: string;
  /** Dotted path from the structure. */
  readonly path: string;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Of bit-fields: first bit from the start of the structure, and bits. */
  readonly bitOffset?: number;
  readonly bitSize?: number;
  readonly type: AnyType;
  /** Of leaves; lists of scalars are one leaf over the same memory. */
  readonly value?: unknown;
  /** Symbolic name of the value. */
  readonly symbol?: string;
  readonly children?: readonly FieldNode[];
  readonly issues?: readonly Issue[];
}

export interface Description {
  readonly root: FieldNode;
  /** Bytes that belong to the structure. */
  readonly size: number;
  readonly issues: readonly Issue[];
}

interface Walk {
  readonly view: DataView;
  readonly start: number;
  readonly struct: string;
  readonly cursor: Cursor;
  readonly issues: Issue[];
  /** Inside a list that goes on elsewhere. */
  partial: boolean;
}

/** Walks the bytes at `offset`. Throws DecodeError E_TRUNCATED with path and offset. */
export function describe(type: AnyType, view: DataView, offset = 0, limits?: Limits): Description {
  const struct = titleOf(type);
  const walk: Walk = { view, start: offset, struct, cursor: cursorOf(view, limits), issues: [], partial: false };
  const root = visit(walk, type, offset, '', '', type, offset);
  const size = type.flexible ? walk.cursor.p - offset : type.size;
  return { root: { ...root, size }, size, issues: walk.issues };
}

const join = (path: string, key: string): string =>
  path === '' ? key : key.startsWith('[') ? path + key : `${path}.${key}`;

function need(walk: Walk, at: number, size: number, path: string): void {
  const left = Math.max(0, walk.cursor.end - at);
  if (left < size) {
    throw new DecodeError('E_TRUNCATED', `needs ${size} bytes, ${left} left`, {
      struct: walk.struct,
      path,
      offset: at - walk.start,
    });
  }
}

function report(walk: Walk, code: IssueCode, path: string, at: number, text: string): Issue {
  const issue = { code, path, offset: at - walk.start, text };
  walk.issues.push(issue);
  return issue;
}

function visit(
  walk: Walk,
  type: AnyType,
  at: number,
  key: string,
  path: string,
  owner: AnyType,
  base: number,
): FieldNode {
  const { view, start } = walk;
  const here = { key, path, offset: at - start, size: type.size, type };
  const before = walk.issues.length;
  switch (type.kind) {
    case 'anon':
      return visit(walk, type.of, at, key, path, owner, base);
    case 'struct':
      return { ...here, ...visitStruct(walk, type, at, path) };
    case 'union':
      return { ...here, ...visitUnion(walk, type, at, path, owner, base) };
    case 'rep':
    case 'varhead':
      return { ...here, ...visitList(walk, type, at, path, owner, base) };
    case 'bits':
      need(walk, at, type.size, path);
      return { ...here, children: visitBits(walk, type, at, path) };
    case 'array':
      return { ...here, ...visitArray(walk, type.of, type.count, at, path) };
    default:
      break;
  }
  need(walk, at, type.size, path);
  if (type.kind === 'rsvd') {
    const zero = isZero(view, at, type.size);
    if (!zero) report(walk, 'I_RESERVED', path, at, `reserved, not zero: ${hexOf(view, at, type.size)}`);
    return { ...here, value: bytesOf(view, at, type.size), ...(zero ? {} : { issues: walk.issues.slice(before) }) };
  }
  if (type.kind === 'guid') return { ...here, value: readGuid(view, at) };
  if (type.kind === 'bytes') return { ...here, value: bytesOf(view, at, type.size) };
  const value = readScalar(view, at, type.scalar);
  if (type.kind === 'atomic') return { ...here, value };
  const symbol = symbolOf(type, value);
  reportScalar(walk, type, value, path, at);
  const issues = walk.issues.slice(before);
  return { ...here, value, ...(symbol === undefined ? {} : { symbol }), ...(issues.length ? { issues } : {}) };
}

function reportScalar(walk: Walk, type: ScalarType, value: number | bigint, path: string, at: number): void {
  if (type.enumeration && !type.flags && symbolOf(type, value) === undefined)
    report(walk, 'I_ENUM', path, at, `${hex(value)} is no ${type.enumeration.name}`);
  if (type.multipleOf !== undefined && BigInt(value) % BigInt(type.multipleOf) !== 0n)
    report(walk, 'I_ALIGN', path, at, `${hex(value)} is no multiple of ${type.multipleOf}`);
}

/** A list of scalars as one leaf; its elements are looked at only where one could be wrong. */
function scalars(
  walk: Walk,
  of: ScalarType,
  count: number,
  at: number,
  path: string,
): Pick<FieldNode, 'value' | 'issues'> {
  const before = walk.issues.length;
  const value = seqOver(of.scalar, walk.view, at, count, true);
  if (of.multipleOf !== undefined || (of.enumeration && !of.flags))
    for (let i = 0; i < count; i++) reportScalar(walk, of, value.at(i)!, `${path}[${i}]`, at + i * of.size);
  const issues = walk.issues.slice(before);
  return { value, ...(issues.length ? { issues } : {}) };
}

const hex = (value: number | bigint): string => (value < 0 ? String(value) : `0x${value.toString(16)}`);

function hexOf(view: DataView, at: number, size: number): string {
  const shown = Array.from(bytesOf(view, at, Math.min(size, 16)), (b) => b.toString(16).padStart(2, '0')).join('');
  return size > 16 ? `${shown}…` : shown;
}

function visitStruct(walk: Walk, type: StructType, base: number, path: string): Pick<FieldNode, 'children' | 'size'> {
  const children: FieldNode[] = [];
  let open = false;
  for (const slot of type.slots) {
    const at = open ? walk.cursor.p : base + slot.offset;
    const flat = slot.anon && slot.type.kind !== 'union';
    const node = visit(walk, slot.type, at, slot.key, flat ? path : join(path, slot.key), type, base);
    if (flat) children.push(...(node.children ?? []));
    else children.push(node);
    if (slot.type.flexible) open = true;
  }
  if (!open) walk.cursor.p = base + type.size;
  return { children, size: walk.cursor.p - base };
}

function visitBits(walk: Walk, type: BitsType, at: number, path: string): FieldNode[] {
  return type.fields.map((field) => {
    const value = readBitField(walk.view, at, type, field);
    const where = join(path, field.name);
    const from = at + Math.floor(field.at / 8);
    const symbol = field.enumeration && nameOf(field.enumeration, typeof value === 'boolean' ? Number(value) : value);
    const found: Issue[] = [];
    if (field.reserved && value !== 0 && value !== 0n && value !== false) {
      found.push(
        report(walk, 'I_RESERVED', where, from, `reserved, not zero: ${typeof value === 'boolean' ? 1 : hex(value)}`),
      );
    }
    if (field.enumeration && symbol === undefined)
      found.push(
        report(
          walk,
          'I_ENUM',
          where,
          from,
          `${hex(typeof value === 'boolean' ? Number(value) : value)} is no ${field.enumeration.name}`,
        ),
      );
    return {
      key: field.name,
      path: where,
      offset: from - walk.start,
      size: Math.floor((field.at + field.width - 1) / 8) - Math.floor(field.at / 8) + 1,
      bitOffset: (at - walk.start) * 8 + field.at,
      bitSize: field.width,
      type,
      value,
      ...(symbol === undefined ? {} : { symbol }),
      ...(found.length ? { issues: found } : {}),
    };
  });
}

function visitUnion(
  walk: Walk,
  type: UnionType,
  at: number,
  path: string,
  owner: AnyType,
  base: number,
): Pick<FieldNode, 'children' | 'size'> {
  const { view, cursor } = walk;
  need(walk, at, type.minSize, path);
  const arm = armOf(view, at, base, owner, type);
  const end = type.flexible ? Math.min(at + type.size, cursor.end) : at + type.size;
  const of = arm === undefined ? undefined : type.arms[arm];
  if (arm === undefined || of === undefined) {
    const where = join(path, 'raw');
    const why = type.tag === undefined ? 'no tag tells the arm' : `${type.tag.by} names no arm`;
    const issue = report(walk, 'I_TAG', path, at, why);
    cursor.p = end;
    return {
      size: end - at,
      children: [
        {
          key: 'raw',
          path: where,
          offset: at - walk.start,
          size: end - at,
          type,
          value: bytesOf(view, at, end - at),
          issues: [issue],
        },
      ],
    };
  }
  need(walk, at, of.minSize, join(path, arm));
  const child = visit(walk, of, at, arm, join(path, arm), of, at);
  const children = [child];
  if (of.flexible) return { children, size: cursor.p - at };
  const from = at + of.size;
  if (from < end) {
    const zero = isZero(view, from, end - from);
    const where = join(path, 'tail');
    const found = zero
      ? []
      : [report(walk, 'I_TAIL', where, from, `bytes behind the arm, not zero: ${hexOf(view, from, end - from)}`)];
    children.push({
      key: 'tail',
      path: where,
      offset: from - walk.start,
      size: end - from,
      type,
      value: bytesOf(view, from, end - from),
      ...(zero ? {} : { issues: found }),
    });
  }
  cursor.p = Math.max(from, end);
  return { children, size: cursor.p - at };
}

function visitArray(
  walk: Walk,
  of: AnyType,
  count: number,
  at: number,
  path: string,
): Pick<FieldNode, 'children' | 'value' | 'issues'> {
  need(walk, at, of.size * count, path);
  if (of.kind === 'scalar') return scalars(walk, of, count, at, path);
  return {
    children: Array.from({ length: count }, (_, i) =>
      visit(walk, of, at + i * of.size, `[${i}]`, `${path}[${i}]`, of, at + i * of.size),
    ),
  };
}

function visitList(
  walk: Walk,
  type: RepType | VarheadType,
  at: number,
  path: string,
  owner: AnyType,
  base: number,
): Pick<FieldNode, 'children' | 'value' | 'size' | 'issues'> {
  const { view, cursor } = walk;
  const { of } = type;
  const end = listEnd(type, cursor);
  const fit = Math.max(0, Math.floor((end - at) / of.minSize));
  const wanted = wantedCount(view, base, owner, type, cursor);
  const count = Math.min(fit, wanted ?? fit);
  const outer = walk.partial;
  walk.partial ||= type.partial;
  const children: FieldNode[] = [];
  let p = at;
  let leaf: Pick<FieldNode, 'value' | 'issues'> | undefined;
  if (of.kind === 'scalar') {
    leaf = scalars(walk, of, count, at, path);
    p = at + count * of.size;
  } else {
    for (let i = 0; i < count && p + of.minSize <= end; i++) {
      children.push(visit(walk, of, p, `[${i}]`, `${path}[${i}]`, of, p));
      p = of.flexible ? cursor.p : p + of.size;
    }
  }
  cursor.p = p;
  const got = leaf === undefined ? children.length : count;
  const short = !walk.partial && wanted !== undefined && got < wanted;
  walk.partial = outer;
  const found = [...(leaf?.issues ?? [])];
  if (short) found.push(report(walk, 'I_COUNT', path, at, `${wanted} elements are asked for, ${got} are there`));
  // A variable header whose length disagrees with the struct's own count, as a bank mask with other banks than sent.
  const ruled =
    type.kind === 'varhead' && cursor.varEnd >= 0
      ? wantedCount(view, base, owner, type, { ...cursor, varEnd: -1 })
      : undefined;
  if (ruled !== undefined && ruled !== got)
    found.push(report(walk, 'I_COUNT', path, at, `${ruled} elements are named, the variable header has ${got}`));
  return {
    size: p - at,
    ...(leaf === undefined ? { children } : { value: leaf.value }),
    ...(found.length ? { issues: found } : {}),
  };
}
