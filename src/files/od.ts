import { type DumpLine, isBlank, isRepeatMark, type LineKind, type LineReader } from './dump-line.js';
import { GREATER, pairAt, quoteToken, SPACE, skipBlanks } from './hex-digits.js';
import type { HexDialect } from './hex-image.js';
import { type AddressRow, type Found, guessRadix, type Sample } from './sample.js';
import { contradictsOrder, OrderVotes } from './word-order.js';

// "000000 5c00 0100 >....<" of od and of hexdump without -C: an address, then words of one width.
const ROW = /^([0-9a-fA-F]{6,16})((?: +[0-9a-fA-F]{2,22})*) *(?:>(.*))?$/;
const BARE_ROW = /^(?: [0-9a-fA-F]{4,16})+$/;

/** How a word is written: by its digits the radix and the bytes (od -t x1 x2 x4 x8 o1 o2 o4). */
const WORDS: Record<number, { radix: 8 | 16; bytes: number }> = {
  2: { radix: 16, bytes: 1 },
  4: { radix: 16, bytes: 2 },
  8: { radix: 16, bytes: 4 },
  16: { radix: 16, bytes: 8 },
  3: { radix: 8, bytes: 1 },
  6: { radix: 8, bytes: 2 },
  11: { radix: 8, bytes: 4 },
};

interface OdLayout {
  /** 0 when rows have no address (od -A n). */
  readonly addressDigits: number;
  readonly addressRadix: number;
  readonly wordDigits: number;
  readonly littleEndian: boolean;
}

/** od, and hexdump without -C: words of the machine's own order, `*` for repeats, the length at the end. */
class OdReader implements LineReader {
  readonly fixedLayout = true;
  readonly acrossText = 'ends';
  readonly dialect: HexDialect;
  readonly wordBytes: number;
  readonly doubts: readonly string[];
  readonly #layout: OdLayout;
  readonly #octal: boolean;

  constructor(dialect: HexDialect, layout: OdLayout, doubts: readonly string[]) {
    this.dialect = dialect;
    this.doubts = doubts;
    this.#layout = layout;
    const word = WORDS[layout.wordDigits]!;
    this.#octal = word.radix === 8;
    this.wordBytes = word.bytes;
  }

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    const { addressRadix, addressDigits, wordDigits } = this.#layout;
    const bare = addressDigits === 0;
    const head = bare ? start : line.readAddress(text, start, end, addressRadix);
    const digits = head - start;
    if (head < 0 || digits < addressDigits || (head < end && text.charCodeAt(head) !== SPACE)) {
      return otherKind(text, start, end);
    }
    let p = skipBlanks(text, head, end);
    if (p === end) return bare ? 'blank' : 'end';
    while (p < end && text.charCodeAt(p) !== GREATER) {
      const stop = p + wordDigits;
      const whole = stop <= end && (stop === end || text.charCodeAt(stop) === SPACE);
      if (!whole || !this.#readWord(text, p, line)) {
        // An address of more digits than those before it is an address only if a word follows it.
        if (line.length === 0 && digits > addressDigits) return 'text';
        throw line.error(
          p,
          `expected ${wordDigits} ${this.#octal ? 'octal' : 'hex'} digits, found ${quoteToken(text, p, end)}`,
        );
      }
      p = skipBlanks(text, stop, end);
    }
    if (line.length === 0) return 'text';
    if (this.wordBytes > 1 && p < end) this.#checkOrder(text, p + 1, line);
    return 'bytes';
  }

  #readWord(text: string, p: number, line: DumpLine): boolean {
    const { wordDigits, littleEndian } = this.#layout;
    if (!this.#octal) return line.readWord(text, p, wordDigits, !littleEndian);
    let value = 0;
    for (let i = p; i < p + wordDigits; i++) {
      const d = text.charCodeAt(i) - 0x30;
      if (d < 0 || d > 7) return false;
      value = value * 8 + d;
    }
    const size = this.wordBytes;
    if (value >= 2 ** (8 * size)) return false;
    for (let i = 0; i < size; i++) {
      line.bytes[line.length + (littleEndian ? i : size - 1 - i)] = Math.floor(value / 2 ** (8 * i)) & 0xff;
    }
    line.length += size;
    return true;
  }

  #checkOrder(text: string, at: number, line: DumpLine): void {
    // od -t z ends its characters with "<"; the padding of the last word has none.
    const close = text.indexOf('<', at + line.length - this.wordBytes);
    const count = close < 0 ? line.length : Math.min(line.length, close - at);
    if (count % this.wordBytes === 0 && contradictsOrder(text, at, line.bytes, count, this.wordBytes)) {
      const order = this.#layout.littleEndian ? 'big' : 'little';
      throw line.error(at, `the characters show the bytes of each word in reverse: ${order}-endian words`);
    }
  }
}

function otherKind(text: string, start: number, end: number): LineKind {
  if (isRepeatMark(text, start, end)) return 'repeat';
  // A second -t shows the same bytes again on a line without an address.
  return isBlank(text, start, end) || text.charCodeAt(start) === SPACE ? 'blank' : 'text';
}

interface Row extends AddressRow {
  readonly words: readonly string[];
  readonly chars: string | undefined;
}

function readRow(line: string, index: number): Row | undefined {
  const head = ROW.exec(line);
  if (head === null) return undefined;
  const words = head[2]!.trim() === '' ? [] : head[2]!.trim().split(/ +/);
  const digits = words[0]?.length ?? 0;
  const word = WORDS[digits];
  if (words.length > 0 && (word === undefined || words.some((w) => w.length !== digits))) return undefined;
  if (digits === 2 && / {2}[0-9a-fA-F]/.test(head[2]!)) return undefined;
  if (word?.radix === 8 && words.some((w) => /[^0-7]/.test(w))) return undefined;
  const padding = words.length === 0 ? 0 : zeroBytes(words.at(-1)!, word!.radix);
  return { index, address: head[1]!, length: words.length * (word?.bytes ?? 0), padding, words, chars: head[3] };
}

/** Zero bytes at either end of a word, at most all but one: od pads the last word with them in either byte order. */
function zeroBytes(word: string, radix: 8 | 16): number {
  const value = BigInt(radix === 16 ? `0x${word}` : `0o${word}`);
  const bytes = WORDS[word.length]!.bytes;
  let high = 0;
  while (high < bytes - 1 && value >> BigInt(8 * (bytes - 1 - high)) === 0n) high++;
  let low = 0;
  while (low < bytes - 1 && BigInt.asUintN(8 * (low + 1), value) === 0n) low++;
  return Math.max(high, low);
}

/** True when every row is set like decimals (od -t u1, u2, u4): padded with spaces, where hex has zeros. */
function looksDecimal(rows: readonly Row[], lines: readonly string[]): boolean {
  return rows.every(({ index, words }) => {
    if (words.length === 0) return true;
    const gap = words[0]!.length === 6 ? / {3}[0-9]/ : / {2}[0-9]/;
    return gap.test(lines[index]!) && words.every((word) => /^[1-9][0-9]*$/.test(word));
  });
}

function shownBytes(words: readonly string[]): Uint8Array {
  const digits = words.join('');
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) => pairAt(digits, i * 2, digits.length));
}

/** Recognises the rows of od and of hexdump without -C. */
export function recogniseOd(sample: Sample, forced?: HexDialect): Found | undefined {
  const rows: Row[] = [];
  let wordDigits = 0;
  let strange = false;
  for (const [index, line] of sample.lines.entries()) {
    if (sample.cut && index === sample.lines.length - 1) break;
    const row = readRow(line, index);
    if (row === undefined) strange ||= /^[0-9a-fA-F]{6,16} /.test(line);
    if (row === undefined || (rows.length === 0 && row.words.length === 0)) continue;
    if (wordDigits === 0) wordDigits = row.words[0]!.length;
    if (row.words.length === 0 || row.words[0]!.length === wordDigits) rows.push(row);
  }
  const first = rows[0];
  if (first === undefined) return forced === 'hexdump-words' ? undefined : recogniseBare(sample);
  // Rows of od -c that have no printable character are rows of od -b.
  if ((strange && wordDigits === 3) || looksDecimal(rows, sample.lines)) return undefined;
  const size = WORDS[wordDigits]!.bytes;
  const addressDigits = first.address.length;
  const hexdump = forced === 'hexdump-words' || (forced === undefined && addressDigits === 7 && wordDigits === 4);
  // hexdump counts in hex and sets its octal words two spaces apart; od counts in octal unless told otherwise.
  const wide = / {2}[0-7]{6}/.test(sample.lines[first.index]!);
  const radixes = hexdump || wide || addressDigits === 6 ? [16, 8, 10] : [8, 16, 10];
  const radix = guessRadix(rows, radixes);
  if (radix === undefined) return undefined;
  const atZero = /^0+$/.test(first.address);
  const sure =
    first.chars !== undefined ||
    radix.steps > 0 ||
    addressDigits === 7 ||
    (addressDigits === 6 && wordDigits !== 6 && atZero);
  if (!sure && forced === undefined) return undefined;
  const votes = new OrderVotes();
  for (const row of rows) {
    if (row.chars === undefined || WORDS[wordDigits]!.radix === 8 || !row.chars.endsWith('<')) continue;
    if (row.chars.length !== row.length + 1) continue;
    votes.addRow(row.chars, 0, shownBytes(row.words), row.length, size);
  }
  const doubts: string[] = [];
  if (radix.tied) doubts.push(`the addresses fit more than one radix: read in radix ${radix.radix}`);
  const littleEndian = votes.asShown <= votes.reversed;
  const dialect = forced ?? (hexdump && radix.radix === 16 && first.chars === undefined ? 'hexdump-words' : 'od');
  const layout: OdLayout = { addressDigits, addressRadix: radix.radix, wordDigits, littleEndian };
  return { first: first.index, reader: new OdReader(dialect, layout, doubts), weak: false };
}

/**
 * Rows of od -A n: one space before every word, words of more than a byte. Bytes (-t x1) are plain hex and left to it,
 * and so is a text of which any line looks otherwise.
 */
function recogniseBare(sample: Sample): Found | undefined {
  let first = -1;
  let wordDigits = 0;
  for (const [index, line] of sample.lines.entries()) {
    if (isBlank(line, 0, line.length) || line === '*' || (sample.cut && index === sample.lines.length - 1)) continue;
    if (!BARE_ROW.test(line)) return undefined;
    const widths = line
      .slice(1)
      .split(' ')
      .map((word) => word.length);
    if (first < 0) {
      first = index;
      wordDigits = widths[0]!;
      if (widths.length < 2) return undefined;
    }
    if (wordDigits === 2 || WORDS[wordDigits]?.radix !== 16 || widths.some((w) => w !== wordDigits)) return undefined;
  }
  if (first < 0) return undefined;
  const doubts = ['words without addresses, each after one space: read as little-endian words of od -A n'];
  const layout: OdLayout = { addressDigits: 0, addressRadix: 16, wordDigits, littleEndian: true };
  return { first, reader: new OdReader('od', layout, doubts), weak: false };
}

/** Reader for `--format od` and `--format hexdump-words` on text in which no row was recognised. */
export function odReader(dialect: 'od' | 'hexdump-words'): LineReader {
  const wordDigits = dialect === 'od' ? 2 : 4;
  const addressDigits = dialect === 'od' ? 6 : 7;
  return new OdReader(dialect, { addressDigits, addressRadix: 16, wordDigits, littleEndian: true }, []);
}
