import { hv_status } from '../abi/hv/status.js';
import { AbiError } from '../bytes/errors.js';
import { bytesToHex, hex64 } from '../bytes/hex.js';
import { bytesOf } from '../bytes/span.js';
import type { Issue } from '../layout/describe.js';
import { type Json, toJson } from '../layout/json.js';
import { enumMeta } from '../layout/scalar.js';
import type { CallWords, DecodedRecord, Part } from './record.js';
import { issuesOf, plainValue } from './value.js';

/** One record as `decode --jsonl` prints it. */
export type JsonRecord = { [key: string]: Json };

/** HV_STATUS name of a hypercall result's status; undefined for unnamed ones. */
export function statusName(status: number): string | undefined {
  return enumMeta(hv_status).names.get(status);
}

/** The record as a JSON object: 64-bit integers "0x" and 16 digits, bytes as hex. */
export function presentRecord(record: DecodedRecord): JsonRecord {
  const out: JsonRecord = { n: record.n, kind: record.kind };
  const { source } = record;
  if (typeof source.t_us === 'number') out.t_us = source.t_us;
  if (typeof source.vp === 'number') out.vp = source.vp;
  if (record.name !== undefined) out.name = record.name;
  const [first] = record.parts;
  if (first) {
    out.struct = first.struct;
    out.arch = first.arch;
    if (first.version) out.version = first.version;
  }
  if (record.direction) out.direction = record.direction;
  if (first) {
    out.offset = first.offset;
    out.hex = hexOf(first);
  }
  // Structures one behind the other are one byte string.
  for (const part of record.parts.slice(1)) if (part.view !== first?.view) out[`hex_${part.label}`] = hexOf(part);
  if (record.call) out.value = presentCall(record.call, record.parts);
  else if (first) {
    out.value = safely(first);
    for (const part of record.parts.slice(1)) out[part.label] = presentPart(part);
  } else if (record.facts) out.value = toJson(record.facts);
  if (first && !record.call && record.facts) out.facts = toJson(record.facts);
  const inner = record.parts.find((part) => part.inner)?.inner;
  if (inner) out.inner = presentPart(inner);
  const slack = record.parts.flatMap(slackOf);
  if (slack.length) out.slack = slack;
  out.issues = [
    ...record.issues.map(presentIssue),
    ...record.parts.flatMap((part) => deepIssues(part, record.parts.length > 1 ? part.label : '')),
  ];
  if (record.links) out.links = { ...record.links } as Json;
  return out;
}

function hexOf(part: Part): string {
  return bytesToHex(bytesOf(part.view));
}

function safely(part: Part): Json {
  try {
    return toJson(plainValue(part));
  } catch (error) {
    if (error instanceof AbiError) return null;
    throw error;
  }
}

function presentCall(call: CallWords, parts: readonly Part[]): Json {
  const input = parts.find((part) => part.label === 'in');
  const output = parts.find((part) => part.label === 'out');
  const control: JsonRecord = {
    raw: hex64(call.control),
    code: call.code,
    fast: call.fast,
    varhead_qwords: call.varQwords,
    rep_count: call.reps,
    rep_start: call.repStart,
  };
  const out: JsonRecord = { control };
  out.input = input ? safely(input) : null;
  out.output = output ? safely(output) : null;
  if (output) out.output_struct = output.struct;
  if (output?.version) out.output_version = output.version;
  if (call.result !== undefined)
    out.result = {
      raw: hex64(call.result),
      status: call.status ?? 0,
      status_name: statusName(call.status ?? 0) ?? null,
      reps_completed: call.repsDone ?? 0,
    };
  return out;
}

function presentPart(part: Part): JsonRecord {
  const out: JsonRecord = {
    ...(part.name ? { name: part.name } : {}),
    struct: part.struct,
    offset: part.offset,
    size: part.size,
  };
  if (part.version) out.version = part.version;
  if (part.direction) out.direction = part.direction;
  if (part.reply) out.reply = true;
  out.value = safely(part);
  if (part.inner) out.inner = presentPart(part.inner);
  return out;
}

function slackOf(part: Part): Json[] {
  return [
    ...part.slack.map((s) => ({ name: s.name, in: part.label, offset: s.offset, length: s.length })),
    ...(part.inner ? slackOf(part.inner) : []),
  ];
}

function presentIssue(issue: Issue): Json {
  return { code: issue.code, path: issue.path, offset: issue.offset, text: issue.text };
}

/** Issues of a part and of everything inside it, paths starting with the struct's name. */
export function deepIssues(part: Part, label = ''): Json[] {
  const prefix = [label, part.struct].filter(Boolean).join('.');
  let own: Json[];
  try {
    own = issuesOf(part).map((i) => ({
      code: i.code,
      path: [prefix, i.path].filter(Boolean).join('.'),
      offset: i.offset,
      text: i.text,
    }));
  } catch (error) {
    if (!(error instanceof AbiError)) throw error;
    own = [
      {
        code: error.code,
        path: [prefix, error.path].filter(Boolean).join('.'),
        offset: part.offset + error.offset,
        text: error.message,
      },
    ];
  }
  return [...own, ...(part.inner ? deepIssues(part.inner) : [])];
}
