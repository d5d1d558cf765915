import { type DumpLine, isBlank, isRepeatMark, type LineKind, type LineReader } from './dump-line.js';
import { PIPE, pairAt, quoteToken, SPACE, skipBlanks } from './hex-digits.js';
import type { Found, Sample } from './sample.js';

// "00000000  5c 00 01 00 03 00 01 00  00 00  |........|" of `hexdump -C`, the characters optional: people cut them off.
const ROW = /^[0-9a-fA-F]{8,16} {2}((?:[0-9a-fA-F]{2} {1,2}){0,63}[0-9a-fA-F]{2}) *(?:$|\|(.*)$)/;

/** `hexdump -C`: bytes one by one up to the bar; the last line is the length. */
export class HexdumpReader implements LineReader {
  readonly dialect = 'hexdump';
  readonly doubts: readonly string[] = [];
  readonly wordBytes = 1;
  readonly fixedLayout = true;
  readonly acrossText = 'ends';

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    const head = line.readAddress(text, start, end, 16);
    if (head < start + 8) return otherKind(text, start, end);
    let p = skipBlanks(text, head, end);
    if (p === end) return 'end';
    if (p < head + 2 || text.charCodeAt(p) === PIPE) return 'text';
    const bytes = line.bytes;
    let n = 0;
    while (p < end) {
      const c = text.charCodeAt(p);
      if (c === PIPE) break;
      const b = pairAt(text, p, end);
      const after = p + 2 < end ? text.charCodeAt(p + 2) : SPACE;
      if (b < 0 || after !== SPACE) throw line.error(p, `expected two hex digits, found ${quoteToken(text, p, end)}`);
      bytes[n++] = b;
      p = skipBlanks(text, p + 2, end);
    }
    line.length = n;
    return 'bytes';
  }
}

function otherKind(text: string, start: number, end: number): LineKind {
  if (isRepeatMark(text, start, end)) return 'repeat';
  return isBlank(text, start, end) ? 'blank' : 'text';
}

/** Recognises the rows of `hexdump -C` by the bars around their characters, or by the wide gap in the middle. */
export function recogniseHexdump(sample: Sample): Found | undefined {
  for (const [first, line] of sample.lines.entries()) {
    const row = ROW.exec(line);
    if (row === null) continue;
    const count = row[1]!.split(/ +/).length;
    const chars = row[2];
    // The characters may have lost trailing spaces, and with them the closing bar.
    const barred = chars !== undefined && (chars.length === count + 1 ? chars.endsWith('|') : chars.length <= count);
    if (barred || (chars === undefined && count > 8 && / {2}/.test(row[1]!))) {
      return { first, reader: new HexdumpReader(), weak: false };
    }
  }
  return undefined;
}
