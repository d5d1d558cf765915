import { type DumpLine, isBlank, isRepeatMark, type LineKind, type LineReader } from './dump-line.js';
import { COLON, hexRunEnd, nibble, pairAt, quoteToken, SPACE } from './hex-digits.js';
import type { HexDialect } from './hex-image.js';
import { type AddressRow, type Found, guessRadix, type Sample } from './sample.js';
import { contradictsOrder, OrderVotes, wordOrderOf } from './word-order.js';

// "00000000: 5c00 0100  \..." of xxd, its -e and -g forms, and what looks the same: print_hex_dump without a prefix,
// drgn's print_annotated_memory, U-Boot's md.
const ROW = /^([0-9a-fA-F]{6,16}):( {3,17}| )([0-9a-fA-F]{2,})(?= |$)/;
const XXD_B = /^[01]{8}$/;

/** Layout of the rows of one dump. */
interface RowLayout {
  readonly radix: number;
  /** Bytes a group; 0 when groups are of any size. */
  readonly groupBytes: number;
  /** Groups a full row has room for. */
  readonly groups: number;
}

/** Reads the address and its colon; the position of the first group, or -1 when this is no row. */
function readHead(text: string, start: number, end: number, radix: number, line: DumpLine): number {
  const p = line.readAddress(text, start, end, radix);
  if (p < start + 6 || p + 1 >= end || text.charCodeAt(p) !== COLON || text.charCodeAt(p + 1) !== SPACE) return -1;
  return p + 2;
}

/** Where the last `count` characters of a row start if two spaces stand before them, else -1. */
function textColumn(text: string, hexEnd: number, end: number, count: number): number {
  const at = end - count;
  return at >= hexEnd + 2 && text.charCodeAt(at - 1) === SPACE && text.charCodeAt(at - 2) === SPACE ? at : -1;
}

function otherKind(text: string, start: number, end: number): LineKind {
  if (isRepeatMark(text, start, end)) return 'repeat';
  return isBlank(text, start, end) ? 'blank' : 'text';
}

/** Groups keep byte order: every pair of digits is the next byte, up to the double space before the characters. */
class XxdReader implements LineReader {
  readonly dialect: HexDialect = 'xxd';
  readonly wordBytes = 1;
  readonly fixedLayout = true;
  readonly acrossText = 'ends';
  readonly doubts: readonly string[];
  readonly #layout: RowLayout;

  constructor(layout: RowLayout, doubts: readonly string[]) {
    this.#layout = layout;
    this.doubts = doubts;
  }

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    let p = readHead(text, start, end, this.#layout.radix, line);
    if (p < 0) return otherKind(text, start, end);
    const bytes = line.bytes;
    let n = 0;
    while (p < end) {
      const c = text.charCodeAt(p);
      if (c === SPACE) {
        if (p + 1 >= end || text.charCodeAt(p + 1) === SPACE) break;
        p++;
        continue;
      }
      const hi = nibble(c);
      const lo = p + 1 < end ? nibble(text.charCodeAt(p + 1)) : -1;
      if ((hi | lo) < 0) throw line.error(p, `expected two hex digits, found ${quoteToken(text, p, end)}`);
      bytes[n++] = (hi << 4) | lo;
      p += 2;
    }
    if (n === 0) throw line.error(p, `expected two hex digits, found ${quoteToken(text, p, end)}`);
    line.length = n;
    const g = this.#layout.groupBytes;
    if (g > 1) {
      const at = textColumn(text, p, end, n);
      if (at >= 0 && contradictsOrder(text, at, bytes, n, g)) {
        throw line.error(
          at,
          `the characters show the bytes of each group in reverse: little-endian groups (--format xxd-le)`,
        );
      }
    }
    return 'bytes';
  }
}

/** Groups are little-endian words in fixed columns; a short last group is set to the right of its column (xxd -e). */
class LittleEndianReader implements LineReader {
  readonly dialect: HexDialect = 'xxd-le';
  readonly fixedLayout = true;
  readonly acrossText = 'ends';
  readonly wordBytes = 1;
  readonly doubts: readonly string[];
  readonly #layout: RowLayout;

  constructor(layout: RowLayout, doubts: readonly string[]) {
    this.#layout = layout;
    this.doubts = doubts;
  }

  read(text: string, start: number, end: number, line: DumpLine): LineKind {
    const { radix, groupBytes, groups } = this.#layout;
    const at = readHead(text, start, end, radix, line);
    if (at < 0) return otherKind(text, start, end);
    // print_hex_dump turns to single bytes where a row is no multiple of the group (lib/hexdump.c, hex_dump_to_buffer).
    const digits = hexRunEnd(text, at, end) - at === 2 ? 2 : groupBytes * 2;
    const columns = digits === 2 ? groups * groupBytes : groups;
    const hexEnd = this.#readGroups(text, at, end, digits, columns, line);
    if (line.length === 0) throw line.error(at, `expected ${digits} hex digits, found ${quoteToken(text, at, end)}`);
    const chars = textColumn(text, hexEnd, end, line.length);
    if (digits > 2 && chars >= 0 && contradictsOrder(text, chars, line.bytes, line.length, groupBytes)) {
      throw line.error(
        chars,
        'the characters show the bytes of each group as printed: not little-endian (--format xxd)',
      );
    }
    return 'bytes';
  }

  #readGroups(text: string, at: number, end: number, digits: number, columns: number, line: DumpLine): number {
    let hexEnd = at;
    for (let i = 0; i < columns; i++) {
      const field = at + i * (digits + 1);
      let p = field;
      while (p < field + digits && p < end && text.charCodeAt(p) === SPACE) p++;
      if (p >= end || p === field + digits) break;
      const shown = field + digits - p;
      if (shown & 1 || field + digits > end || !line.readWord(text, p, shown, false)) {
        throw line.error(p, `expected ${digits} hex digits, found ${quoteToken(text, p, end)}`);
      }
      hexEnd = field + digits;
      if (hexEnd < end && text.charCodeAt(hexEnd) !== SPACE) {
        throw line.error(p, `expected ${digits} hex digits, found ${quoteToken(text, p, end)}`);
      }
      if (shown < digits) break;
    }
    return hexEnd;
  }
}

/** What one row of the sample shows. */
interface Row extends AddressRow {
  readonly groupBytes: number;
  readonly groups: number;
  readonly shown: Uint8Array;
  readonly textAt: number;
  /** The last group is short and stands at the right of its column: only little-endian rows do that. */
  readonly rightAligned: boolean;
  readonly binary: boolean;
}

function collect(groups: readonly string[]): Uint8Array {
  const digits = groups.join('');
  const shown = new Uint8Array(digits.length >> 1);
  for (let i = 0; i < shown.length; i++) shown[i] = Math.max(0, pairAt(digits, i * 2, digits.length));
  return shown;
}

function readRow(line: string, index: number): Row | undefined {
  const head = ROW.exec(line);
  if (head === null || head[3]!.length % 2 !== 0) return undefined;
  const at = head[1]!.length + 2;
  const gap = head[2]!.length - 1;
  const first = head[3]!;
  const width = gap + first.length;
  const groups: string[] = gap === 0 ? [first] : [];
  let p = at + width;
  while (gap === 0 && line.charCodeAt(p) === SPACE && hexRunEnd(line, p + 1, line.length) === p + 1 + width) {
    groups.push(line.slice(p + 1, p + 1 + width));
    p += 1 + width;
  }
  // A group shorter than the rest: at the left of its column (bytes as they come) or at the right (a word cut short).
  const next = p + (gap === 0 ? 1 : -width);
  const short = /^( *)([0-9a-fA-F]+)(?= |$)/.exec(line.slice(next, next + width));
  const fits = short !== null && short[2]!.length < width && short[2]!.length % 2 === 0;
  const rightAligned = fits && short[1]!.length > 0 && short[1]!.length + short[2]!.length === width;
  const leftAligned = fits && short[1]!.length === 0 && groups.length > 0;
  if (gap > 0 && !rightAligned) return undefined;
  if (rightAligned && groups.length > 0 && !rightAlignedFits(line, at, p, width, groups.length, short[2]!.length)) {
    return makeRow(line, index, head[1]!, at, width, groups, '', false, p);
  }
  const rest = rightAligned || leftAligned ? short![2]! : '';
  const hexEnd = rest === '' ? p : next + (rightAligned ? width : rest.length);
  return makeRow(line, index, head[1]!, at, width, groups, rest, rightAligned, hexEnd);
}

/** A short group at the right must leave its characters at the end of a row of whole columns. */
function rightAlignedFits(line: string, at: number, p: number, width: number, groups: number, digits: number): boolean {
  const count = (groups * width + digits) >> 1;
  const chars = textColumn(line, p + 1 + width, line.length, count);
  return chars >= 0 ? (chars - 1 - at) % (width + 1) === 0 : line.slice(p + 1 + width).trim() === '';
}

function makeRow(
  line: string,
  index: number,
  address: string,
  at: number,
  width: number,
  groups: readonly string[],
  rest: string,
  rightAligned: boolean,
  hexEnd: number,
): Row {
  const shown = collect(rest === '' ? groups : [...groups, rest]);
  const textAt = textColumn(line, hexEnd, line.length, shown.length);
  const columns = textAt < 0 ? 0 : (textAt - 1 - at) / (width + 1);
  return {
    index,
    address,
    length: shown.length,
    padding: 0,
    groupBytes: width >> 1,
    groups: Math.max(groups.length + (rightAligned ? 1 : 0), Number.isInteger(columns) ? columns : 0),
    shown,
    textAt,
    rightAligned,
    binary: groups.length > 0 && groups.every((g) => XXD_B.test(g)) && rest === '',
  };
}

/**
 * True for `xxd -b`, whose groups are bytes in binary digits: the addresses advance by a byte a group, or the characters
 * of a single row fit the binary digits and not the same digits read as hex.
 */
function isBinaryDump(rows: readonly Row[], lines: readonly string[]): boolean {
  if (!rows.every((row) => row.binary)) return false;
  return rows.some((row, i) => {
    const next = rows[i + 1];
    const count = row.length >> 2;
    if (next?.index === row.index + 1)
      return Number.parseInt(next.address, 16) - Number.parseInt(row.address, 16) === count;
    const line = lines[row.index]!;
    const at = line.length - count;
    if (row.textAt >= 0 && wordOrderOf(line, row.textAt, row.shown, row.length, row.groupBytes) !== 'neither')
      return false;
    const bits = line.slice(row.address.length + 2).match(/[01]{8}/g)!;
    const bytes = Uint8Array.from(bits, (group) => Number.parseInt(group, 2)).subarray(0, count);
    return wordOrderOf(line, at, bytes, count, 1) === 'either';
  });
}

/** The order of the bytes in words of two and more, and what had to be assumed. */
function chooseOrder(rows: readonly Row[], lines: readonly string[], g: number): { little: boolean; doubts: string[] } {
  const votes = new OrderVotes();
  for (const row of rows) {
    if (row.groupBytes !== g) continue;
    if (row.rightAligned) votes.reversed++;
    else votes.addRow(lines[row.index]!, row.textAt, row.shown, row.length, g);
  }
  if (votes.asShown !== votes.reversed) return { little: votes.reversed > votes.asShown, doubts: [] };
  if (g === 2 && votes.withText > 0) return { little: false, doubts: [] };
  const same = rows.every((row) => row.shown.every((b) => b === row.shown[0]));
  if (same) return { little: false, doubts: [] };
  if (g === 2) return { little: false, doubts: ['2-byte groups without characters: read as bytes in the order shown'] };
  // xxd always prints characters; what prints words without them is a debugger or the kernel.
  if (votes.withText === 0 && rows.every((row) => row.address.length === 16)) return { little: true, doubts: [] };
  const little = votes.withText === 0 || votes.valueLike > 0;
  const order = little ? 'little-endian words' : 'bytes in the order shown';
  return { little, doubts: [`${g}-byte groups whose characters do not tell their order: read as ${order}`] };
}

/** Recognises rows of "address: groups", with or without characters behind them. */
export function recogniseXxd(sample: Sample, forced?: HexDialect): Found | undefined {
  const rows: Row[] = [];
  for (const [index, line] of sample.lines.entries()) {
    if (sample.cut && index === sample.lines.length - 1) break;
    const row = readRow(line, index);
    if (row !== undefined) rows.push(row);
  }
  const first = rows[0];
  if (first === undefined || isBinaryDump(rows, sample.lines)) return undefined;
  const radix = guessRadix(rows, [16, 10])?.radix ?? 16;
  const g = first.groupBytes;
  const words = g === 2 || g === 4 || g === 8;
  const { little, doubts } = words ? chooseOrder(rows, sample.lines, g) : { little: false, doubts: [] };
  const layout: RowLayout = { radix, groupBytes: words ? g : 0, groups: Math.max(...rows.map((row) => row.groups)) };
  const asLittle = forced === undefined ? little : forced === 'xxd-le';
  const told = forced === undefined ? doubts : [];
  const reader = asLittle ? new LittleEndianReader(layout, told) : new XxdReader(layout, told);
  return { first: first.index, reader, weak: false };
}

/** Reader for `--format xxd` and `--format xxd-le` on text in which no row was recognised. */
export function xxdReader(dialect: 'xxd' | 'xxd-le'): LineReader {
  const layout = { radix: 16, groupBytes: dialect === 'xxd' ? 0 : 4, groups: dialect === 'xxd' ? 8 : 4 };
  return dialect === 'xxd' ? new XxdReader(layout, []) : new LittleEndianReader(layout, []);
}
