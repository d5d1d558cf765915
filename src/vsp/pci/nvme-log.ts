// Log pages: NVM Express 1.4, 5.14.1.

const ERRORS = 0x01;
const HEALTH = 0x02;
const FIRMWARE = 0x03;

/** A page from its start; undefined when there is none of this number. What lies behind it is zero. */
export function logPage(id: number): Uint8Array | undefined {
  if (id === ERRORS) return new Uint8Array(64);
  const page = new Uint8Array(512);
  const view = new DataView(page.buffer);
  if (id === HEALTH) {
    // 300 K; all of the spare is left, above a threshold of a tenth.
    view.setUint16(1, 300, true);
    view.setUint8(3, 100);
    view.setUint8(4, 10);
    return page;
  }
  if (id !== FIRMWARE) return undefined;
  view.setUint8(0, 1);
  for (const [at, char] of [...'1.0     '].entries()) page[8 + at] = char.charCodeAt(0);
  return page;
}
