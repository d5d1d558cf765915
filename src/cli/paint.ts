import picocolors from 'picocolors';

export type ColourChoice = 'auto' | 'always' | 'never';

export const COLOUR_CHOICES: readonly ColourChoice[] = ['auto', 'always', 'never'];

type Brush = (text: string) => string;

/** Colours by what they mean; each the identity where there are none. */
export interface Paint {
  readonly enabled: boolean;
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
export function paintFor(choice: ColourChoice = 'auto', stream: { isTTY?: boolean } = process.stdout): Paint {
  return makePaint(choice === 'auto' ? wantsColour(stream) : choice === 'always');
}

function wantsColour(stream: { isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

export function makePaint(enabled: boolean): Paint {
  const c = picocolors.createColors(enabled);
  return {
    enabled,
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
