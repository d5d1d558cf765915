import picocolors from 'picocolors';

export type ColourChoice = 'auto' | 'always' | 'never';

export const COLOUR_CHOICES: readonly ColourChoice[] = ['auto', 'always', 'never'];

type Brush = (text: string) => string;

/** Colours by what they mean; each the identity where there are none. */
export interface Paint {
  readonly enabled: boolean;
  /** Columns of the terminal that it is for; lines are not broken where there is none. */
  readonly columns?: number | undefined;
  readonly offset: Brush;
  readonly zero: Brush;
  readonly byte: Brush;
  readonly quiet: Brush;
  readonly title: Brush;
  readonly kind: Brush;
  readonly type: Brush;
  readonly field: Brush;
  readonly value: Brush;
  readonly symbol: Brush;
  readonly link: Brush;
  readonly good: Brush;
  readonly warn: Brush;
  readonly bad: Brush;
}

/** The palette: from --color, else NO_COLOR, FORCE_COLOR, and whether `stream` is a terminal. */
export function paintFor(
  choice: ColourChoice = 'auto',
  stream: { isTTY?: boolean; columns?: number } = process.stdout,
): Paint {
  return makePaint(choice === 'auto' ? wantsColour(stream) : choice === 'always', stream.columns);
}

function wantsColour(stream: { isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

export function makePaint(enabled: boolean, columns?: number): Paint {
  const c = picocolors.createColors(enabled);
  return {
    enabled,
    columns,
    offset: c.gray,
    zero: c.gray,
    byte: c.cyan,
    quiet: c.gray,
    title: (text) => c.bold(text),
    kind: c.gray,
    type: c.blueBright,
    field: (text) => text,
    value: c.green,
    symbol: c.yellow,
    link: c.magenta,
    good: c.green,
    warn: (text) => c.bold(c.yellow(text)),
    bad: (text) => c.bold(c.red(text)),
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours themselves are what is not counted
const COLOURS = /\x1b\[[0-9;]*m/g;

/** A line without its colours. */
export const plainLine = (text: string): string => text.replace(COLOURS, '');

/** Columns that a line takes up. */
export const visibleWidth = (text: string): number => plainLine(text).length;
