import { nibble, QUESTION } from './hex-digits.js';

/** Fewer characters do not make a shape. */
const LEAST = 12;

function shapeOf(code: number): number {
  return nibble(code) >= 0 || code === QUESTION ? 0 : code;
}

/** Where the words of a line end: at the wide gap before its characters, not counting one right behind the address. */
function wordsEnd(line: string): number {
  let from = LEAST;
  if (line.indexOf(' ') >= LEAST) from = line.search(/ [^ ]/) + 1;
  const gap = line.indexOf('  ', from);
  return gap < 0 ? line.length : gap;
}

/**
 * Where `line` first differs from `row`, a good row, if its address and words are like that row's but for one or two
 * characters: a damaged row rather than text. Digits are all alike. -1 for any other line.
 */
export function damageIn(line: string, row: string): number {
  const count = Math.min(wordsEnd(line), wordsEnd(row));
  if (count < LEAST) return -1;
  const most = count < 2 * LEAST ? 1 : 2;
  let differences = 0;
  let first = -1;
  for (let i = 0; i < count; i++) {
    if (shapeOf(line.charCodeAt(i)) === shapeOf(row.charCodeAt(i))) continue;
    if (first < 0) first = i;
    if (++differences > most) return -1;
  }
  return first;
}
