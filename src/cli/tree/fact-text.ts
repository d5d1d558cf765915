import { type Paint, plainLine, visibleWidth } from '../paint.js';
import { terminalText } from '../terminal-text.js';
import { countText, hexText } from './numbers.js';
import { lastOf, runsOf } from './runs.js';

const LONG_TEXT = 72;
const LONG_LIST = 8;

/** A fact as words: its dotted name and its value. */
export interface Fact {
  readonly key: string;
  readonly value: string;
}

/** Facts flattened for one line each or all in one: nested objects by dotted name, long values cut unless `all`. */
export function flatFacts(
  facts: Readonly<Record<string, unknown>>,
  all: boolean,
  without: readonly string[] = [],
): Fact[] {
  return Object.entries(facts).flatMap(([key, value]) =>
    without.includes(key) ? [] : flatten(terminalText(key), value, all),
  );
}

function flatten(key: string, value: unknown, all: boolean): Fact[] {
  if (value === undefined || value === null || value === '') return [];
  if (Array.isArray(value)) return [{ key, value: listText(value, all) }];
  if (value instanceof Uint8Array) return [{ key, value: `${value.length} bytes` }];
  if (typeof value === 'object') {
    const n = Object.keys(value).length;
    if (!all && n > LONG_LIST) return [{ key, value: `${n} entries` }];
    return Object.entries(value).flatMap(([inner, part]) =>
      flatten(inner === 'raw' ? key : `${key}.${terminalText(inner)}`, part, all),
    );
  }
  return [{ key, value: isIdentifier(key, value) ? hexText(value) : wordText(value, all) }];
}

/** Numbers that every structure with them shows in hexadecimal, and that recorders write in decimal. */
const IDENTIFIERS: ReadonlySet<string> = new Set(['stream', 'gpadl']);

export const isIdentifier = (key: string, value: unknown): value is number =>
  IDENTIFIERS.has(key) && typeof value === 'number' && Number.isInteger(value);

function wordText(value: unknown, all: boolean): string {
  if (typeof value === 'bigint') return hexText(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  const text = terminalText(String(value).trim());
  return all || text.length <= LONG_TEXT ? text : `${text.slice(0, LONG_TEXT - 1)}…`;
}

function listText(list: readonly unknown[], all: boolean): string {
  if (!all && list.length > 2 && list.every((item) => typeof item === 'string' && /^0x[0-9a-f]+$/i.test(item)))
    return runsText(list as string[]);
  const simple = list.every((item) => typeof item !== 'object');
  if (!all && (!simple || list.length > LONG_LIST)) return `${list.length} entries`;
  return list
    .map((item) =>
      Array.isArray(item)
        ? `[${listText(item, all)}]`
        : typeof item === 'object'
          ? terminalText(JSON.stringify(item))
          : wordText(item, all),
    )
    .join(' ');
}

/** Addresses and page numbers: contiguous ones as a run. */
function runsText(list: readonly string[]): string {
  const runs = runsOf(list.map(BigInt));
  const [only] = runs;
  if (only !== undefined && runs.length === 1 && only.step === 1)
    return `${hexText(only.first)} … ${hexText(lastOf(only))} (${countText(list.length)} contiguous)`;
  return `${countText(list.length)} entries in ${countText(runs.length)} runs`;
}

const WIDTH = 100;
/** A little more is better than a second line. */
const FULL_WIDTH = 120;
const INDENT = 6;
/** A head shorter than this has no subject: its facts are the subject. */
const SUBJECT_COLUMN = 38;

/** A head and its facts: behind it when the line holds them all, else below, as many a line as it holds. */
export function behindHead(bare: string, facts: readonly Fact[], paint: Paint): string[] {
  // A head that ends in its last column has no name: the facts stand where it would.
  const head = /\s$/.test(plainLine(bare)) ? `${bare} ` : bare;
  const texts = facts.map(({ key, value }) => ({
    text: `${paint.quiet(key)} ${value}`,
    width: key.length + 1 + value.length,
  }));
  const gap = (text: string): string => (/\s$/.test(plainLine(text)) ? '' : '  ');
  const headWidth = visibleWidth(head);
  const together = texts.reduce((sum, { width }) => sum + width + 2, headWidth);
  if (together <= FULL_WIDTH)
    return [(head + (texts.length ? gap(head) : '') + texts.map(({ text }) => text).join('  ')).trimEnd()];
  const lines: string[] = [];
  let line = head;
  let width = headWidth < SUBJECT_COLUMN ? headWidth : WIDTH;
  for (const one of texts) {
    if (width + 2 + one.width > WIDTH && width > INDENT) {
      lines.push(line.trimEnd());
      line = ' '.repeat(INDENT);
      width = INDENT;
    }
    width += gap(line).length + one.width;
    line += gap(line) + one.text;
  }
  return [...lines, line.trimEnd()];
}
