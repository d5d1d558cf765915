import type { CallWords, DecodedRecord, Part } from '../../capture/record.js';
import type { Paint } from '../paint.js';
import { terminalText } from '../terminal-text.js';
import { behindHead, type Fact, flatFacts } from './fact-text.js';
import { renderRows } from './lines.js';
import { hexText, plural } from './numbers.js';
import { partRows } from './part-rows.js';
import { headLine, linkText, registerFacts, SYSTEM_CALLS } from './record-head.js';
import type { Row } from './row.js';

export interface RecordOptions {
  readonly paint: Paint;
  /** Nothing is folded. */
  readonly all: boolean;
  /** One line per record. */
  readonly brief?: boolean;
  /** Well-known name of a GUID. */
  readonly guidName: (guid: string) => string | undefined;
}

const INDENT = ' '.repeat(6);
/** Facts that the head of a record of this kind shows in a place of their own. */
const IN_HEAD: Readonly<Record<string, readonly string[]>> = {
  rdmsr: ['msr', 'value', 'struct', 'fields'],
  wrmsr: ['msr', 'value', 'struct', 'fields'],
  marker: ['text'],
  msi: ['vector'],
  intid: ['intid'],
  synic_event: ['sint', 'sint_name', 'flag', 'class'],
  synic_message: ['sint', 'sint_name'],
  ring: ['relid', 'direction', 'offset'],
  ring_control: ['relid', 'direction', 'moment'],
  page: ['label'],
  device_msi: ['address', 'data'],
  ...Object.fromEntries([...SYSTEM_CALLS].map((kind) => [kind, ['result', 'errno']])),
};
/** Facts for -v: long, or the same on every line of a channel. */
const FOR_VERBOSE: readonly string[] = ['instance', 'data_pages'];

/** A record as lines: a head, the words of a call, then each byte string as a tree. */
export function recordLines(record: DecodedRecord, options: RecordOptions): string[] {
  const { paint, all, brief } = options;
  const links = linkText(record, paint);
  // A call has a line of its own for its words, which takes the links; elsewhere the head has room for them.
  const head = [headLine(record, paint), brief || !record.call ? links : ''].filter(Boolean).join(' ');
  if (brief && record.parts.length > 0) return [head.trimEnd()];
  const lines = behindHead(head, record.call ? [] : factsOf(record, all), paint);
  if (brief) return lines.slice(0, 1);
  if (record.call) lines.push(INDENT + [callText(record, record.call, options), links].filter(Boolean).join('  '));
  for (const part of record.parts) lines.push(...partLines(part, options));
  for (const { path, text, code } of record.issues)
    lines.push(INDENT + paint.warn(`▲ ${terminalText(path ? `${path}: ${text}` : text)}  [${code}]`));
  if (record.parts.length > 0) lines.push('');
  return lines;
}

function factsOf(record: DecodedRecord, all: boolean): Fact[] {
  const known = record.parts.some((part) => part.inner !== undefined && part.inner.classPayload === 0);
  const hidden = [
    'vp',
    ...(IN_HEAD[record.kind] ?? []),
    ...(all ? [] : FOR_VERBOSE),
    ...(!all && known ? ['class'] : []),
  ];
  return [...registerFacts(record), ...(record.facts ? flatFacts(record.facts, all, hidden) : [])];
}

function callText(record: DecodedRecord, call: CallWords, { paint, all }: RecordOptions): string {
  const notes = [
    `code ${hexText(call.code)}`,
    call.fast ? 'fast: input in registers' : '',
    call.varQwords > 0 ? plural(call.varQwords, 'header qword') : '',
    call.reps > 0 ? plural(call.reps, 'rep') : '',
    call.repStart > 0 ? `from rep ${call.repStart}` : '',
    call.result !== undefined && call.result !== 0n ? `result ${hexText(call.result)}` : '',
    ...(all
      ? ['rdx', 'r8', 'rip', 'pc'].map((key) =>
          typeof record.source[key] === 'string' ? `${key} ${terminalText(record.source[key])}` : '',
        )
      : []),
  ];
  return `${paint.quiet('control')} ${paint.value(hexText(call.control))}  ${paint.quiet(notes.filter(Boolean).join(', '))}`;
}

function partLines(part: Part, { paint, all, guidName }: RecordOptions): string[] {
  const title = [
    paint.quiet((part.label || 'at').padEnd(3)),
    paint.type(terminalText(part.struct)),
    part.arch === 'any' ? '' : paint.quiet(part.arch),
    part.version === '' ? '' : part.chosen ? paint.symbol(`abi ${part.version}`) : paint.quiet(part.version),
    paint.quiet(plural(part.size, 'byte')),
  ];
  const rows = partRows(part, { all, guidName });
  const line = `  ${title.filter(Boolean).join('  ')}`;
  // The ring indices beside each packet are context: one line, unless something is wrong with them.
  if (part.label === 'ctl' && !all && !rows.some((row) => row.tone === 'warn'))
    return [`${line}  ${settings(rows, paint)}`];
  const offsetDigits = Math.max(4, (part.offset + part.size).toString(16).length);
  return [line, ...renderRows(rows, { paint, indent: 2, offsetDigits })];
}

/** The rows that say something, side by side. */
function settings(rows: readonly Row[], paint: Paint): string {
  return rows
    .filter((row) => row.value !== undefined && row.value !== '0')
    .map((row) => `${paint.quiet(row.name)} ${paint.value(row.value!)}`)
    .join('  ');
}
