import { DecodeError } from './errors.js';

const DIGITS = '0123456789abcdef';
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, b) => DIGITS[b >> 4]! + DIGITS[b & 15]!);

// Of any other character: more than a byte on either side of a pair.
const NIBBLE = new Uint16Array(256).fill(0x1000);
for (let i = 0; i < 10; i++) NIBBLE[48 + i] = i;
for (let i = 0; i < 6; i++) NIBBLE[65 + i] = NIBBLE[97 + i] = 10 + i;

/** Two lower-case digits of a byte. */
export function hex8(byte: number): string {
  return PAIRS[byte & 255]!;
}

/** Bytes as contiguous lower-case hex. */
export function bytesToHex(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let text = '';
  for (let i = from; i < to; i++) text += PAIRS[bytes[i]!]!;
  return text;
}

/** Contiguous hex digits as bytes. Throws DecodeError E_HEX, `offset` counting characters. */
export function hexToBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length >> 1);
  hexInto(text, out, 0);
  return out;
}

/** Writes contiguous hex digits into `out` at `at`; returns the bytes written. Throws DecodeError E_HEX, RangeError. */
export function hexInto(text: string, out: Uint8Array, at: number): number {
  const n = text.length >> 1;
  if (text.length & 1)
    throw new DecodeError('E_HEX', `odd number of hex digits (${text.length})`, { offset: text.length });
  if (at + n > out.length) throw new RangeError(`${n} bytes at ${at} are not all in an area of ${out.length}`);
  for (let i = 0, j = 0; i < n; i++, j += 2) {
    const a = text.charCodeAt(j);
    const b = text.charCodeAt(j + 1);
    const v = a < 256 && b < 256 ? (NIBBLE[a]! << 4) | NIBBLE[b]! : 0x1000;
    if (v > 255) {
      throw new DecodeError('E_HEX', `expected two hex digits, found ${JSON.stringify(text.slice(j, j + 2))}`, {
        offset: j,
      });
    }
    out[at + i] = v;
  }
  return n;
}

/** "0x" and 16 digits. */
export function hex64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).padStart(16, '0')}`;
}

/** "0x" and at least `digits` digits. */
export function hexNumber(value: number | bigint, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
