import { AbiError } from '../../bytes/errors.js';
import { Decoder } from '../../capture/decoder.js';
import { statusName } from '../../capture/present.js';
import type { DecodedRecord, Part } from '../../capture/record.js';
import { jsonValue } from '../../capture/recorder.js';
import { Summary } from '../../capture/summary.js';
import { plainValue } from '../../capture/value.js';
import type { Arch } from '../../layout/types.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import type { Paint } from '../paint.js';
import { terminalText, terminalWord } from '../terminal-text.js';
import { isIdentifier } from '../tree/fact-text.js';
import { hexText } from '../tree/numbers.js';
import { registerFacts } from '../tree/record-head.js';
import { detailsOf } from './details.js';
import { FoldedCounts, foldedAs, Repeats } from './folded.js';
import { domainStateWords } from './iommu-details.js';
import { iommufdWords } from './iommufd-details.js';
import { marginLines, type TimelineLine, timelineLines } from './lines.js';

export interface TimelineOptions {
  readonly arch: Arch;
  readonly paint: Paint;
  readonly write: (line: string) => void;
  /** `all` folds nothing, `none` shows nothing and only counts. */
  readonly show?: 'story' | 'all' | 'none';
}

/** Events as a story that people read: a line for what is said, counts for what is repeated. */
export class Timeline implements TraceSink {
  readonly summary = new Summary();
  private readonly options: TimelineOptions;
  private readonly decoder: Decoder;
  private readonly folded = new FoldedCounts();
  private readonly repeats = new Repeats();

  constructor(options: TimelineOptions) {
    this.options = options;
    this.decoder = new Decoder({ arch: options.arch });
  }

  /** Takes numbered and timed events (`n`, `t_us`). */
  event(event: Readonly<Record<string, unknown>> & { readonly k: string }): void {
    // The decoder reads what JSON can say.
    const record = this.decode(event);
    if (record !== undefined) this.record(record);
  }

  /** Takes an event that has been decoded. */
  record(record: DecodedRecord): void {
    this.summary.add(record);
    const { show = 'story' } = this.options;
    if (show === 'none') return;
    const folded = show === 'all' ? undefined : (foldedAs(record) ?? this.repeats.foldedAs(record));
    if (folded !== undefined) this.folded.add(folded, record);
    else this.line(record);
  }

  /** A line of the host's own, between the events. */
  note(text: string): void {
    this.flush();
    this.margin(terminalText(text), this.options.paint.title);
  }

  /** Shows what has been folded so far. */
  flush(): void {
    if (this.folded.empty) return;
    this.margin(terminalText(`… ${this.folded.take()}`), this.options.paint.quiet);
  }

  private margin(text: string, brush: (text: string) => string): void {
    const { paint, write } = this.options;
    for (const line of marginLines(text, brush, paint)) write(line);
  }

  /** Undefined for an event that is none: its writer's fault, which must not take the guest down. */
  private decode(event: Readonly<Record<string, unknown>>): DecodedRecord | undefined {
    try {
      return this.decoder.push(JSON.parse(JSON.stringify(event, jsonValue)) as Record<string, unknown>);
    } catch (error) {
      if (!(error instanceof AbiError)) throw error;
      this.note(`an event of kind ${String(event.k)} cannot be read: ${error.message}`);
      return undefined;
    }
  }

  private line(record: DecodedRecord): void {
    this.flush();
    const { paint, write } = this.options;
    const { source } = record;
    const where = typeof source.relid === 'number' ? [`channel ${source.relid}`] : [];
    const line: TimelineLine = {
      time: `${(Number(source.t_us ?? 0) / 1e6).toFixed(6)}s`,
      vp: typeof source.vp === 'number' ? `vp${source.vp}` : '',
      arrow: arrow(record),
      name: terminalText(titleOf(record)),
      words: [...where, ...wordsOf(record), failure(record, paint)],
    };
    for (const text of timelineLines(line, paint)) write(text);
  }
}

/** Which way it went: to the host, to the guest, or neither. */
function arrow(record: DecodedRecord): string {
  if (record.call !== undefined || record.kind === 'wrmsr') return ' →';
  if (record.kind === 'rdmsr') return ' ←';
  return record.direction === undefined ? '  ' : record.direction === 'host->guest' ? ' ←' : ' →';
}

function innermost(record: DecodedRecord): Part | undefined {
  let part = record.parts.find((one) => one.inner !== undefined) ?? record.parts[0];
  while (part?.inner !== undefined) part = part.inner;
  return part;
}

function titleOf(record: DecodedRecord): string {
  // Of a read it is what was read, whatever stands in it.
  if (record.kind === 'fd_read' || record.kind === 'fd_write') return record.name ?? record.kind;
  const part = innermost(record);
  const name = part?.name ?? record.name;
  if (record.call !== undefined && name === undefined) return `call ${hexText(record.call.code)}`;
  return `${name ?? record.kind}${part?.reply ? ' (reply)' : ''}`;
}

function wordsOf(record: DecodedRecord): string[] {
  const { source } = record;
  if (record.kind === 'wrmsr' || record.kind === 'rdmsr')
    return [terminalWord(source.value), ...registerFacts(record).map(({ key, value }) => `${key} ${value}`)];
  if (record.kind === 'marker') return [terminalWord(source.text)];
  if (record.kind === 'setup')
    return ['scenario', 'cpus', 'ram']
      .filter((key) => source[key] !== undefined)
      .map((key) => `${key} ${terminalWord(source[key])}`);
  if (record.kind === 'device_domains') return domainStateWords(source);
  const told = iommufdWords(record);
  if (told !== undefined) return told;
  const part = innermost(record);
  if (part === undefined) return record.call === undefined ? plainWords(source) : [];
  const others = record.call === undefined ? [] : record.parts.slice(1);
  try {
    const reps = record.call?.reps ?? 0;
    return [part, ...others].flatMap((one) => detailsOf(one.struct, plainValue(one), reps));
  } catch (error) {
    if (error instanceof AbiError) return [];
    throw error;
  }
}

const NO_WORDS: ReadonlySet<string> = new Set(['n', 'k', 't_us', 'vp', 'relid']);
const LONGEST_WORD = 60;

function plainWords(source: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(source)
    .filter(([key, value]) => !NO_WORDS.has(key) && typeof value !== 'object')
    .map(([key, value]) => `${terminalText(key)} ${plainWord(key, value)}`);
}

const plainWord = (key: string, value: unknown): string =>
  isIdentifier(key, value) ? hexText(value) : terminalText(String(value).slice(0, LONGEST_WORD));

/** The error of a system call; the status of a hypercall that failed, and how far one of many reps came. */
function failure(record: DecodedRecord, paint: Paint): string {
  const { status = 0, reps = 0, repsDone } = record.call ?? {};
  const words: string[] = [];
  if (typeof record.source.errno === 'string') words.push(terminalText(record.source.errno));
  if (reps > 0 && repsDone !== undefined && repsDone < reps) words.push(`${repsDone} of ${reps} done`);
  if (status !== 0) words.push(statusName(status) ?? `status ${hexText(status)}`);
  return words.length === 0 ? '' : paint.bad(words.join('  '));
}
