import { readRecords } from '../../capture/input.node.js';
import { presentRecord } from '../../capture/present.js';
import type { Arch } from '../../layout/types.js';
import { CommandError, EXIT, inputFault } from '../exit.js';
import { filterOf } from '../filter.js';
import { isRegular, sizeOf, sourceOf } from '../input-source.js';
import { type ColourChoice, paintFor } from '../paint.js';
import { Progress } from '../progress.js';
import { Timeline } from '../timeline/timeline.js';
import { Writer } from '../writer.js';

export interface TimelineCommandOptions {
  readonly arch?: Arch;
  readonly filter: readonly string[];
  readonly verbose?: boolean;
  readonly color: ColourChoice;
}

/** `hvabi timeline`: a finished capture as the runs that made it show it. Returns the exit code. */
export function runTimeline(file: string | undefined, options: TimelineCommandOptions): number {
  const { source, name } = sourceOf(file);
  const paint = paintFor(options.color);
  const writer = new Writer({ eager: process.stdout.isTTY === true || !isRegular(source) });
  const timeline = new Timeline({
    arch: options.arch ?? 'x64',
    paint,
    show: options.verbose ? 'all' : 'story',
    write: (line) => writer.line(line),
  });
  const keep = options.filter.length > 0 ? filterOf(options.filter) : undefined;
  const progress = new Progress(sizeOf(source));
  let exit: number = EXIT.fine;
  let last: number | undefined;
  try {
    const records = readRecords(source, {
      ...(options.arch === undefined ? {} : { arch: options.arch }),
      // Answers are told by themselves; only a filter may ask for what belongs together.
      links: options.filter.some((rule) => rule.startsWith('links')),
      onFormat: checkTrace,
      onProgress: (bytes) => progress.update(bytes),
    });
    for (const record of records) {
      last = record.n;
      if (keep === undefined || keep(presentRecord(record))) timeline.record(record);
    }
  } catch (error) {
    progress.end();
    exit = inputFault(error, name, last);
  }
  progress.end();
  timeline.flush();
  writer.flush();
  return exit;
}

/** Only a trace has an order of events. */
function checkTrace(format: string): void {
  if (format === 'trace') return;
  throw new CommandError('is no trace, and only a trace has a timeline', 'hvabi decode reads pages and plain bytes');
}
