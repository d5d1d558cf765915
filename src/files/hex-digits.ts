export const SPACE = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;
export const STAR = 0x2a;
export const DASH = 0x2d;
export const PIPE = 0x7c;
export const QUESTION = 0x3f;
export const BACKTICK = 0x60;
export const HASH = 0x23;
export const GREATER = 0x3e;
const ZERO = 0x30;

const NIBBLE = new Int8Array(128).fill(-1);
for (let i = 0; i < 10; i++) NIBBLE[ZERO + i] = i;
for (let i = 0; i < 6; i++) NIBBLE[0x41 + i] = NIBBLE[0x61 + i] = 10 + i;

/** Value of a hex digit's char code, -1 for anything else. */
export function nibble(code: number): number {
  return code < 128 ? NIBBLE[code]! : -1;
}

/** Byte of the two hex digits at `pos`, -1 when they are not two hex digits before `end`. */
export function pairAt(text: string, pos: number, end: number): number {
  if (pos + 2 > end) return -1;
  const hi = nibble(text.charCodeAt(pos));
  const lo = nibble(text.charCodeAt(pos + 1));
  return (hi | lo) < 0 ? -1 : (hi << 4) | lo;
}

/** End of the run of hex digits starting at `pos`. */
export function hexRunEnd(text: string, pos: number, end: number): number {
  while (pos < end && nibble(text.charCodeAt(pos)) >= 0) pos++;
  return pos;
}

/** First position at or after `pos` that is neither space nor tab. */
export function skipBlanks(text: string, pos: number, end: number): number {
  while (pos < end) {
    const c = text.charCodeAt(pos);
    if (c !== SPACE && c !== TAB) break;
    pos++;
  }
  return pos;
}

/** True for a `0x` or `0X` at `pos`. */
export function hasHexPrefix(text: string, pos: number, end: number): boolean {
  return pos + 2 < end && text.charCodeAt(pos) === ZERO && (text.charCodeAt(pos + 1) | 0x20) === 0x78;
}

/** A token for an error text: at most 20 characters from `pos`, up to the next space. */
export function quoteToken(text: string, pos: number, end: number): string {
  let stop = pos;
  while (stop < end && stop < pos + 20 && text.charCodeAt(stop) !== SPACE && text.charCodeAt(stop) !== TAB) stop++;
  return stop === pos ? (pos >= end ? 'the end of the line' : 'a space') : JSON.stringify(text.slice(pos, stop));
}
