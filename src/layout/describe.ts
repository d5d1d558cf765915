import { DecodeError } from '../bytes/errors.js';
import { readGuid } from '../bytes/guid.js';
import { bytesOf, isZero } from '../bytes/span.js';
import type { Cursor } from './cursor.js';
import { armOf, readBitField, readScalar } from './interpret-decode.js';
import { cursorOf, type Limits, listEnd, wantedCount } from './limits.js';
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

/** A node being filled in: what only some nodes have is added to those. */
type OpenNode = { -readonly [K in keyof FieldNode]: FieldNode[K] };

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
  root.size = type.flexible ? walk.cursor.p - offset : type.size;
  return { root, size: root.size, issues: walk.issues };
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
): OpenNode {
  const node: OpenNode = { key, path, offset: at - walk.start, size: type.size, type };
  switch (type.kind) {
    case 'anon':
      return visit(walk, type.of, at, key, path, owner, base);
    case 'struct':
      visitStruct(walk, type, at, path, node);
      return node;
    case 'union':
      visitUnion(walk, type, at, path, owner, base, node);
      return node;
    case 'rep':
    case 'varhead':
      visitList(walk, type, at, path, owner, base, node);
      return node;
    case 'array':
      visitArray(walk, type.of, type.count, at, path, node);
      return node;
    default:
      need(walk, at, type.size, path);
      visitLeaf(walk, type, at, path, node);
      return node;
  }
}

type Leaf = Exclude<AnyType, { kind: 'anon' | 'struct' | 'union' | 'rep' | 'varhead' | 'array' }>;

function visitLeaf(walk: Walk, type: Leaf, at: number, path: string, node: OpenNode): void {
  const { view } = walk;
  const before = walk.issues.length;
  switch (type.kind) {
    case 'bits':
      node.children = visitBits(walk, type, at, path);
      return;
    case 'rsvd':
      node.value = bytesOf(view, at, type.size);
      if (!isZero(view, at, type.size))
        report(walk, 'I_RESERVED', path, at, `reserved, not zero: ${hexOf(view, at, type.size)}`);
      break;
    case 'guid':
      node.value = readGuid(view, at);
      return;
    case 'bytes':
      node.value = bytesOf(view, at, type.size);
      return;
    case 'atomic':
      node.value = readScalar(view, at, type.scalar);
      return;
    case 'scalar': {
      const value = readScalar(view, at, type.scalar);
      node.value = value;
      const symbol = symbolOf(type, value);
      if (symbol !== undefined) node.symbol = symbol;
      reportScalar(walk, type, value, path, at);
    }
  }
  keepIssues(walk, before, node);
}

/** The issues found since there were `before`, if any. */
function keepIssues(walk: Walk, before: number, node: OpenNode): void {
  if (walk.issues.length > before) node.issues = walk.issues.slice(before);
}

function reportScalar(walk: Walk, type: ScalarType, value: number | bigint, path: string, at: number): void {
  if (type.enumeration && !type.flags && symbolOf(type, value) === undefined)
    report(walk, 'I_ENUM', path, at, `${hex(value)} is no ${type.enumeration.name}`);
  if (type.multipleOf !== undefined && BigInt(value) % BigInt(type.multipleOf) !== 0n)
    report(walk, 'I_ALIGN', path, at, `${hex(value)} is no multiple of ${type.multipleOf}`);
}

/** A list of scalars as one leaf; its elements are looked at only where one could be wrong. */
function visitScalars(walk: Walk, of: ScalarType, count: number, at: number, path: string, node: OpenNode): void {
  const before = walk.issues.length;
  const list = seqOver(of.scalar, walk.view, at, count, true);
  if (of.multipleOf !== undefined || (of.enumeration && !of.flags))
    for (let i = 0; i < count; i++) reportScalar(walk, of, list.at(i)!, `${path}[${i}]`, at + i * of.size);
  node.value = list;
  keepIssues(walk, before, node);
}

const hex = (value: number | bigint): string => (value < 0 ? String(value) : `0x${value.toString(16)}`);

function hexOf(view: DataView, at: number, size: number): string {
  const shown = Array.from(bytesOf(view, at, Math.min(size, 16)), (b) => b.toString(16).padStart(2, '0')).join('');
  return size > 16 ? `${shown}…` : shown;
}

function visitStruct(walk: Walk, type: StructType, base: number, path: string, node: OpenNode): void {
  const children: FieldNode[] = [];
  let open = false;
  for (const slot of type.slots) {
    const at = open ? walk.cursor.p : base + slot.offset;
    const flat = slot.anon && slot.type.kind !== 'union';
    const child = visit(walk, slot.type, at, slot.key, flat ? path : join(path, slot.key), type, base);
    if (flat) children.push(...(child.children ?? []));
    else children.push(child);
    if (slot.type.flexible) open = true;
  }
  if (!open) walk.cursor.p = base + type.size;
  node.children = children;
  node.size = walk.cursor.p - base;
}

function visitBits(walk: Walk, type: BitsType, at: number, path: string): FieldNode[] {
  return type.fields.map((field) => {
    const value = readBitField(walk.view, at, type, field);
    const where = join(path, field.name);
    const from = at + Math.floor(field.at / 8);
    const symbol = field.enumeration && nameOf(field.enumeration, typeof value === 'boolean' ? Number(value) : value);
    const node: OpenNode = {
      key: field.name,
      path: where,
      offset: from - walk.start,
      size: Math.floor((field.at + field.width - 1) / 8) - Math.floor(field.at / 8) + 1,
      bitOffset: (at - walk.start) * 8 + field.at,
      bitSize: field.width,
      type,
      value,
    };
    if (symbol !== undefined) node.symbol = symbol;
    const before = walk.issues.length;
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (field.reserved && number !== 0 && number !== 0n)
      report(walk, 'I_RESERVED', where, from, `reserved, not zero: ${typeof value === 'boolean' ? 1 : hex(value)}`);
    if (field.enumeration && symbol === undefined)
      report(walk, 'I_ENUM', where, from, `${hex(number)} is no ${field.enumeration.name}`);
    keepIssues(walk, before, node);
    return node;
  });
}

function visitUnion(
  walk: Walk,
  type: UnionType,
  at: number,
  path: string,
  owner: AnyType,
  base: number,
  node: OpenNode,
): void {
  const { view, cursor } = walk;
  need(walk, at, type.minSize, path);
  const arm = armOf(view, at, base, owner, type);
  const end = type.flexible ? Math.min(at + type.size, cursor.end) : at + type.size;
  const of = arm === undefined ? undefined : type.arms[arm];
  if (arm === undefined || of === undefined) {
    const why = type.tag === undefined ? 'no tag tells the arm' : `${type.tag.by} names no arm`;
    const raw = bytesNode(walk, type, 'raw', path, at, end);
    raw.issues = [report(walk, 'I_TAG', path, at, why)];
    cursor.p = end;
    node.size = end - at;
    node.children = [raw];
    return;
  }
  need(walk, at, of.minSize, join(path, arm));
  const children = [visit(walk, of, at, arm, join(path, arm), of, at)];
  node.children = children;
  if (!of.flexible) {
    const from = at + of.size;
    if (from < end) {
      const tail = bytesNode(walk, type, 'tail', path, from, end);
      const size = end - from;
      if (!isZero(view, from, size))
        tail.issues = [
          report(walk, 'I_TAIL', tail.path, from, `bytes behind the arm, not zero: ${hexOf(view, from, size)}`),
        ];
      children.push(tail);
    }
    cursor.p = Math.max(from, end);
  }
  node.size = cursor.p - at;
}

/** Bytes of a union that no field of an arm stands for. */
function bytesNode(walk: Walk, type: UnionType, key: string, path: string, from: number, end: number): OpenNode {
  const value = bytesOf(walk.view, from, end - from);
  return { key, path: join(path, key), offset: from - walk.start, size: end - from, type, value };
}

function visitArray(walk: Walk, of: AnyType, count: number, at: number, path: string, node: OpenNode): void {
  need(walk, at, of.size * count, path);
  if (of.kind === 'scalar') return visitScalars(walk, of, count, at, path, node);
  const children: FieldNode[] = [];
  for (let i = 0, p = at; i < count; i++, p += of.size)
    children.push(visit(walk, of, p, `[${i}]`, `${path}[${i}]`, of, p));
  node.children = children;
}

function visitList(
  walk: Walk,
  type: RepType | VarheadType,
  at: number,
  path: string,
  owner: AnyType,
  base: number,
  node: OpenNode,
): void {
  const { view, cursor } = walk;
  const { of } = type;
  const end = listEnd(type, cursor);
  const fit = Math.max(0, Math.floor((end - at) / of.minSize));
  const wanted = wantedCount(view, base, owner, type, cursor);
  const count = Math.min(fit, wanted ?? fit);
  const outer = walk.partial;
  walk.partial ||= type.partial;
  let got = count;
  if (of.kind === 'scalar') {
    visitScalars(walk, of, count, at, path, node);
    cursor.p = at + count * of.size;
  } else {
    const children: FieldNode[] = [];
    let p = at;
    for (let i = 0; i < count && p + of.minSize <= end; i++) {
      children.push(visit(walk, of, p, `[${i}]`, `${path}[${i}]`, of, p));
      p = of.flexible ? cursor.p : p + of.size;
    }
    cursor.p = p;
    got = children.length;
    node.children = children;
  }
  node.size = cursor.p - at;
  const short = !walk.partial && wanted !== undefined && got < wanted;
  walk.partial = outer;
  const found = [...(node.issues ?? [])];
  if (short) found.push(report(walk, 'I_COUNT', path, at, `${wanted} elements are asked for, ${got} are there`));
  // A variable header whose length disagrees with the struct's own count, as a bank mask with other banks than sent.
  const ruled =
    type.kind === 'varhead' && cursor.varEnd >= 0
      ? wantedCount(view, base, owner, type, { ...cursor, varEnd: -1 })
      : undefined;
  if (ruled !== undefined && ruled !== got)
    found.push(report(walk, 'I_COUNT', path, at, `${ruled} elements are named, the variable header has ${got}`));
  if (found.length > 0) node.issues = found;
}
