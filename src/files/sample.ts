import type { LineReader } from './dump-line.js';

/** The first lines of a text, from which dialect and layout are told. */
export interface Sample {
  readonly lines: readonly string[];
  /** The last line was cut. */
  readonly cut: boolean;
}

/** What editors and shells on Windows put before a text. */
export const BYTE_ORDER_MARK = 0xfeff;

/** Lines and characters looked at to tell dialect and layout. */
export const SAMPLE_LINES = 64;
export const SAMPLE_CHARS = 1 << 18;

/** `end` without the carriage return that may stand before it. */
export function withoutReturn(text: string, start: number, end: number): number {
  return end > start && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
}

/** The lines from `at` on, and where the text after them starts; `last` says that no more text comes. */
export function takeSample(text: string, at: number, last: boolean): { sample: Sample; next: number } {
  const lines: string[] = [];
  let next = at;
  while (next < text.length && lines.length < SAMPLE_LINES) {
    const stop = text.indexOf('\n', next);
    const end = stop < 0 ? text.length : stop;
    lines.push(text.slice(next, Math.min(withoutReturn(text, next, end), next + SAMPLE_CHARS)));
    next = stop < 0 ? end : stop + 1;
    if (stop < 0) return { sample: { lines, cut: !last }, next };
  }
  return { sample: { lines, cut: false }, next };
}

/** A dialect found in a sample. */
export interface Found {
  /** Index of the first line that is part of a dump. */
  readonly first: number;
  readonly reader: LineReader;
  /** The lines could be something else: taken only when no dialect is sure. */
  readonly weak: boolean;
}

/** One line of a dump with addresses, as far as the radix is concerned. */
export interface AddressRow {
  readonly index: number;
  readonly address: string;
  /** Bytes of the line, 0 for a line of only an address. */
  readonly length: number;
  /** Bytes at the end that may be padding of the last word, because they are zero. */
  readonly padding: number;
}

function parseAddress(digits: string, radix: number): number {
  return digits.length > 13 ? Number.NaN : Number.parseInt(digits, radix);
}

const VALID: Record<number, RegExp> = { 8: /^[0-7]+$/, 10: /^[0-9]+$/, 16: /^[0-9a-fA-F]+$/ };

/** Two for each line that starts where the one before ends, one for an end that cuts padding off. */
function countSteps(rows: readonly AddressRow[], radix: number): number {
  let steps = 0;
  for (let i = 1; i < rows.length; i++) {
    const from = rows[i - 1]!;
    const to = rows[i]!;
    if (to.index !== from.index + 1 || from.length === 0) continue;
    const delta = parseAddress(to.address, radix) - parseAddress(from.address, radix);
    // The address that ends a dump counts the bytes, not the padding of its last word.
    const slack = to.length === 0 ? from.padding : 0;
    if (delta <= from.length && delta >= from.length - slack) steps += delta === from.length ? 2 : 1;
  }
  return steps;
}

/**
 * The radix in which the addresses advance by as many bytes as the lines hold. `steps` is how well they do, 0 for not at all;
 * `tied` says that another radix does as well and means other addresses: then the first of `candidates` is taken.
 * Undefined when the digits allow none of them.
 */
export function guessRadix(
  rows: readonly AddressRow[],
  candidates: readonly number[],
): { radix: number; steps: number; tied: boolean } | undefined {
  let best: { radix: number; steps: number; tied: boolean } | undefined;
  for (const radix of candidates) {
    if (rows.some((row) => !VALID[radix]!.test(row.address))) continue;
    const steps = countSteps(rows, radix);
    if (best === undefined || steps > best.steps) best = { radix, steps, tied: false };
    else if (steps === best.steps) {
      const { radix: chosen } = best;
      best.tied ||= rows.some(({ address }) => parseAddress(address, radix) !== parseAddress(address, chosen));
    }
  }
  return best;
}
