import { type DumpLine, isBlank, type LineKind, type LineReader } from './dump-line.js';
import { BACKTICK, DASH, HASH, nibble, QUESTION, quoteToken, SPACE, skipBlanks } from './hex-digits.js';
import type { Found, Sample } from './sample.js';

// "fffff803`12345678  5c 00 01 00 03 00 01 00-00 00 ..." of db, dw, dd, dq, dp, dc, dps; "#  1a6000 5c 00 ..." of the
// physical forms !db, !dd, !dq, whose address is padded to eight columns and whose characters follow one space.
const VIRTUAL = /^(?:[0-9a-fA-F]{8}`[0-9a-fA-F]{8}|[0-9a-fA-F]{8}) {2}(?! )/;
const PHYSICAL = /^# {0,8}[0-9a-fA-F`]{1,17} +(?! )/;
const WORD =
  /^(?:[0-9a-fA-F]{8}`[0-9a-fA-F]{8}|\?{8}`\?{8}|[0-9a-fA-F]{8}|\?{8}|[0-9a-fA-F]{4}|\?{4}|[0-9a-fA-F]{2}|\?\?)(?=[ -]|$)/;
const PAIR_ROW = /^(?:[0-9a-fA-F]{2}|\?\?)(?:[ -](?:[0-9a-fA-F]{2}|\?\?))*(?:-| {3}| *$)/;

/** Characters of a word of 8, 4, 2, 1 bytes, and how many a line has at most where one space precedes the characters. */
const WIDTHS: Record<number, { bytes: number; perLine: number }> = {
  2: { bytes: 1, perLine: 16 },
  4: { bytes: 2, perLine: 8 },
  8: { bytes: 4, perLine: 4 },
  17: { bytes: 8, perLine: 2 },
};

/** End of the word at `pos`: hex digits or question marks, two halves joined by a backtick. */
function wordEnd(text: string, pos: number, end: number): number {
  let p = pos;
  while (p < end) {
    const c = text.charCodeAt(p);
    if (nibble(c) < 0 && c !== QUESTION && !(c === BACKTICK && p === pos + 8)) break;
    p++;
  }
  return p;
}

/** WinDbg's display commands; every line tells its own width, so a session may mix them. */
export class WindbgReader implements LineReader {
  readonly dialect = 'windbg';
  readonly doubts: readonly string[] = [];
  readonly wordBytes = 1;
  readonly fixedLayout = false;
  readonly acrossText = 'may-go-on';

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    if (isBlank(text, start, end)) return 'blank';
    const physical = text.charCodeAt(start) === HASH;
    const addressAt = physical ? skipBlanks(text, start + 1, end) : start;
    const head = this.#readAddress(text, addressAt, end, line);
    if (head < 0 || (!physical && head - addressAt < 8)) return 'text';
    const at = skipBlanks(text, head, end);
    if (at >= end || at === head || (!physical && at !== head + 2)) return 'text';
    const width = wordEnd(text, at, end) - at;
    const shape = WIDTHS[width];
    if (shape === undefined || !this.#readWord(text, at, width, line)) return 'text';
    const most = physical ? physicalWords(end - at, width, shape.perLine) : Number.POSITIVE_INFINITY;
    const stop = this.#readWords(text, at + width, end, width, most, line);
    // db pads a short row up to its characters: two spaces behind eight bytes are the middle of `hexdump -C`.
    const cut = width === 2 && !physical && line.length < 16 && stop + 2 < end && text.charCodeAt(stop + 2) !== SPACE;
    return cut ? 'text' : 'bytes';
  }

  #readWords(text: string, from: number, end: number, width: number, most: number, line: DumpLine): number {
    let p = from;
    for (let n = 1; n < most && p + 1 < end; n++) {
      const separator = text.charCodeAt(p);
      const next = text.charCodeAt(p + 1);
      if (next === SPACE) return p;
      if (separator !== SPACE && !(separator === DASH && width === 2)) break;
      if (wordEnd(text, p + 1, end) !== p + 1 + width || !this.#readWord(text, p + 1, width, line)) {
        // dps and dds name the symbol behind the only word of a line.
        if (n === 1 && width >= 8 && nibble(next) < 0) return p;
        if (n === 1 && width >= 8 && /^[\w.]+(?:!|\+0x)/.test(text.slice(p + 1, Math.min(end, p + 200)))) return p;
        throw line.error(
          p + 1,
          `expected ${width} hex digits or question marks, found ${quoteToken(text, p + 1, end)}`,
        );
      }
      p += 1 + width;
    }
    if (p < end && text.charCodeAt(p) !== SPACE) {
      throw line.error(p, `expected a space, found ${quoteToken(text, p, end)}`);
    }
    return p;
  }

  #readWord(text: string, p: number, width: number, line: DumpLine): boolean {
    if (text.charCodeAt(p) === QUESTION) {
      for (let i = 0; i < width; i++) {
        if (text.charCodeAt(p + i) !== (width === 17 && i === 8 ? BACKTICK : QUESTION)) return false;
      }
      line.addUnreadable(WIDTHS[width]!.bytes);
      return true;
    }
    if (width !== 17) return line.readWord(text, p, width, false);
    if (text.charCodeAt(p + 8) !== BACKTICK) return false;
    // The low half is the second one and comes first in memory.
    return line.readWord(text, p + 9, 8, false) && line.readWord(text, p, 8, false);
  }

  #readAddress(text: string, pos: number, end: number, line: DumpLine): number {
    const high = line.readAddress(text, pos, end, 16);
    if (high < 0 || high >= end || text.charCodeAt(high) !== BACKTICK) return high;
    const hi = line.lo;
    const overflow = line.hi !== 0;
    const low = line.readAddress(text, high + 1, end, 16);
    if (low !== high + 9 || overflow) return -1;
    line.hi = hi;
    return low;
  }
}

/**
 * Words on a physical line of `length` characters from its first word. !db and !dc print all 16 characters after one
 * space even when the line has fewer bytes, so the length of the line tells where they begin.
 */
function physicalWords(length: number, width: number, perLine: number): number {
  const words = (length - 16) / (width + 1);
  return Number.isInteger(words) && words >= 1 ? Math.min(words, perLine) : perLine;
}

/** Recognises WinDbg's display commands by backtick, middle dash, leading `#` or the two spaces behind the address. */
export function recogniseWindbg(sample: Sample): Found | undefined {
  for (const [first, line] of sample.lines.entries()) {
    const head = VIRTUAL.exec(line) ?? PHYSICAL.exec(line);
    if (head === null) continue;
    const rest = line.slice(head[0].length);
    const word = WORD.exec(rest);
    if (word === null) continue;
    const digits = word[0].length;
    const physical = head[0].startsWith('#');
    // A remark may start with # too: the address is padded to eight columns, or at least has a decimal digit.
    if (physical && head[0].trimEnd().length < 9 && !/[0-9a-fA-F]{4}/.test(head[0])) continue;
    if (physical && !/[0-9]/.test(head[0])) continue;
    // Without backtick, bytes have their dash in the middle or characters behind them.
    if (!physical && !head[0].includes('`') && digits === 2 && !PAIR_ROW.test(rest)) continue;
    return { first, reader: new WindbgReader(), weak: false };
  }
  return undefined;
}
