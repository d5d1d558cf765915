import { type InputOptions, readRecords } from '../../capture/input.node.js';
import { type JsonRecord, presentRecord } from '../../capture/present.js';
import type { DecodedRecord } from '../../capture/record.js';
import { Summary } from '../../capture/summary.js';
import { Tally } from '../../capture/tally.js';
import type { Direction } from '../../layout/messages.js';
import type { Arch } from '../../layout/types.js';
import { checkAbi, checkFormat, checkProto } from '../choices.js';
import { CommandError, complain, EXIT, inputFault } from '../exit.js';
import { filterOf } from '../filter.js';
import { guidName } from '../guid-name.js';
import { isRegular, sizeOf, sourceOf } from '../input-source.js';
import { summarisePages } from '../page-summary.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { Progress } from '../progress.js';
import { SummaryView } from '../summary-view.js';
import { terminalJson, terminalText } from '../terminal-text.js';
import { plural } from '../tree/numbers.js';
import { recordLines } from '../tree/record-text.js';
import { Writer } from '../writer.js';

export interface DecodeOptions {
  readonly format?: string;
  readonly as?: string;
  readonly control?: bigint;
  readonly arch?: Arch;
  readonly proto?: number;
  readonly direction?: Direction;
  readonly abi?: string;
  readonly offset?: number;
  readonly length?: number;
  readonly stride?: number;
  readonly jsonl?: boolean;
  readonly json?: boolean;
  readonly summary?: boolean;
  readonly brief?: boolean;
  readonly check?: boolean;
  readonly strict?: boolean;
  readonly filter: readonly string[];
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: ColourChoice;
}

/** What happens to the records, one after the other. */
interface Sink {
  take(record: DecodedRecord, json: () => JsonRecord): void;
  end(): void;
}

/** `hvabi decode`. Returns the exit code. */
export function runDecode(file: string | undefined, options: DecodeOptions): number {
  checkFormat(options.format);
  checkAbi(options.abi);
  checkProto(options.proto);
  const { source, name } = sourceOf(file);
  const writer = new Writer({ eager: process.stdout.isTTY === true || !isRegular(source) });
  const tally = options.check || options.strict ? new Tally() : undefined;
  const summary = new Summary();
  const sink = sinkOf(options, writer, summary);
  // Nothing but totals is asked for.
  const counts = options.summary === true && tally === undefined && options.filter.length === 0;
  const keep = options.filter.length > 0 ? filterOf(options.filter) : undefined;
  const progress = new Progress(sizeOf(source));
  let exit: number = EXIT.fine;
  let last: number | undefined;
  try {
    const input: InputOptions = {
      ...inputOptions(options),
      links: sink.links,
      onFormat: (format) => checkNames(format, options),
      onProgress: (bytes) => progress.update(bytes),
    };
    const records =
      counts && typeof source === 'string' && summarisePages(source, input, summary) ? [] : readRecords(source, input);
    for (const record of records) {
      last = record.n;
      if (counts) {
        summary.add(record);
        continue;
      }
      let made: JsonRecord | undefined;
      const json = (): JsonRecord => (made ??= presentRecord(record));
      if (keep !== undefined && !keep(json())) continue;
      tally?.add(record);
      sink.take(record, json);
    }
  } catch (error) {
    progress.end();
    exit = inputFault(error, name, last);
  }
  progress.end();
  sink.end();
  if (tally !== undefined) {
    if (options.check) writer.line(tally.line());
    if (exit === EXIT.fine && options.check && !tally.ok) exit = EXIT.differs;
    if (exit === EXIT.fine && options.strict && tally.issues > 0) {
      exit = EXIT.differs;
      complain([`hvabi: ${terminalText(name)}: ${plural(tally.issues, 'issue')}, and --strict allows none`]);
    }
  }
  writer.flush();
  return exit;
}

/** Plain bytes do not say what they are; the records of the other formats do, each for itself. */
function checkNames(format: string, { as, control }: DecodeOptions): void {
  if (format !== 'trace' && format !== 'pages') return;
  const option = as !== undefined ? '--as' : control !== undefined ? '--control' : undefined;
  if (option === undefined) return;
  throw new CommandError(
    `${option} is for plain bytes, and this is ${format === 'trace' ? 'a trace' : 'a list of pages'}`,
    'leave it out, or read the bytes themselves with --format raw',
  );
}

function inputOptions(options: DecodeOptions): InputOptions {
  const { format, as, control, arch, proto, direction, abi, offset, length, stride } = options;
  const given = { format, as, control, arch, proto, direction, abi, offset, length, stride };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function sinkOf(options: DecodeOptions, writer: Writer, summary: Summary): Sink & { links: boolean } {
  if (options.summary) return { ...summarySink(options, writer, summary), links: false };
  if (options.quiet)
    return {
      take: () => undefined,
      end: () => undefined,
      links: options.filter.some((rule) => rule.startsWith('links')),
    };
  if (options.jsonl)
    return { take: (_record, json) => writer.line(terminalJson(json())), end: () => undefined, links: true };
  if (options.json) return { ...arraySink(writer), links: true };
  return { ...treeSink(options, writer), links: true };
}

function arraySink(writer: Writer): Sink {
  let first = true;
  return {
    take: (_record, json) => {
      writer.write(`${first ? '[\n' : ',\n'}${terminalJson(json())}`);
      first = false;
    },
    end: () => writer.line(first ? '[]' : '\n]'),
  };
}

function treeSink(options: DecodeOptions, writer: Writer): Sink {
  const settings = {
    paint: paintFor(options.color),
    all: options.verbose ?? false,
    brief: options.brief ?? false,
    guidName,
  };
  return {
    take: (record) => {
      for (const line of recordLines(record, settings)) writer.line(line);
    },
    end: () => undefined,
  };
}

function summarySink(options: DecodeOptions, writer: Writer, summary: Summary): Sink {
  const view = new SummaryView(summary);
  return {
    take: (record) => view.add(record),
    end: () => {
      if (options.quiet) return;
      if (options.json || options.jsonl) writer.line(terminalJson(view.toJson(), options.json ? 2 : undefined));
      else for (const line of view.lines(paintFor(options.color))) writer.line(line);
    },
  };
}
