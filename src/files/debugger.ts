import { type DumpLine, isBlank, type LineKind, type LineReader } from './dump-line.js';
import { COLON, hasHexPrefix, hexRunEnd, quoteToken, SPACE, skipBlanks, TAB } from './hex-digits.js';
import type { Found, Sample } from './sample.js';

// gdb's x/gx x/wx x/hx x/bx: "0xffff888012345000 <page+16>:\t0x000000f2ca000000\t0x..."; lldb and QEMU's monitor (xp)
// differ in blanks and in the address's 0x. lldb's memory read has bare bytes and characters.
const GDB_ROW =
  /^\s*(?:0x[0-9a-fA-F]{1,16}(?: <.*>)?|[0-9a-fA-F]{8,16}):[ \t]+(?:0x(?:[0-9a-fA-F]{2}|[0-9a-fA-F]{4}|[0-9a-fA-F]{8}|[0-9a-fA-F]{16}))(?=\s|$)/;
const LLDB_ROW = /^\s*0x[0-9a-fA-F]{1,16}: (?:[0-9a-fA-F]{2} )+ +\S/;
// crash's rd: the address, right-justified when physical, a colon, two spaces, words, and three spaces before characters.
const CRASH_ROW = /^ *[0-9a-fA-F]{4,16}: {2}(?:[0-9a-fA-F]{2}|[0-9a-fA-F]{4}|[0-9a-fA-F]{8}|[0-9a-fA-F]{16})(?= |$)/;

const WORD_DIGITS = new Set([2, 4, 8, 16]);

/** Memory as gdb, lldb and QEMU's monitor print it; every line tells its own word size. */
export class GdbReader implements LineReader {
  readonly dialect = 'gdb';
  readonly doubts: readonly string[] = [];
  readonly wordBytes = 1;
  readonly fixedLayout = false;
  readonly acrossText = 'may-go-on';

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    if (isBlank(text, start, end)) return 'blank';
    const at = skipBlanks(text, start, end);
    const prefixed = hasHexPrefix(text, at, end);
    const address = prefixed ? at + 2 : at;
    const head = line.readAddress(text, address, end, 16);
    if (head < 0 || (!prefixed && head - address < 8)) return 'text';
    const colon = this.#skipSymbol(text, head, end);
    if (colon < 0) return 'text';
    const p = skipBlanks(text, colon + 1, end);
    if (p >= end || p === colon + 1) return 'text';
    if (hasHexPrefix(text, p, end)) return this.#readWords(text, p, end, line);
    return prefixed ? this.#readBytes(text, p, end, line) : 'text';
  }

  #skipSymbol(text: string, pos: number, end: number): number {
    if (pos < end && text.charCodeAt(pos) === COLON) return pos;
    if (!text.startsWith(' <', pos)) return -1;
    // A C++ name may hold ">:" itself, but not before a blank.
    for (let at = text.indexOf('>:', pos); at >= 0 && at + 2 < end; at = text.indexOf('>:', at + 2)) {
      const after = text.charCodeAt(at + 2);
      if (after === TAB || after === SPACE) return at + 1;
    }
    return -1;
  }

  #readWords(text: string, from: number, end: number, line: DumpLine): LineKind {
    let digits = 0;
    for (let p = from; p < end; ) {
      const stop = hexRunEnd(text, p + 2, end);
      const own = stop - p - 2;
      const separated = stop === end || text.charCodeAt(stop) === SPACE || text.charCodeAt(stop) === TAB;
      const fits = hasHexPrefix(text, p, end) && separated && (digits === 0 ? WORD_DIGITS.has(own) : own === digits);
      if (!fits) {
        // x/a prints pointers without leading zeros: how many bytes each has is not known.
        const wanted = digits === 0 ? '2, 4, 8 or 16' : digits;
        throw line.error(p, `expected 0x and ${wanted} hex digits, found ${quoteToken(text, p, end)}`);
      }
      digits = own;
      line.readWord(text, p + 2, own, false);
      p = skipBlanks(text, stop, end);
    }
    return 'bytes';
  }

  #readBytes(text: string, from: number, end: number, line: DumpLine): LineKind {
    let p = from;
    while (p < end && text.charCodeAt(p) !== SPACE) {
      const whole = p + 2 >= end || text.charCodeAt(p + 2) === SPACE;
      if (!whole || p + 2 > end || !line.readWord(text, p, 2, true)) {
        if (line.length === 0) return 'text';
        throw line.error(p, `expected two hex digits, found ${quoteToken(text, p, end)}`);
      }
      p += 3;
    }
    return 'bytes';
  }
}

/** crash's rd, rd -8, -16, -32, -64: words in machine order, characters behind a wide gap. */
export class CrashReader implements LineReader {
  readonly dialect = 'crash';
  readonly doubts: readonly string[] = [];
  readonly wordBytes = 1;
  readonly fixedLayout = false;
  readonly acrossText = 'may-go-on';

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    if (isBlank(text, start, end)) return 'blank';
    const address = skipBlanks(text, start, end);
    const head = line.readAddress(text, address, end, 16);
    if (head < 0 || head + 3 >= end || head - address < 4 || !text.startsWith(':  ', head)) return 'text';
    let p = head + 3;
    const digits = hexRunEnd(text, p, end) - p;
    if (!WORD_DIGITS.has(digits)) return 'text';
    while (p < end && text.charCodeAt(p) !== SPACE) {
      const stop = p + digits;
      const whole = stop <= end && (stop === end || text.charCodeAt(stop) === SPACE);
      if (!whole || !line.readWord(text, p, digits, false)) {
        if (line.length === 0) return 'text';
        throw line.error(p, `expected ${digits} hex digits, found ${quoteToken(text, p, end)}`);
      }
      p = stop + 1;
    }
    return 'bytes';
  }
}

/** Recognises memory printed by gdb, lldb or QEMU's monitor. */
export function recogniseGdb(sample: Sample): Found | undefined {
  const first = sample.lines.findIndex((line) => GDB_ROW.test(line) || LLDB_ROW.test(line));
  return first < 0 ? undefined : { first, reader: new GdbReader(), weak: false };
}

/** Recognises memory printed by crash's rd. */
export function recogniseCrash(sample: Sample): Found | undefined {
  const first = sample.lines.findIndex((line) => CRASH_ROW.test(line));
  return first < 0 ? undefined : { first, reader: new CrashReader(), weak: false };
}
