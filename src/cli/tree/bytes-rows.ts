import { BYTES_PER_LINE } from './lines.js';
import { countText, plural } from './numbers.js';
import type { Row } from './row.js';

/** Lines of a dump before the rest is folded. */
const SHOWN_LINES = 6;

/** Opaque bytes: eight a line with their text, zeros at the end folded, the rest too unless `all`. */
export function bytesRows(
  bytes: Uint8Array,
  at: { offset: number; depth: number; name: string; type?: string },
  all: boolean,
): Row[] {
  const { offset, depth, name } = at;
  const type = at.type === undefined ? {} : { type: at.type };
  const used = usedLength(bytes);
  if (used === 0) {
    const value =
      bytes.length === 0 ? 'empty' : bytes.length > BYTES_PER_LINE ? `${countText(bytes.length)} zero bytes` : '0';
    return [{ depth, offset, bytes, name, value, ...type, tone: 'quiet' }];
  }
  const lines = Math.ceil(used / BYTES_PER_LINE);
  const shown = all || lines <= SHOWN_LINES + 1 ? lines : SHOWN_LINES;
  const rows: Row[] = [];
  for (let i = 0; i < shown; i++) {
    const from = i * BYTES_PER_LINE;
    const piece = bytes.subarray(from, from + BYTES_PER_LINE);
    // A column of dots says nothing.
    const text = /[^.]/.test(asciiText(piece)) ? { symbol: asciiText(piece) } : {};
    const first = { name, value: plural(bytes.length, 'byte'), ...type };
    rows.push({
      depth,
      offset: offset + from,
      bytes: piece,
      ...(i === 0 ? first : { name: '' }),
      ...text,
      tone: 'plain',
    });
  }
  const left = bytes.length - Math.min(bytes.length, shown * BYTES_PER_LINE);
  if (left > 0) {
    const zero = shown === lines;
    rows.push({
      depth,
      offset: offset + shown * BYTES_PER_LINE,
      name: '…',
      value: zero ? `${plural(left, 'zero byte')}` : `${plural(left, 'more byte')}, -v shows them`,
      tone: 'fold',
    });
  }
  return rows;
}

/** Printable ASCII, everything else a dot. */
export function asciiText(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
}

/** Length without the zeros at the end. */
export function usedLength(bytes: Uint8Array): number {
  let n = bytes.length;
  while (n > 0 && bytes[n - 1] === 0) n--;
  return n;
}
