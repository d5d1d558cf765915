import { DecodeError } from '../bytes/errors.js';
import { hexNumber } from '../bytes/hex.js';
import { lendAt } from '../layout/codec.js';
import { U64Seq } from '../layout/seq.js';
import { PfnRuns } from './pfn-runs.js';
import { statusName } from './present.js';
import type { DecodedRecord, Part } from './record.js';
import { issuesOf } from './value.js';

export interface Row {
  readonly kind: string;
  readonly name: string;
  count: number;
  bytes: number;
  reps: number;
  issues: number;
  /** Result status → how often. */
  readonly status: Map<number, number>;
  /** Error of a system call → how often. */
  readonly errors: Map<string, number>;
  /** Of rep calls whose list is of u64. */
  runs?: PfnRuns;
}

/** Counts by call and message, status, reps, bytes, unknown names and issues. */
export class Summary {
  records = 0;
  bytes = 0;
  unknown = 0;
  issues = 0;
  /** By kind, then by name: no key has to be put together for a record. */
  private readonly rows = new Map<string, Map<string, Row>>();

  add(record: DecodedRecord): void {
    this.records++;
    this.bytes += record.bytes;
    if (record.unknown) this.unknown++;
    const row = this.row(record.kind, nameOf(record));
    row.count++;
    row.bytes += record.bytes;
    let issues = record.issues.length;
    for (const part of record.parts) issues += deepCount(part);
    if (issues > 0) {
      row.issues += issues;
      this.issues += issues;
    }
    const { call, source } = record;
    if (typeof source.errno === 'string') row.errors.set(source.errno, (row.errors.get(source.errno) ?? 0) + 1);
    if (call === undefined) return;
    row.reps += call.reps;
    if (call.status !== undefined) row.status.set(call.status, (row.status.get(call.status) ?? 0) + 1);
    if (call.reps > 0) addList(record.parts[0], row);
  }

  row(kind: string, name: string): Row {
    let named = this.rows.get(kind);
    if (named === undefined) {
      named = new Map();
      this.rows.set(kind, named);
    }
    let row = named.get(name);
    if (row === undefined) {
      row = { kind, name, count: 0, bytes: 0, reps: 0, issues: 0, status: new Map(), errors: new Map() };
      named.set(name, row);
    }
    return row;
  }

  /** Plain data for --json. */
  toJson(): object {
    return {
      records: this.records,
      bytes: this.bytes,
      unknown: this.unknown,
      issues: this.issues,
      rows: this.sorted().map((row) => ({
        kind: row.kind,
        name: row.name,
        count: row.count,
        bytes: row.bytes,
        ...(row.reps ? { reps: row.reps } : {}),
        ...(row.status.size
          ? { status: Object.fromEntries([...row.status].map(([s, n]) => [statusName(s) ?? hexNumber(s), n])) }
          : {}),
        ...(row.errors.size ? { errors: Object.fromEntries(row.errors) } : {}),
        ...(row.runs?.count
          ? { entries: row.runs.count, min: hexNumber(row.runs.min), max: hexNumber(row.runs.max), runs: row.runs.runs }
          : {}),
        ...(row.issues ? { issues: row.issues } : {}),
      })),
    };
  }

  sorted(): Row[] {
    return [...this.rows.values()]
      .flatMap((named) => [...named.values()])
      .sort((a, b) => (a.kind === b.kind ? b.count - a.count || (a.name < b.name ? -1 : 1) : a.kind < b.kind ? -1 : 1));
  }
}

/** Outer name, and the inner message's where there is one. */
function nameOf(record: DecodedRecord): string {
  let inner = record.parts[0]?.inner;
  if (inner === undefined) return record.name || '-';
  let last = record.name ?? '';
  let names = last;
  for (; inner !== undefined; inner = inner.inner) {
    const { name } = inner;
    if (name === undefined || name === '' || name === last) continue;
    last = inner.reply ? `${name} (reply)` : name;
    names = names === '' ? last : `${names} › ${last}`;
  }
  return names || '-';
}

function deepCount(part: Part): number {
  let own: number;
  try {
    own = issuesOf(part).length;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    own = 1;
  }
  return own + (part.inner ? deepCount(part.inner) : 0);
}

function addList(part: Part | undefined, row: Row): void {
  const last = part?.type?.kind === 'struct' ? part.type.slots[part.type.slots.length - 1] : undefined;
  if (
    part?.type === undefined ||
    last?.type.kind !== 'rep' ||
    last.type.of.kind !== 'scalar' ||
    last.type.of.scalar !== 'u64'
  )
    return;
  const list = (lendAt(part.type, part.view, part.offset, part.limits) as Record<string, unknown>)[last.key];
  if (!(list instanceof U64Seq)) return;
  row.runs ??= new PfnRuns();
  const words = list.halves();
  row.runs.add(words, 0, words.length);
}
