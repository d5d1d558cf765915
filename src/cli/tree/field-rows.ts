import { bytesToHex } from '../../bytes/hex.js';
import { bytesOf, isZero } from '../../bytes/span.js';
import type { FieldNode, Issue } from '../../layout/describe.js';
import { isSeq } from '../../layout/seq.js';
import { symbolOf } from '../../layout/symbol.js';
import type { AnyType, BitsType } from '../../layout/types.js';
import { terminalText } from '../terminal-text.js';
import { bytesRows } from './bytes-rows.js';
import { listRows } from './list-rows.js';
import { countText, hexText, integerText } from './numbers.js';
import { deviceText, remarkOf } from './remarks.js';
import type { Row } from './row.js';

/** Elements of a list of structs before the middle ones are folded, and how many stay in front. */
const SHOWN_ELEMENTS = 5;
const KEPT_ELEMENTS = 3;

/** What turns fields into rows. */
export interface FieldContext {
  readonly view: DataView;
  /** Byte of `view` that the described structure starts at. */
  readonly base: number;
  /** Nothing is folded. */
  readonly all: boolean;
  /** Well-known name of a GUID. */
  readonly guidName: (guid: string) => string | undefined;
  /** Takes the issues of a field path: each is shown once. */
  readonly takeIssues: (path: string) => readonly Issue[];
  /** Rows of what lies inside the opaque bytes of a leaf (a message in its carrier); undefined where nothing does. */
  readonly inside: (from: number, to: number, depth: number) => readonly Row[] | undefined;
  /** True for bytes (of `view`) that an enclosing structure has shown already. */
  readonly shownAbove: (from: number, to: number) => boolean;
}

/** Rows of the fields of a structure. */
export function fieldRows(nodes: readonly FieldNode[], depth: number, context: FieldContext): Row[] {
  const rows: Row[] = [];
  let word: AnyType | undefined;
  for (const node of nodes) {
    const { type } = node;
    if (node.bitOffset !== undefined && type.kind === 'bits') {
      // Bit-fields of an unnamed word: a row of its own shows the word's bytes.
      if (type !== word || type.fields[0]?.name === node.key) rows.push(wordRow(type, node, depth, context));
      word = type;
      rows.push(...bitRows(node, depth + 1, context));
    } else {
      word = undefined;
      rows.push(...nodeRows(node, node.key, depth, context));
    }
  }
  return rows;
}

const shown = (node: FieldNode, context: FieldContext): number => context.base + node.offset;

function issueRows(path: string, depth: number, context: FieldContext): Row[] {
  return context
    .takeIssues(path)
    .map((issue) => ({ depth, name: `▲ ${terminalText(issue.text)}  [${issue.code}]`, tone: 'warn' }));
}

function nodeRows(node: FieldNode, name: string, depth: number, context: FieldContext): Row[] {
  const at = context.base + node.offset;
  if (node.children !== undefined && context.shownAbove(at, at + node.size) && node.size > 0) {
    return [{ depth, offset: shown(node, context), name, symbol: 'as above', ...typeOf(node.type), tone: 'quiet' }];
  }
  const rows =
    node.children === undefined
      ? leafRows(node, name, depth, context)
      : groupRows(node, node.children, name, depth, context);
  return [...rows, ...issueRows(node.path, depth + 1, context)];
}

const typeOf = (type: AnyType): { type?: string } => ('name' in type && type.name ? { type: type.name } : {});

function groupRows(
  node: FieldNode,
  children: readonly FieldNode[],
  name: string,
  depth: number,
  context: FieldContext,
): Row[] {
  const { type } = node;
  if (type.kind === 'union') {
    const rows = children.flatMap((child) => nodeRows(child, `${name}.${child.key}`, depth, context));
    const device =
      type.name === 'hv_device_id'
        ? deviceText(context.view.getBigUint64(context.base + node.offset, true))
        : undefined;
    return device === undefined || rows[0] === undefined
      ? rows
      : [{ ...rows[0], value: device, type: type.name }, ...rows.slice(1)];
  }
  if (type.kind === 'bits') {
    const word = wordRow(type, node, depth, context, name);
    const zero = isZero(context.view, context.base + node.offset, type.size);
    const rows = children.flatMap((child) => bitRows(child, depth + 1, context));
    return zero && !context.all && !rows.some((row) => row.tone === 'warn')
      ? [{ ...word, tone: 'quiet' }]
      : [word, ...rows];
  }
  if (type.kind === 'array' || type.kind === 'rep' || type.kind === 'varhead')
    return elementRows(node, children, name, depth, context);
  const [only] = children;
  // A wrapper around one scalar is one line.
  if (children.length === 1 && only !== undefined && only.type.kind === 'scalar') {
    const [row, ...rest] = nodeRows(only, `${name}.${only.key}`, depth, context);
    return [row!.symbol === undefined ? { ...row!, ...typeOf(type) } : row!, ...rest];
  }
  return [{ depth, name, ...typeOf(type), tone: 'plain' }, ...fieldRows(children, depth + 1, context)];
}

function elementRows(
  node: FieldNode,
  children: readonly FieldNode[],
  name: string,
  depth: number,
  context: FieldContext,
): Row[] {
  const n = children.length;
  const of = 'of' in node.type ? typeOf(node.type.of) : {};
  const offset = shown(node, context);
  if (n === 0) return [{ depth, offset, name, value: 'empty', ...of, tone: 'quiet' }];
  if (n === 1) return nodeRows(children[0]!, `${name}[0]`, depth, context);
  const head: Row = { depth, offset, name, value: `[0..${n - 1}] ${countText(n)} entries`, ...of, tone: 'plain' };
  const element = (child: FieldNode): Row[] => nodeRows(child, child.key, depth + 1, context);
  if (context.all || n <= SHOWN_ELEMENTS) return [head, ...children.flatMap(element)];
  const fold: Row = {
    depth: depth + 1,
    name: `[${KEPT_ELEMENTS}..${n - 2}]`,
    value: `… ${countText(n - KEPT_ELEMENTS - 1)} more entries, -v shows them`,
    tone: 'fold',
  };
  return [head, ...children.slice(0, KEPT_ELEMENTS).flatMap(element), fold, ...element(children[n - 1]!)];
}

function wordRow(type: BitsType, node: FieldNode, depth: number, context: FieldContext, name?: string): Row {
  // A bit-field knows its own place; the word starts `at` bits in front of it.
  const field = node.bitOffset === undefined ? undefined : type.fields.find((f) => f.name === node.key);
  const start = field === undefined ? node.offset : Math.floor((node.bitOffset! - field.at) / 8);
  const bytes = bytesOf(context.view, context.base + start, type.size);
  return {
    depth,
    offset: context.base + start,
    bytes,
    name: name ?? type.wordName ?? type.word,
    value: type.size > 8 ? `${type.words} words` : bytes.every((b) => b === 0) ? '0' : hexText(littleEndian(bytes)),
    ...(name === undefined ? {} : typeOf(type)),
    tone: name === undefined ? 'quiet' : 'plain',
  };
}

function bitRows(node: FieldNode, depth: number, context: FieldContext): Row[] {
  const { bitOffset = 0, bitSize = 1 } = node;
  const value = typeof node.value === 'boolean' ? Number(node.value) : (node.value as number | bigint);
  const reserved = node.type.kind === 'bits' && node.type.fields.find((f) => f.name === node.key)?.reserved;
  const issues = issueRows(node.path, depth + 1, context);
  const row: Row = {
    depth,
    bits: { first: context.base * 8 + bitOffset, count: bitSize },
    name: node.key,
    value: integerText(value),
    ...(node.symbol === undefined ? {} : { symbol: node.symbol }),
    tone: issues.length > 0 && reserved ? 'warn' : reserved || Number(value) === 0 ? 'quiet' : 'plain',
  };
  return [row, ...issues];
}

function leafRows(node: FieldNode, name: string, depth: number, context: FieldContext): Row[] {
  const { type, value } = node;
  const offset = shown(node, context);
  const at = context.base + node.offset;
  const inside = context.inside(at, at + node.size, depth + 1);
  if (inside !== undefined)
    return [{ depth, offset, name, value: `${countText(node.size)} bytes`, tone: 'plain' }, ...inside];
  const bytes = bytesOf(context.view, at, node.size);
  if (type.kind === 'rsvd') return reservedRows(bytes, offset, name, depth);
  if (type.kind === 'bytes' && type.text !== undefined) {
    const text = textOf(bytes, type.text);
    if (text !== '') return [{ depth, offset, bytes, name, value: terminalText(JSON.stringify(text)), tone: 'plain' }];
  }
  if (type.kind === 'bytes' || type.kind === 'union' || value instanceof Uint8Array)
    return bytesRows(bytes, { offset, depth, name }, context.all);
  if (isSeq(value)) {
    if (value.elementSize === 1) return bytesRows(bytes, { offset, depth, name }, context.all);
    const list = {
      view: value.view,
      values: value,
      elementSize: value.elementSize,
      offset: value.offset,
      shownOffset: offset,
    };
    const element = 'of' in type ? type.of : undefined;
    const symbol = (one: number | bigint): string | undefined =>
      element?.kind === 'scalar' ? symbolOf(element, one) : undefined;
    return listRows({ ...list, symbol }, { depth, name }, context.all);
  }
  if (type.kind === 'guid') return guidRows(String(value), bytes, offset, name, depth, context);
  return [scalarRow(node, bytes, offset, name, depth)];
}

function scalarRow(node: FieldNode, bytes: Uint8Array, offset: number, name: string, depth: number): Row {
  const value = node.value as number | bigint;
  const symbol = node.symbol ?? remarkOf(node.key, value);
  const flags = node.type.kind === 'scalar' && (node.type.flags || node.type.enumeration !== undefined);
  return {
    depth,
    offset,
    bytes,
    name,
    // Codes and flag words are compared with headers, which write them in hexadecimal.
    value: flags && value > 9 ? hexText(value) : integerText(value),
    ...(symbol === undefined ? {} : { symbol }),
    tone: 'plain',
  };
}

function reservedRows(bytes: Uint8Array, offset: number, name: string, depth: number): Row[] {
  const zero = bytes.every((b) => b === 0);
  const value =
    bytes.length <= 8
      ? integerText(littleEndian(bytes))
      : zero
        ? `${countText(bytes.length)} zero bytes`
        : bytesToHex(bytes.subarray(0, 16));
  return [{ depth, offset, bytes, name, value, tone: zero ? 'quiet' : 'warn' }];
}

function guidRows(
  text: string,
  bytes: Uint8Array,
  offset: number,
  name: string,
  depth: number,
  context: FieldContext,
): Row[] {
  const known = context.guidName(text);
  const zero = bytes.every((b) => b === 0);
  const tone = zero ? 'quiet' : 'plain';
  return [
    { depth, offset, bytes: bytes.subarray(0, 8), name, value: text, ...(known ? { symbol: known } : {}), tone },
    ...(zero ? [] : [{ depth, offset: offset + 8, bytes: bytes.subarray(8), name: '', tone } as Row]),
  ];
}

function textOf(bytes: Uint8Array, encoding: 'utf8' | 'utf16'): string {
  const text = new TextDecoder(encoding === 'utf8' ? 'utf-8' : 'utf-16le').decode(bytes);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
