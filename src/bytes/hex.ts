import { DecodeError } from './errors.js';

const DIGITS = '0123456789abcdef';
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, b) => DIGITS[b >> 4]! + DIGITS[b & 15]!);

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

// Text goes through the encoder in stretches: reading a byte array two digits at a time takes half as long as reading the
// string character by character, and traces are mostly hex.
/** An area to encode text in, and the byte of each pair of digits as the host reads them from it; of anything else a bit above the byte. */
function makeScratch() {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(1 << 13);
  const pairs = new Uint16Array(bytes.buffer);
  const values = new Uint16Array(1 << 16).fill(0x100);
  for (let byte = 0; byte < 256; byte++) {
    for (const upper of [DIGITS[byte >> 4]!, DIGITS[byte >> 4]!.toUpperCase()]) {
      for (const lower of [DIGITS[byte & 15]!, DIGITS[byte & 15]!.toUpperCase()]) {
        encoder.encodeInto(upper + lower, bytes);
        values[pairs[0]!] = byte;
      }
    }
  }
  return { encoder, bytes, pairs, values };
}

let scratch: ReturnType<typeof makeScratch> | undefined;

/** Writes contiguous hex digits into `out` at `at`; returns the bytes written. Throws DecodeError E_HEX, RangeError. */
export function hexInto(text: string, out: Uint8Array, at: number): number {
  const n = text.length >> 1;
  if (text.length & 1)
    throw new DecodeError('E_HEX', `odd number of hex digits (${text.length})`, { offset: text.length });
  if (at + n > out.length) throw new RangeError(`${n} bytes at ${at} are not all in an area of ${out.length}`);
  scratch ??= makeScratch();
  const { encoder, bytes, pairs, values } = scratch;
  for (let from = 0; from < text.length; from += bytes.length) {
    const stretch = text.length <= bytes.length ? text : text.slice(from, from + bytes.length);
    const { read, written } = encoder.encodeInto(stretch, bytes);
    // Characters of more than one byte are no digits.
    let seen = read === stretch.length && written === read ? 0 : 0x100;
    const to = at + (from >> 1);
    for (let i = 0; i < stretch.length >> 1; i++) {
      const byte = values[pairs[i]!]!;
      seen |= byte;
      out[to + i] = byte;
    }
    if (seen > 255) throw badDigits(text);
  }
  return n;
}

function badDigits(text: string): DecodeError {
  let at = 0;
  while (/^[0-9a-f]{2}$/i.test(text.slice(at, at + 2))) at += 2;
  return new DecodeError('E_HEX', `expected two hex digits, found ${JSON.stringify(text.slice(at, at + 2))}`, {
    offset: at,
  });
}

/** "0x" and 16 digits. */
export function hex64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).padStart(16, '0')}`;
}

/** "0x" and at least `digits` digits. */
export function hexNumber(value: number | bigint, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
