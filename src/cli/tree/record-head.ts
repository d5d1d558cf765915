import { HvError } from '../../abi/hv/openvmm-status.js';
import { statusName } from '../../capture/present.js';
import type { CallWords, DecodedRecord } from '../../capture/record.js';
import { enumMeta } from '../../layout/scalar.js';
import type { Paint } from '../paint.js';
import { terminalText, terminalWord } from '../terminal-text.js';
import { type Fact, flatFacts } from './fact-text.js';
import { hexText } from './numbers.js';

/** Columns of the number, of the time and of the kind. */
const NUMBER_COLUMN = 5;
const TIME_COLUMN = 11;
const VP_COLUMN = 4;
const KIND_COLUMN = 13;

/** The first line of a record: number, time, processor, kind, what it is about, how it ended. */
export function headLine(record: DecodedRecord, paint: Paint): string {
  const { source, kind, direction } = record;
  const timed = typeof source.t_us === 'number';
  const time = timed ? paint.quiet(`${(Number(source.t_us) / 1e6).toFixed(6)}s`.padStart(TIME_COLUMN)) : '';
  const vp =
    typeof source.vp === 'number'
      ? paint.quiet(`vp${source.vp}`.padEnd(VP_COLUMN))
      : timed
        ? ' '.repeat(VP_COLUMN)
        : '';
  const arrow = kind === 'ring' || kind === 'synic_message' ? (direction === 'host->guest' ? ' h→g' : ' g→h') : '';
  const cells = [
    paint.link(`#${record.n}`.padEnd(NUMBER_COLUMN)),
    time,
    vp,
    paint.kind(`${terminalText(kind)}${arrow}`.padEnd(KIND_COLUMN)),
    ...subject(record, paint),
    record.call ? statusText(record.call, paint) : resultText(record, paint),
  ];
  return cells.filter((cell) => cell !== '').join(' ');
}

/** What the record is about: names from the outermost to the innermost message, or the value of one without bytes. */
function subject(record: DecodedRecord, paint: Paint): string[] {
  const { source } = record;
  const pair = (key: string, value: string): string => `${paint.quiet(key)} ${paint.value(value)}`;
  const name = nameText(record, paint);
  switch (record.kind) {
    case 'rdmsr':
    case 'wrmsr':
      return [name, paint.value(terminalWord(source.value))];
    case 'marker':
      return [terminalWord(source.text)];
    case 'synic_event':
      return [name, pair('flag', terminalWord(source.bit)), terminalWord(record.facts?.class)];
    case 'msi':
      return [pair('vector', hexText(Number(source.vector ?? 0))), name];
    case 'intid':
      return [pair('intid', terminalWord(source.intid)), name];
    case 'device_msi':
      return [pair('address', terminalWord(source.address)), pair('data', terminalWord(source.data))];
    case 'ring':
      return [pair('relid', terminalWord(source.relid ?? '?')), name];
    case 'ring_control':
      return [
        pair('relid', terminalWord(source.relid ?? '?')),
        name,
        paint.quiet([source.moment, source.direction].filter(Boolean).map(terminalWord).join(', ')),
      ];
    case 'page':
      return [terminalWord(source.label), name];
    case 'bytes':
    case 'veventq':
    case 'faultq':
      return [typeof source.at === 'number' ? paint.offset(`@${hexText(source.at)}`) : '', name];
    default:
      return [name];
  }
}

function nameText(record: DecodedRecord, paint: Paint): string {
  if (!record.unknown) {
    const names = namesOf(record).join(' › ');
    return names === '' ? '' : paint.title(names);
  }
  const known = namesOf(record).join(' › ');
  return paint.bad(
    known !== '' ? `${known} › ?` : record.call ? `unknown call ${hexText(record.call.code)}` : 'unknown',
  );
}

/** Constants of the record and of the messages inside it. */
function namesOf(record: DecodedRecord): string[] {
  const names = record.name ? [terminalText(record.name)] : [];
  for (const part of record.parts)
    for (let { inner } = part; inner !== undefined; inner = inner.inner) {
      const { name } = inner;
      if (name !== undefined && !names.includes(name)) names.push(name);
    }
  return names;
}

/** The fields of a register's value that say something. */
export function registerFacts(record: DecodedRecord): Fact[] {
  const fields = record.facts?.fields;
  if (typeof fields !== 'object' || fields === null) return [];
  return flatFacts(fields as Record<string, unknown>, false)
    .filter(({ key, value }) => !/reserved|rsvd|padding|as_uint/i.test(key) && value !== '0' && value !== '0x0')
    .map(({ key, value }) => ({
      key: key.slice(key.lastIndexOf('.') + 1),
      value: /^\d{2,}$/.test(value) ? hexText(Number(value)) : value,
    }));
}

function statusText(call: CallWords, paint: Paint): string {
  if (call.result === undefined) return '';
  const status = call.status ?? 0;
  const reps = call.reps > 0 ? `, ${call.repsDone ?? 0} of ${call.reps} reps` : '';
  return `${paint.quiet('→')} ${(status === 0 ? paint.good : paint.bad)(statusWord(status))}${paint.quiet(reps)}`;
}

/** Kinds whose `result` and `errno` are those of a system call. */
export const SYSTEM_CALLS: ReadonlySet<string> = new Set(['ioctl', 'fd_read', 'fd_write']);

function resultText({ kind, source }: DecodedRecord, paint: Paint): string {
  if (!SYSTEM_CALLS.has(kind)) return '';
  const { errno, result } = source;
  if (errno === undefined && result === undefined) return '';
  const isRefused = errno !== undefined || Number(result) < 0;
  return `${paint.quiet('→')} ${(isRefused ? paint.bad : paint.good)(terminalWord(errno ?? result))}`;
}

/** Linux's constant; else OpenVMM's, which names more. */
function statusWord(status: number): string {
  const other = enumMeta(HvError).names.get(status);
  return statusName(status) ?? `status ${hexText(status)}${other ? ` (${other})` : ''}`;
}

/** `← request #56`, `→ reply #58`. */
export function linkText(record: DecodedRecord, paint: Paint): string {
  const { request, reply } = record.links ?? {};
  const texts = [request === undefined ? '' : `← request #${request}`, reply === undefined ? '' : `→ reply #${reply}`];
  return texts.filter(Boolean).map(paint.link).join(' ');
}
