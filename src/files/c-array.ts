import { type DumpLine, isBlank, type LineKind, type LineReader } from './dump-line.js';
import { hasHexPrefix, hexRunEnd, quoteToken } from './hex-digits.js';
import type { Found, Sample } from './sample.js';

// "unsigned char page[] = { 0x5c, 0x00, ... };" of xxd -i, the same list without its frame, and gdb's
// "$1 = {0x5c, 0x0 <repeats 60 times>}" of p/x. In all of them 0x starts a value, not a string of bytes.
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMENT = /\/\*.*?\*\/|\/\/.*$/g;
const REPEATS = /^ ?<repeats (\d{1,9}) times>/;
const FRAME = /[\w\])] ?= ?\{$/;
const VALUE = /^0x([0-9a-fA-F]{1,16})(?: <repeats \d{1,9} times>)?(?=[\s,;})]|\.\.\.|$)/;
const MAX_REPEATS = 1 << 20;

function isSeparator(code: number): boolean {
  return code <= 0x20 || code === 0x2c || code === 0x3b || code === OPEN || code === CLOSE;
}

/** Digits of each value of a line that has nothing but values behind its first brace; undefined for any other line. */
function listedWidths(line: string, cut: boolean): number[] | undefined {
  const widths: number[] = [];
  let p = line.indexOf('{') + 1;
  while (p < line.length) {
    if (isSeparator(line.charCodeAt(p))) {
      p++;
      continue;
    }
    if (line.startsWith('...', p)) {
      p += 3;
      continue;
    }
    const value = VALUE.exec(line.slice(p, p + 64));
    if (value === null) return cut && line.length - p < 64 && widths.length > 0 ? widths : undefined;
    if (cut && p + value[0].length === line.length) break;
    widths.push(value[1]!.length);
    p += value[0].length;
  }
  return widths;
}

/** The values of a C array, bytes or little-endian words of one width; one image for each pair of braces. */
export class CArrayReader implements LineReader {
  readonly dialect = 'c-array';
  readonly fixedLayout = false;
  readonly acrossText = 'may-go-on';
  readonly wordBytes: number;
  readonly doubts: readonly string[];
  readonly #framed: boolean;
  #depth = 0;
  #fresh = true;

  /** `wordBytes` is 1, 2, 4 or 8; with `framed`, values count only between braces. */
  constructor(wordBytes: number, framed: boolean) {
    this.wordBytes = wordBytes;
    this.#framed = framed;
    this.doubts = wordBytes === 1 ? [] : [`values of ${wordBytes * 2} digits: read as little-endian words`];
  }

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    if (isBlank(text, start, end)) return 'blank';
    // A comment keeps its width, so that columns stay right.
    const own = text.slice(start, end).replace(COMMENT, (found) => ' '.repeat(found.length));
    let p = 0;
    if (this.#framed && this.#depth === 0) {
      p = own.indexOf('{');
      if (p < 0) return 'text';
    } else if (!this.#framed && !/^[\s,{]*0x/.test(own) && listedWidths(own, false) === undefined) {
      return 'text';
    }
    line.opens = this.#fresh;
    while (p < own.length) {
      const c = own.charCodeAt(p);
      if (c === OPEN) this.#depth++;
      if (c === CLOSE && this.#depth > 0 && --this.#depth === 0) {
        line.closes = true;
        break;
      }
      if (isSeparator(c)) {
        p++;
        continue;
      }
      p = this.#readValue(own, p, start, line);
    }
    if (line.length > 0) this.#fresh = false;
    if (line.closes) this.#fresh = true;
    return line.length > 0 || line.closes ? 'bytes' : 'blank';
  }

  #readValue(own: string, p: number, start: number, line: DumpLine): number {
    const stop = hexRunEnd(own, p + 2, own.length);
    const digits = stop - p - 2;
    if (!hasHexPrefix(own, p, own.length) || digits < 1) {
      throw line.error(start + p, `expected a value 0x.., found ${quoteToken(own, p, own.length)}`);
    }
    const wide = this.wordBytes * 2;
    if (digits > wide) {
      throw line.error(start + p, `expected at most ${wide} hex digits after 0x, found ${digits}`);
    }
    const value = own.slice(p + 2, stop).padStart(wide, '0');
    const repeats = REPEATS.exec(own.slice(stop, stop + 32));
    const times = repeats === null ? 1 : Number(repeats[1]);
    const next = stop + (repeats?.[0].length ?? 0);
    if (own.startsWith('...', next)) {
      throw line.error(start + next, 'the list is cut short with "..." (gdb: set print elements unlimited)');
    }
    if (times > MAX_REPEATS) throw line.error(start + stop, `expected at most ${MAX_REPEATS} repeats, found ${times}`);
    line.reserve(times * this.wordBytes);
    for (let i = 0; i < times; i++) line.readWord(value, 0, wide, false);
    return next;
  }
}

/** Recognises lists of two and more 0x values; of several digits when all have equally many. */
export function recogniseCArray(sample: Sample): Found | undefined {
  const widths = new Set<number>();
  let first = -1;
  let framed = false;
  let declared = false;
  let values = 0;
  for (const [index, raw] of sample.lines.entries()) {
    const line = raw.replace(COMMENT, ' ').trim();
    if (line === '') continue;
    const own = listedWidths(line, sample.cut && index === sample.lines.length - 1);
    const frame = FRAME.test(line);
    if (own === undefined && !frame) {
      if (values > 0) break;
      // A malformed value in a list that was opened: the reader says where.
      if (declared && /^[\s,{]*0x/.test(line)) continue;
      first = -1;
      framed = declared = false;
      continue;
    }
    if (first < 0 && (frame || own!.length > 0)) first = index;
    framed ||= line.includes('{');
    declared ||= frame;
    values += (own?.length ?? 0) + (line.includes('<repeats') ? 1 : 0);
    for (const width of own ?? []) widths.add(width);
  }
  if (first < 0 || values < (declared ? 1 : 2)) return undefined;
  const widest = Math.max(...widths);
  if (widest <= 2) return { first, reader: new CArrayReader(1, framed), weak: false };
  const uniform = widths.size === 1 && (widest === 4 || widest === 8 || widest === 16);
  return uniform ? { first, reader: new CArrayReader(widest >> 1, framed), weak: false } : undefined;
}
