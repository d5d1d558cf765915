/** What the character column of a row says about the order of the bytes within its words. */
export type WordOrder = 'as-shown' | 'reversed' | 'either' | 'neither';

function shows(code: number, byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f ? code === byte : code === 0x2e;
}

/**
 * Compares the `count` characters at `at` with `bytes`, the bytes in the order shown, and with the same bytes reversed
 * within each word of `wordBytes`. A row whose bytes are equal both ways says 'either'.
 */
export function wordOrderOf(text: string, at: number, bytes: Uint8Array, count: number, wordBytes: number): WordOrder {
  let asShown = true;
  let reversed = true;
  for (let i = 0; i < count && (asShown || reversed); i++) {
    const code = text.charCodeAt(at + i);
    const word = i - (i % wordBytes);
    const size = Math.min(wordBytes, count - word);
    if (asShown && !shows(code, bytes[i]!)) asShown = false;
    if (reversed && !shows(code, bytes[word + size - 1 - (i - word)]!)) reversed = false;
  }
  if (asShown) return reversed ? 'either' : 'as-shown';
  return reversed ? 'reversed' : 'neither';
}

/** True when the characters fit `bytes` reversed within each word and do not fit them as they are. */
export function contradictsOrder(
  text: string,
  at: number,
  bytes: Uint8Array,
  count: number,
  wordBytes: number,
): boolean {
  let i = 0;
  while (i < count && shows(text.charCodeAt(at + i), bytes[i]!)) i++;
  return i < count && wordOrderOf(text, at, bytes, count, wordBytes) === 'reversed';
}

/** Adds up what many rows say. */
export class OrderVotes {
  asShown = 0;
  reversed = 0;
  /** Words that start with zero bytes as shown, minus words that end with them: positive when words are values. */
  valueLike = 0;
  /** Rows that have a character column. */
  withText = 0;

  /** Counts a row whose bytes, in the order shown, are `bytes`; `at` is its character column, -1 without one. */
  addRow(text: string, at: number, bytes: Uint8Array, count: number, wordBytes: number): void {
    if (at >= 0) {
      this.withText++;
      const order = wordOrderOf(text, at, bytes, count, wordBytes);
      if (order === 'as-shown') this.asShown++;
      if (order === 'reversed') this.reversed++;
    }
    for (let word = 0; word + wordBytes <= count; word += wordBytes) {
      let leading = 0;
      while (leading < wordBytes && bytes[word + leading] === 0) leading++;
      let trailing = 0;
      while (trailing < wordBytes && bytes[word + wordBytes - 1 - trailing] === 0) trailing++;
      this.valueLike += Math.sign(leading - trailing);
    }
  }
}
