import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { HexImage } from '../../src/files/hex-image.js';
import { parseHexText } from '../../src/files/hex-text.js';
import { HexTextError } from '../../src/files/hex-text-error.js';
import { damageIn } from '../../src/files/row-shape.js';
import { inProject, listFiles, readProjectText } from '../support/project.js';

const ROW = '00000010: 5c00 0100 0300 0100 dead beef 0011 2233  \\.........."3';

const lines: readonly (readonly [what: string, line: string, row: string, at: number])[] = [
  ['another row', '00000020: ffff 0100 0300 0100 dead beef 0011 2233  ................', ROW, -1],
  ['one letter', '000000g0: ffff 0100 0300 0100 dead beef 0011 2233  ................', ROW, 6],
  ['two letters', '00000020: ffff 01z0 0300 01z0 dead beef 0011 2233  ................', ROW, 17],
  ['three letters', '00000020: ffff 01z0 0z00 01z0 dead beef 0011 2233  ................', ROW, -1],
  ['a short row', '000000g0: ffff 0100                                ....', ROW, 6],
  ['its characters do not count', '00000020: ffff 0100 0300 0100 dead beef 0011 2233  zzzzzzzzzzzzzzzz', ROW, -1],
  ['text', 'and then the next page of the ring was read', ROW, -1],
  ['a prompt', '0: kd> db fffff803`12345678 L10', 'fffff803`12345678  5c 00 01 00-00', -1],
  ['the gap behind the address', 'fffff803`1234z678  5c 00 01 00', 'fffff803`12345678  5c 00 01 00', 13],
  ['words behind that gap', 'fffff803`12345678  5c z0 01 00', 'fffff803`12345678  5c 00 01 00', 22],
  ['too little to tell', '00000z0', '0000010', -1],
];

const test = suite('files/damaged rows');

for (const [what, line, row, at] of lines) {
  test(`${what}: ${at < 0 ? 'not damaged' : `damaged at ${at}`}`, () => {
    assert.is(damageIn(line, row), at);
  });
}

const bytesOf = (images: readonly HexImage[]): number =>
  images.reduce(
    (sum, image) => sum + image.bytes.length - image.holes.reduce((lost, hole) => lost + hole.length, 0),
    0,
  );

/** Dumps whose rows all look alike; in the others a row may be the only one of its kind and pass for text. */
const alike = /^(?:xxd(?!-bits)|hexdump|od(?!-decimal|-characters)|bpftrace|drgn|qemu|gdb-print)/;

for (const file of listFiles(inProject('fixtures', 'hex-text'), '.txt').filter((name) => alike.test(name))) {
  test(`${file}: no damaged digit loses bytes in silence`, () => {
    const text = readProjectText('fixtures', 'hex-text', file);
    const whole = bytesOf(parseHexText(text));
    let refused = 0;
    for (let at = 0; at < text.length; at++) {
      if (!/[0-9a-f]/.test(text[at]!) || at % 3 === 0) continue;
      const damaged = `${text.slice(0, at)}g${text.slice(at + 1)}`;
      try {
        const images = parseHexText(damaged);
        assert.ok(bytesOf(images) >= whole, `character ${at}: ${images.map((i) => bytesToHex(i.bytes)).join(' ')}`);
      } catch (error) {
        assert.ok(error instanceof HexTextError, String(error));
        refused++;
      }
    }
    assert.ok(refused > 80, `${refused} refused`);
  });
}

test.run();
