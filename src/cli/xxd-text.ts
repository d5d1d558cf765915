import { hex8 } from '../bytes/hex.js';
import { asciiText } from './tree/bytes-rows.js';

const LINE = 16;
const GROUPS = 39;

/** Bytes as xxd prints them: groups of two in memory order. */
export function xxdLines(bytes: Uint8Array): string[] {
  return Array.from({ length: Math.ceil(bytes.length / LINE) }, (_, i) => {
    const piece = bytes.subarray(i * LINE, (i + 1) * LINE);
    const hex = Array.from(piece, (b, j) => hex8(b) + (j % 2 === 1 ? ' ' : ''))
      .join('')
      .trimEnd();
    return `${(i * LINE).toString(16).padStart(8, '0')}: ${hex.padEnd(GROUPS)}  ${asciiText(piece)}`;
  });
}
