import { type DumpLine, isBlank, type LineKind, type LineReader } from './dump-line.js';
import { hasHexPrefix, hexRunEnd, nibble, quoteToken } from './hex-digits.js';
import type { Found, Sample } from './sample.js';

// Bytes as hex digits and nothing else: xxd -p, od -A n -t x1, bpftrace's %rh, a string pasted from a log. Blanks, commas
// and semicolons separate, 0x may stand before a token, a token of many digits is so many bytes.
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

function isSeparator(code: number): boolean {
  return code <= 0x20 || code === COMMA || code === SEMICOLON;
}

function tokenEnd(text: string, pos: number, end: number): number {
  while (pos < end && !isSeparator(text.charCodeAt(pos))) pos++;
  return pos;
}

/** Hex digits in the order of the bytes. Blank lines and line ends mean nothing. */
export class PlainReader implements LineReader {
  readonly dialect = 'plain';
  readonly doubts: readonly string[] = [];
  readonly wordBytes = 1;
  readonly fixedLayout = false;
  readonly acrossText = 'may-go-on';

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    const bytes = line.bytes;
    let n = 0;
    let p = start;
    while (p < end) {
      if (isSeparator(text.charCodeAt(p))) {
        p++;
        continue;
      }
      const token = p;
      if (hasHexPrefix(text, p, end)) p += 2;
      const digits = p;
      while (p + 1 < end) {
        const hi = nibble(text.charCodeAt(p));
        const lo = nibble(text.charCodeAt(p + 1));
        if ((hi | lo) < 0) break;
        bytes[n++] = (hi << 4) | lo;
        p += 2;
      }
      if (p < end && !isSeparator(text.charCodeAt(p))) {
        const stop = tokenEnd(text, p, end);
        const odd = hexRunEnd(text, p, end) === stop && stop === p + 1 && p > digits;
        if (odd) throw line.error(token, `expected an even number of hex digits, found ${stop - digits}`);
        throw line.error(p, `expected two hex digits, found ${quoteToken(text, p, stop)}`);
      }
      if (p === digits) throw line.error(token, `expected hex digits after ${quoteToken(text, token, p)}`);
    }
    line.length = n;
    return n > 0 ? 'bytes' : 'blank';
  }

  cut(text: string, start: number, end: number): number {
    for (let p = end - 1; p >= start; p--) if (isSeparator(text.charCodeAt(p))) return p + 1;
    return end - ((end - start) & 1);
  }
}

/** Widths of the tokens of a line that has nothing but hex; undefined when it has something else. */
function tokenWidths(line: string, cut: boolean): { widths: number[]; prefixed: number } | undefined {
  const widths: number[] = [];
  let prefixed = 0;
  let p = 0;
  while (p < line.length) {
    if (isSeparator(line.charCodeAt(p))) {
      p++;
      continue;
    }
    if (hasHexPrefix(line, p, line.length)) {
      prefixed++;
      p += 2;
    }
    const stop = hexRunEnd(line, p, line.length);
    if (stop < line.length && !isSeparator(line.charCodeAt(stop))) return undefined;
    if (stop === line.length && cut) break;
    if (stop === p || (stop - p) % 2 !== 0) return undefined;
    widths.push(stop - p);
    p = stop;
  }
  return { widths, prefixed };
}

/** A wide token and then narrow ones: an address that no dialect claimed, which must not be read as bytes. */
function looksAddressed(widths: readonly number[]): boolean {
  const first = widths[0] ?? 0;
  return first >= 6 && widths.length > 1 && widths.slice(1).every((w) => w < first && w <= 4);
}

/**
 * Recognises hex and nothing else. Sure from a line of eight bytes on that does not start like an address; otherwise
 * weak, and only when every line of the sample is hex.
 */
export function recognisePlain(sample: Sample): Found | undefined {
  let first = -1;
  let pure = true;
  for (const [index, line] of sample.lines.entries()) {
    if (isBlank(line, 0, line.length)) continue;
    const cut = sample.cut && index === sample.lines.length - 1;
    const tokens = tokenWidths(line, cut);
    // Several 0x tokens are values, a C array's: only one alone is a string of bytes.
    if (tokens === undefined || tokens.prefixed > 1 || looksAddressed(tokens.widths)) {
      pure = false;
      first = -1;
      continue;
    }
    if (first < 0) first = index;
    const digits = tokens.widths.reduce((sum, width) => sum + width, 0);
    if (digits >= 16 || (cut && line.length >= 16)) return { first, reader: new PlainReader(), weak: false };
  }
  return pure && first >= 0 ? { first: 0, reader: new PlainReader(), weak: true } : undefined;
}
