import { AbiError } from '../bytes/errors.js';

/** What an input may be packed or written in that nothing here reads. */
export type ForeignFormat = 'gzip' | 'UTF-16';

/** The input is in a format that it has to be brought out of first. */
export class ForeignFormatError extends AbiError {
  readonly foreign: ForeignFormat;

  constructor(foreign: ForeignFormat) {
    super('E_FORMAT', foreign === 'gzip' ? 'is compressed by gzip' : 'is text in UTF-16');
    this.foreign = foreign;
  }
}

/** Letters that have to look like text before it is taken for some. */
const ENOUGH = 4;

/** By the first bytes of an input: gzip's magic and method (RFC 1952, 2.3.1); a mark of UTF-16 and some ASCII behind it. */
export function foreignFormat(head: Uint8Array): ForeignFormat | undefined {
  const [first, second, third] = head;
  if (first === 0x1f && second === 0x8b && third === 8) return 'gzip';
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  return (isLittle || isBig) && isWideAscii(head.subarray(2), isLittle ? 0 : 1) ? 'UTF-16' : undefined;
}

function isWideAscii(bytes: Uint8Array, letterAt: 0 | 1): boolean {
  if (bytes.length < 2) return false;
  for (let at = 0; at + 1 < Math.min(bytes.length, ENOUGH * 2); at += 2) {
    const letter = bytes[at + letterAt]!;
    const isText = letter === 9 || letter === 10 || letter === 13 || (letter >= 0x20 && letter < 0x7f);
    if (!isText || bytes[at + 1 - letterAt] !== 0) return false;
  }
  return true;
}

/** UTF-8's mark, which some editors put in front of text. */
export function withoutMark(head: Uint8Array): Uint8Array {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head;
}
