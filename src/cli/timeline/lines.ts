import { type Paint, visibleWidth } from '../paint.js';

/** What one line of a timeline says. */
export interface TimelineLine {
  /** Seconds, 11 columns. */
  readonly time: string;
  readonly vp: string;
  /** Which way it went. */
  readonly arrow: string;
  readonly name: string;
  readonly words: readonly string[];
}

const TIME_COLUMN = 11;
const VP_COLUMN = 5;
/** Everything in front of the name. */
const LEFT = TIME_COLUMN + VP_COLUMN + 4;
/** Of what goes on below. */
const INDENT = LEFT + 1;
const NAME_COLUMN = 40;
/** Names that stay in their column on a narrow terminal, and the room that their words should have. */
const NARROW_NAME = 28;
const WORDS = 55;

/** A line, or as many as the terminal needs; lines of one event keep the column in front of the name free. */
export function timelineLines({ time, vp, arrow, name, words }: TimelineLine, paint: Paint): string[] {
  const left = `${paint.quiet(time.padStart(TIME_COLUMN))} ${paint.quiet(vp.padEnd(VP_COLUMN))}${arrow}`;
  const head = `${left} ${paint.title(name.padEnd(nameColumn(paint)))}`;
  return broken(
    head,
    words.filter((word) => word !== ''),
    paint,
    '  ',
  );
}

/** A line between those of the events: the host's own words, or what was folded. */
export function marginLines(text: string, brush: (text: string) => string, paint: Paint): string[] {
  const indent = ' '.repeat(LEFT - 1);
  const [first = '', ...words] = text.split(' ');
  return broken(indent + first, words, paint, ' ').map((line) => indent + brush(line.slice(indent.length)));
}

function nameColumn({ columns }: Paint): number {
  return columns === undefined ? NAME_COLUMN : Math.min(Math.max(columns - LEFT - WORDS, NARROW_NAME), NAME_COLUMN);
}

/** Words behind a head, `gap` between them; those that the line has no room for go below, further in. */
function broken(
  head: string,
  words: readonly string[],
  { columns = Number.POSITIVE_INFINITY }: Paint,
  gap: string,
): string[] {
  const lines: string[] = [];
  let line = head;
  // The head's padding is its gap.
  let isFirst = gap.length > 1;
  for (const { text, before } of words.flatMap((word) => piecesOf(word, gap, columns - INDENT))) {
    const between = isFirst ? ' ' : before;
    const isFull = visibleWidth(line) + between.length + visibleWidth(text) > columns;
    if (isFull && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = ' '.repeat(INDENT) + text;
    } else line += between + text;
    isFirst = false;
  }
  return [...lines, line.trimEnd()];
}

/** Sentences that no line holds are broken between their own words. */
function piecesOf(word: string, gap: string, room: number): { text: string; before: string }[] {
  if (visibleWidth(word) <= room) return [{ text: word, before: gap }];
  return word.split(' ').map((text, i) => ({ text, before: i === 0 ? gap : ' ' }));
}
