import { evt_id } from '../../abi/iommufd/smmuv3-event.js';
import { isGuidText } from '../../bytes/guid.js';
import { hex64 } from '../../bytes/hex.js';
import { findName } from '../../capture/names.js';
import { type Reading, type ReadingField, readings } from '../../capture/readings.js';
import { toJson } from '../../layout/json.js';
import type { Arch } from '../../layout/types.js';
import { type ColourChoice, type Paint, paintFor } from '../paint.js';
import { terminalText } from '../terminal-text.js';
import { hexText, integerText } from '../tree/numbers.js';
import { Writer } from '../writer.js';

export interface ExplainOptions {
  readonly as?: string;
  readonly arch?: Arch;
  readonly json?: boolean;
  readonly color: ColourChoice;
}

/** `hvabi explain`. */
export function runExplain(values: readonly string[], options: ExplainOptions): number {
  const writer = new Writer();
  const paint = paintFor(options.color);
  const all = values.map((value) => {
    const number = valueOfName(value);
    const found = readings(number ?? value, {
      ...(options.as ? { as: options.as } : {}),
      ...(options.arch ? { arch: options.arch } : {}),
    });
    // A name has said what it is: only its own number's readings that agree.
    return {
      value,
      readings: number === undefined ? found : found.filter((reading) => reading.title.includes(nameOf(value))),
    };
  });
  if (options.json) writer.line(JSON.stringify(toJson(all), undefined, 2));
  else
    all.forEach((one, i) => {
      if (i > 0) writer.line();
      for (const line of valueLines(one.value, one.readings, paint)) writer.line(line);
    });
  writer.flush();
  return 0;
}

const nameOf = (text: string): string => findName(text)?.name ?? text;

/** The number of a hypercall, message, ioctl or event of the SMMUv3 given by name. */
function valueOfName(text: string): string | undefined {
  if (!/^[A-Za-z_]/.test(text) || isGuidText(text)) return undefined;
  const found = findName(text);
  if (found === undefined)
    return Object.entries(evt_id)
      .find(([name]) => name === text)?.[1]
      .toString();
  if (found.kind === 'ioctl') return String(found.request.request);
  if (found.kind === 'hypercall') return String(found.call.code);
  return found.kind === 'message' ? String(found.message.code) : undefined;
}

function valueLines(text: string, found: readonly Reading[], paint: Paint): string[] {
  const head =
    paint.title(terminalText(text)) +
    (/^(0x[0-9a-f]+|\d+)$/i.test(text) ? paint.quiet(`  ${hex64(BigInt(text))}  ${BigInt(text)}`) : '');
  if (found.length === 0) return [head, `  ${paint.quiet('nothing speaks for any reading; --as KIND forces one')}`];
  return [head, ...found.flatMap((reading, i) => readingLines(reading, i === 0 || found.length === 1, paint))];
}

function readingLines(reading: Reading, best: boolean, paint: Paint): string[] {
  const title = `  ${best ? paint.good('●') : paint.quiet('○')} ${best ? paint.title(reading.title) : reading.title}  ${paint.quiet(`--as ${reading.kind}`)}`;
  const shown = reading.fields.filter((field) => best || !isZero(field));
  const nameWidth = Math.max(0, ...shown.map((field) => field.name.length));
  const bitsWidth = Math.max(0, ...shown.map((field) => bitsText(field).length));
  return [
    title,
    ...shown.map((field) => {
      const quiet = isZero(field);
      const value =
        typeof field.value === 'string'
          ? field.value
          : field.symbol !== undefined && field.value > 9
            ? hexText(field.value)
            : integerText(field.value);
      const brush = quiet ? paint.quiet : field.reserved ? paint.warn : paint.value;
      const symbol = field.symbol === undefined ? '' : `  ${(quiet ? paint.quiet : paint.symbol)(field.symbol)}`;
      return `      ${paint.quiet(bitsText(field).padStart(bitsWidth))}${bitsWidth ? '  ' : ''}${(quiet ? paint.quiet : paint.field)(field.name.padEnd(nameWidth))}  ${brush(value)}${symbol}`;
    }),
    ...reading.notes.map((note) => `      ${paint.quiet('·')} ${note}`),
  ];
}

const isZero = (field: ReadingField): boolean => field.value === 0 || field.value === 0n;

function bitsText({ bits }: ReadingField): string {
  if (bits === undefined) return '';
  const [first, count] = bits;
  return count === 1 ? `${first}` : `${first + count - 1}:${first}`;
}
