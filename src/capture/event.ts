import { AbiError, DecodeError } from '../bytes/errors.js';
import { hexInto } from '../bytes/hex.js';

/** One event of a trace, as its line was parsed. */
export type Event = Readonly<Record<string, unknown>>;

const NOTHING = new Uint8Array(0);

// Byte strings are cut from one larger area after the other: an ArrayBuffer of its own for each costs more than its bytes.
// 8-byte steps keep 64-bit lists aligned.
const AREA = 1 << 16;
let area = new ArrayBuffer(0);
let used = 0;

/** Room for a byte string; never given out twice. */
function room(length: number): Uint8Array {
  if (used + length > area.byteLength) {
    area = new ArrayBuffer(Math.max(AREA, length));
    used = 0;
  }
  const out = new Uint8Array(area, used, length);
  used += (length + 7) & ~7;
  return out;
}

/** A 64-bit word of an event: 0x or decimal text, or an integer of at most 53 bits, as JSON has no larger ones. Throws DecodeError E_RECORD. */
export function wordOf(event: Event, key: string): bigint {
  const text = event[key];
  // Most words of a trace are short; a number says so sooner than a pattern and a bigint.
  if (
    typeof text === 'string' &&
    text.length < 15 &&
    text.charCodeAt(1) === 0x78 &&
    text.charCodeAt(text.length - 1) > 0x20
  ) {
    const word = Number(text);
    if (word >= 0) return BigInt(word);
  }
  if (typeof text === 'number' && Number.isSafeInteger(text)) return BigInt.asUintN(64, BigInt(text));
  if (typeof text !== 'string' || !/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text))
    throw new DecodeError('E_RECORD', `takes a 64-bit word as text, got ${JSON.stringify(text)}`, {
      struct: String(event.k),
      path: key,
    });
  return BigInt.asUintN(64, BigInt(text));
}

/** A byte string of an event; absent ones are empty. Throws DecodeError E_RECORD, `offset` counting characters. */
export function bytesIn(event: Event, key: string): Uint8Array {
  const text = event[key];
  if (text === undefined || text === null) return NOTHING;
  if (typeof text !== 'string')
    throw new DecodeError('E_RECORD', `takes hex text, got ${JSON.stringify(text)}`, {
      struct: String(event.k),
      path: key,
    });
  try {
    const out = room(text.length >> 1);
    hexInto(text, out, 0);
    return out;
  } catch (error) {
    if (error instanceof AbiError)
      throw new DecodeError('E_RECORD', error.message, { struct: String(event.k), path: key, offset: error.offset });
    throw error;
  }
}
