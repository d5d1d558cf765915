import { nibble, STAR } from './hex-digits.js';
import type { ByteSpan, HexDialect } from './hex-image.js';
import { HexTextError } from './hex-text-error.js';

/** What a line of a dump turned out to be. */
export type LineKind = 'blank' | 'text' | 'bytes' | 'repeat' | 'end';

/** Reads the lines of one dialect with one layout. Holds no image, only what the layout needs. */
export interface LineReader {
  readonly dialect: HexDialect;
  readonly doubts: readonly string[];
  /** Bytes of one printed word: how far a final address may lie before the end of the last word. */
  readonly wordBytes: number;
  /** True when the layout was learnt from the first lines: a line of text in between means learning it again. */
  readonly fixedLayout: boolean;
  /**
   * What text between two rows means. A file dump ends there. A debugger prints prompts: the dump goes on when the next
   * address does so exactly. A kernel log mixes the lines of all CPUs: text means nothing.
   */
  readonly acrossText: 'ends' | 'may-go-on' | 'goes-on';
  /** Reads text[start, end), one line without its end of line, into `line`. Throws HexTextError. */
  read(text: string, start: number, end: number, line: DumpLine): LineKind;
  /**
   * Where a line too long to hold may be cut, `end` when it cannot be told yet. Absent: such lines are an error.
   * Only dialects without addresses and columns can be cut.
   */
  cut?(text: string, start: number, end: number): number;
}

/** One line as read: reused for every line, so that reading allocates nothing per line. */
export class DumpLine {
  bytes = new Uint8Array(256);
  length = 0;
  /** True when the line starts with an address, which is then `hi` and `lo`, 32 bits each. */
  addressed = false;
  hi = 0;
  lo = 0;
  /** Bytes of this line that could not be read by the tool. */
  holes: ByteSpan[] = [];
  /** The bytes start a new image whatever the address says. */
  opens = false;
  /** The bytes end their image. */
  closes = false;

  #dialect: HexDialect | undefined;
  #number = 0;
  #start = 0;
  #columnBase = 0;

  /** Makes ready for text[start, end), line `number`, whose first `columnBase` characters were read before. */
  begin(number: number, start: number, end: number, columnBase: number, dialect: HexDialect | undefined): void {
    this.#number = number;
    this.#start = start;
    this.#columnBase = columnBase;
    this.#dialect = dialect;
    this.length = 0;
    this.addressed = false;
    this.opens = false;
    this.closes = false;
    if (this.holes.length > 0) this.holes = [];
    // Two characters a byte at the densest; a word may be cut short by the end of the line.
    const most = ((end - start) >> 1) + 16;
    if (this.bytes.length < most) this.bytes = new Uint8Array(most * 2);
  }

  /** An error at character `pos` of the text. */
  error(pos: number, what: string): HexTextError {
    return new HexTextError(what, {
      line: this.#number,
      column: pos - this.#start + this.#columnBase + 1,
      dialect: this.#dialect,
    });
  }

  /** Room for `more` bytes beyond those read. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array((this.length + more) * 2);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Notes that the last `length` bytes are unreadable; joins a hole that they touch. */
  addHole(offset: number, length: number): void {
    const last = this.holes.at(-1);
    if (last !== undefined && last.offset + last.length === offset) {
      this.holes[this.holes.length - 1] = { offset: last.offset, length: last.length + length };
    } else {
      this.holes.push({ offset, length });
    }
  }

  /**
   * Reads an address in `radix` 8, 10 or 16 from `pos` to the first other character and returns where that is;
   * -1 without a digit or when the address has more than 64 bits (53 in radix 8 and 10).
   */
  readAddress(text: string, pos: number, end: number, radix: number): number {
    let hi = 0;
    let lo = 0;
    let p = pos;
    if (radix === 16) {
      for (; p < end; p++) {
        const d = nibble(text.charCodeAt(p));
        if (d < 0) break;
        hi = ((hi << 4) | (lo >>> 28)) >>> 0;
        lo = ((lo << 4) | d) >>> 0;
      }
      if (p - pos > 16) return -1;
    } else {
      let value = 0;
      for (; p < end; p++) {
        const d = text.charCodeAt(p) - 0x30;
        if (d < 0 || d >= radix) break;
        value = value * radix + d;
      }
      if (value > Number.MAX_SAFE_INTEGER) return -1;
      hi = Math.floor(value / 0x1_0000_0000);
      lo = value >>> 0;
    }
    if (p === pos) return -1;
    this.addressed = true;
    this.hi = hi;
    this.lo = lo;
    return p;
  }

  /**
   * Reads the `digits` hex digits at `pos` as one word, most significant digit first, and adds its bytes in memory
   * order (little-endian) or, with `asShown`, in the order shown. False when they are not all hex digits.
   */
  readWord(text: string, pos: number, digits: number, asShown: boolean): boolean {
    const count = digits >> 1;
    let at = asShown ? this.length : this.length + count - 1;
    const step = asShown ? 1 : -1;
    for (let p = pos; p < pos + digits; p += 2) {
      const hi = nibble(text.charCodeAt(p));
      const lo = nibble(text.charCodeAt(p + 1));
      if ((hi | lo) < 0) return false;
      this.bytes[at] = (hi << 4) | lo;
      at += step;
    }
    this.length += count;
    return true;
  }

  /** Adds `count` bytes that the tool could not read. */
  addUnreadable(count: number): void {
    this.bytes.fill(0, this.length, this.length + count);
    this.addHole(this.length, count);
    this.length += count;
  }
}

/** True when text[start, end) is one `*` and nothing else but blanks. */
export function isRepeatMark(text: string, start: number, end: number): boolean {
  if (start >= end || text.charCodeAt(start) !== STAR) return false;
  for (let p = start + 1; p < end; p++) if (text.charCodeAt(p) > 0x20) return false;
  return true;
}

/** True when text[start, end) has no visible character. */
export function isBlank(text: string, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (text.charCodeAt(p) > 0x20) return false;
  return true;
}
