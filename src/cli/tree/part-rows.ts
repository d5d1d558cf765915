import { AbiError } from '../../bytes/errors.js';
import { bytesOf } from '../../bytes/span.js';
import type { Part, Slack } from '../../capture/record.js';
import { describePart, issuesOf } from '../../capture/value.js';
import type { Issue } from '../../layout/describe.js';
import { terminalText } from '../terminal-text.js';
import { bytesRows } from './bytes-rows.js';
import { type FieldContext, fieldRows } from './field-rows.js';
import { plural } from './numbers.js';
import type { Row } from './row.js';

export interface PartOptions {
  /** Nothing is folded. */
  readonly all: boolean;
  readonly guidName: (guid: string) => string | undefined;
}

/** The rows of a part: fields, the message inside, slack, issues. */
export function partRows(part: Part, options: PartOptions): Row[] {
  return rowsOf(part, 0, options, () => false);
}

type Covered = (from: number, to: number) => boolean;

function rowsOf(part: Part, depth: number, options: PartOptions, shownAbove: Covered): Row[] {
  const rows: Row[] = [];
  const slack = [...part.slack];
  const issues = new Map<string, Issue[]>();
  let inner = part.inner;
  try {
    for (const issue of issuesOf(part)) issues.set(issue.path, [...(issues.get(issue.path) ?? []), issue]);
    const found = describePart(part);
    const context: FieldContext = {
      view: part.view,
      base: part.offset,
      all: options.all,
      guidName: options.guidName,
      shownAbove,
      takeIssues: (path) => {
        const taken = path === '' ? [] : (issues.get(path) ?? []);
        if (taken.length) issues.delete(path);
        return taken;
      },
      inside: (from, to, at) => {
        if (inner === undefined || inner.offset < from || inner.offset + inner.size > to) return undefined;
        const message = inner;
        inner = undefined;
        const behind = takeSlack(slack, from, to);
        return [...innerRows(message, at, options, shownAbove), ...behind.map((s) => slackRow(s, part, at))];
      },
    };
    // Opaque bytes are one leaf, without a name of their own.
    if (found?.root.children === undefined) rows.push(...opaqueRows(part, depth, options));
    else rows.push(...fieldRows(found.root.children, depth, context));
  } catch (error) {
    if (!(error instanceof AbiError)) throw error;
    rows.push({ depth, name: `▲ ${terminalText(error.message)}`, tone: 'warn' }, ...opaqueRows(part, depth, options));
  }
  if (inner !== undefined) {
    const covered: Covered = (from, to) =>
      shownAbove(from, to) || (from >= part.offset && to <= part.offset + part.size);
    rows.push(...innerRows(inner, depth, options, covered));
  }
  rows.push(...slack.sort((a, b) => a.offset - b.offset).map((s) => slackRow(s, part, depth)));
  for (const issue of [...issues.values()].flat()) {
    const where = issue.path === '' ? '' : `${issue.path}: `;
    rows.push({
      depth,
      offset: issue.offset,
      name: `▲ ${terminalText(where + issue.text)}  [${issue.code}]`,
      tone: 'warn',
    });
  }
  if (part.unattributed > 0)
    rows.push({ depth, name: `▲ ${plural(part.unattributed, 'byte')} that nothing accounts for`, tone: 'warn' });
  return rows;
}

function innerRows(part: Part, depth: number, options: PartOptions, shownAbove: Covered): Row[] {
  const reply = part.reply && part.name ? `reply to ${part.name}` : part.name;
  const title: Row = {
    depth,
    offset: part.offset,
    name: reply ?? part.struct,
    ...(reply === undefined ? {} : { type: part.struct }),
    ...(part.chosen ? { symbol: part.version } : {}),
    tone: 'title',
  };
  return [title, ...rowsOf(part, depth + 1, options, shownAbove)];
}

function opaqueRows(part: Part, depth: number, options: PartOptions): Row[] {
  const bytes = bytesOf(part.view, part.offset, part.size);
  return bytesRows(bytes, { offset: part.offset, depth, name: 'bytes' }, options.all);
}

function slackRow(slack: Slack, part: Part, depth: number): Row {
  const bytes = bytesOf(part.view, slack.offset, slack.length);
  const zero = bytes.every((b) => b === 0);
  return {
    depth,
    offset: slack.offset,
    bytes,
    name: `(${slack.name}: ${plural(slack.length, zero ? 'zero byte' : 'byte')})`,
    tone: 'quiet',
  };
}

function takeSlack(slack: Slack[], from: number, to: number): Slack[] {
  const taken = slack.filter((s) => s.offset >= from && s.offset + s.length <= to);
  for (const s of taken) slack.splice(slack.indexOf(s), 1);
  return taken.sort((a, b) => a.offset - b.offset);
}
