import { hex8 } from '../../bytes/hex.js';
import type { Paint } from '../paint.js';
import type { Row } from './row.js';

/** Bytes shown on one line. */
export const BYTES_PER_LINE = 8;
const HEX_WIDTH = BYTES_PER_LINE * 3 - 1;
const MIN_NAME = 12;
const MAX_NAME = 32;

export interface LineOptions {
  readonly paint: Paint;
  /** Blanks in front of every line. */
  readonly indent: number;
  /** Digits of the offset column. */
  readonly offsetDigits: number;
}

/** Lays rows out in columns: offset, hex or bit range, name, value, symbolic name, type. */
export function renderRows(rows: readonly Row[], options: LineOptions): string[] {
  const widest = rows.reduce((most, row) => (hasValue(row) ? Math.max(most, nameWidth(row)) : most), MIN_NAME);
  const nameColumn = Math.min(widest, MAX_NAME);
  return rows.map((row) => renderRow(row, options, nameColumn));
}

const hasValue = (row: Row): boolean =>
  row.tone !== 'title' && (row.value !== undefined || row.symbol !== undefined || row.type !== undefined);
const nameWidth = (row: Row): number => row.depth * 2 + row.name.length;

function renderRow(row: Row, { paint, indent, offsetDigits }: LineOptions, nameColumn: number): string {
  const offset =
    row.offset === undefined ? ' '.repeat(offsetDigits) : paint.offset(hexOffset(row.offset, offsetDigits));
  const left = `${' '.repeat(indent)}${offset}  ${middle(row, paint)}${'  '.repeat(row.depth)}`;
  const quiet = row.tone === 'quiet' || row.tone === 'fold';
  const name = (
    quiet ? paint.quiet : row.tone === 'warn' ? paint.warn : row.tone === 'title' ? paint.title : paint.field
  )(row.name);
  const cells = [
    row.value && (quiet ? paint.quiet : row.tone === 'warn' ? paint.warn : paint.value)(row.value),
    row.symbol && (quiet ? paint.quiet : paint.symbol)(row.symbol),
    row.type && (quiet ? paint.quiet : paint.type)(row.type),
  ].filter(Boolean);
  if (cells.length === 0) return `${left}${name}`.trimEnd();
  const gap = row.tone === 'title' ? 0 : Math.max(0, nameColumn - nameWidth(row));
  return `${left}${name}${' '.repeat(gap)}  ${cells.join('  ')}`;
}

export const hexOffset = (offset: number, digits: number): string => offset.toString(16).padStart(digits, '0');

/** The hex column and the gap behind it, which takes the mark of a cut. */
function middle(row: Row, paint: Paint): string {
  if (row.bits !== undefined) return `${paint.quiet(bitRange(row.bits.first, row.bits.count).padStart(HEX_WIDTH))}  `;
  if (row.bytes === undefined) return ' '.repeat(HEX_WIDTH + 2);
  const shown = row.bytes.subarray(0, BYTES_PER_LINE);
  const text = Array.from(shown, (b) => (b === 0 ? paint.zero('00') : paint.byte(hex8(b)))).join(' ');
  const cut = row.cut === true || row.bytes.length > BYTES_PER_LINE;
  const gap = ' '.repeat(HEX_WIDTH - Math.max(0, shown.length * 3 - 1));
  return `${text}${cut ? paint.quiet('…') : ' '}${gap} `;
}

/** A bit range as fq writes it: byte.bit of the first and of the last bit, and the number of bits. */
export function bitRange(first: number, count: number): string {
  const at = (bit: number): string => `${Math.floor(bit / 8).toString(16)}.${bit % 8}`;
  return count === 1 ? `${at(first)} (1)` : `${at(first)}-${at(first + count - 1)} (${count})`;
}
