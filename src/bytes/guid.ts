import { EncodeError } from './errors.js';
import { hex8 } from './hex.js';

// Text order of the 16 wire bytes: u32, u16, u16 little-endian, then eight bytes as they are (include/linux/uuid.h, guid_t).
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;
const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The 16 bytes at `offset` as lower-case GUID text. */
export function readGuid(view: DataView, offset: number): string {
  let text = '';
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += hex8(view.getUint8(offset + ORDER[i]!));
  }
  return text;
}

/** True for 8-4-4-4-12 hex digits. */
export function isGuidText(text: string): boolean {
  return SHAPE.test(text);
}

/** GUID text as its 16 wire bytes. Throws EncodeError E_TYPE. */
export function guidToBytes(text: string): Uint8Array {
  if (!isGuidText(text)) throw new EncodeError('E_TYPE', `not a GUID: ${JSON.stringify(text)}`);
  const digits = text.replaceAll('-', '');
  return Uint8Array.from(ORDER, (from) => Number.parseInt(digits.slice(from * 2, from * 2 + 2), 16));
}

/** Writes GUID text at `offset`. Throws EncodeError E_TYPE. */
export function writeGuid(view: DataView, offset: number, text: string): void {
  const bytes = guidToBytes(text);
  for (let i = 0; i < 16; i++) view.setUint8(offset + i, bytes[i]!);
}
