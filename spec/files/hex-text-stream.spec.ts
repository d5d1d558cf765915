import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { HexImage } from '../../src/files/hex-image.js';
import { parseHexText } from '../../src/files/hex-text.js';
import { HexTextError } from '../../src/files/hex-text-error.js';
import { type HexTextOptions, HexTextStream } from '../../src/files/hex-text-stream.js';
import { inProject, listFiles, readProjectText } from '../support/project.js';
import { dumpBytes, seeded } from './dump-bytes.js';

function stream(text: string, sizes: () => number, options: HexTextOptions = {}): HexImage[] {
  const reader = new HexTextStream(options);
  const images: HexImage[] = [];
  for (let at = 0; at < text.length; ) {
    const size = sizes();
    images.push(...reader.push(text.slice(at, at + size)));
    at += size;
  }
  images.push(...reader.end());
  return images;
}

const describe = (image: HexImage): string =>
  JSON.stringify([image.dialect, String(image.base), bytesToHex(image.bytes), image.holes, image.lines, image.doubts]);

/** Pieces put together again; checks that each goes on where the one before ended. */
function join(pieces: readonly HexImage[]): { base: bigint; hex: string; lines: number[] }[] {
  const whole: { base: bigint; hex: string; lines: number[] }[] = [];
  for (const piece of pieces) {
    const last = whole.at(-1);
    const lines = piece.lines.map((span) => span.line);
    if (piece.continues) {
      assert.ok(last !== undefined);
      assert.is(piece.base, last.base + BigInt(last.hex.length / 2));
      last.hex += bytesToHex(piece.bytes);
      last.lines.push(...lines);
    } else {
      whole.push({ base: piece.base, hex: bytesToHex(piece.bytes), lines });
    }
  }
  return whole;
}

const texts = listFiles(inProject('fixtures', 'hex-text'), '.txt')
  .map((file) => ({ file, text: readProjectText('fixtures', 'hex-text', file) }))
  .filter(({ file }) => !['xxd-bits.txt', 'od-decimal.txt', 'od-characters.txt'].includes(file));

const test = suite('files/HexTextStream');

for (const { file, text } of texts) {
  test(`${file} in chunks of any size`, () => {
    const whole = parseHexText(text).map(describe);
    assert.equal(stream(text, () => 1).map(describe), whole);
    const next = seeded(text.length);
    for (let round = 0; round < 5; round++) assert.equal(stream(text, () => next(200)).map(describe), whole);
  });

  test(`${file} in pieces`, () => {
    const whole = parseHexText(text);
    const pieces = stream(text, () => 50, { pieceBytes: 40 });
    // A piece ends with a row: only one whose single row is longer may exceed the bound.
    for (const piece of pieces)
      assert.ok(piece.bytes.length <= 40 || piece.lines.length === 1, `${piece.bytes.length}`);
    const joined = join(pieces);
    assert.equal(
      joined.map(({ hex }) => hex),
      whole.map((image) => bytesToHex(image.bytes)),
    );
    assert.equal(
      joined.map(({ base }) => base),
      whole.map((image) => image.base),
    );
    assert.equal(
      joined.map(({ lines }) => [...new Set(lines)]),
      whole.map((image) => image.lines.map((span) => span.line)),
    );
  });
}

test('long texts behind other lines, dialects told anew', () => {
  const next = seeded(5);
  let text = '';
  const expected: string[] = [];
  for (let dump = 0; dump < 6; dump++) {
    for (let i = next(200); i >= 0; i--) text += `some line ${i} of a log\n`;
    const bytes = dumpBytes(next, 3000 + next(1000));
    expected.push(bytesToHex(bytes));
    for (let at = 0; at < bytes.length; at += 16) {
      const pairs = Array.from(bytes.subarray(at, at + 16), (b) => b.toString(16).padStart(2, '0'));
      const address = at.toString(16).padStart(8, '0');
      if (dump % 2 === 0) text += `${address}: ${pairs.join(' ')}  \n`;
      else text += `0x${address}:\t${pairs.map((pair) => `0x${pair}`).join('\t')}\n`;
    }
  }
  const images = stream(text, () => 1 + next(5000));
  assert.equal(
    images.map((image) => bytesToHex(image.bytes)),
    expected,
  );
  assert.equal(
    images.map((image) => image.dialect),
    ['xxd', 'gdb', 'xxd', 'gdb', 'xxd', 'gdb'],
  );
});

test('a piece is out as soon as the next row does not fit', () => {
  const reader = new HexTextStream({ pieceBytes: 64 });
  let out = 0;
  for (let row = 0; row < 1000; row++) {
    const text = `${(row * 16).toString(16).padStart(8, '0')}: ${'0102 '.repeat(8)} ................\n`;
    for (const piece of reader.push(text)) out += piece.bytes.length;
    if (row > 80) assert.ok((row + 1) * 16 - out <= 64 + 16, `row ${row}: ${out} out`);
  }
  for (const piece of reader.end()) out += piece.bytes.length;
  assert.is(out, 16000);
});

test('a long repeat shares the bytes of its pieces', () => {
  const text = '00000000  01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10  |................|\n*\n1000000000\n';
  const pieces = stream(text, () => 7, { pieceBytes: 1 << 24 });
  assert.is(
    pieces.reduce((sum, piece) => sum + piece.bytes.length, 0),
    0x10_0000_0000,
  );
  assert.is(new Set(pieces.map((piece) => piece.bytes)).size <= 3, true);
  const middle = pieces[100]!;
  assert.is(middle.base, 100n << 24n);
  assert.is(bytesToHex(middle.bytes, 0, 17), '0102030405060708090a0b0c0d0e0f1001');
  assert.equal(middle.lines, [{ line: 2, offset: 0, length: 1 << 24 }]);
});

test('maxRepeatBytes bounds a repeat', () => {
  const text = '00000000  01  |.|\n*\n00000011\n';
  assert.is(stream(text, () => 9, { maxRepeatBytes: 16 }).length, 1);
  assert.throws(() => stream(text, () => 9, { maxRepeatBytes: 15 }), /at most 15 bytes, found 16/);
});

for (const separator of ['', ' ', ',']) {
  test(`one line of 4 MiB plain hex, bytes separated by "${separator}"`, () => {
    const next = seeded(6);
    const bytes = dumpBytes(next, 1 << 20);
    const text = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(separator);
    const pieces = stream(`0x${text}`, () => 1 + next(100_000), { pieceBytes: 1 << 16 });
    for (const piece of pieces) assert.equal([...new Set(piece.lines.map((span) => span.line))], [1]);
    assert.is(
      join(pieces)
        .map(({ hex }) => hex)
        .join('|') === bytesToHex(bytes),
      true,
    );
    // The column counts from the start of the line, however it was cut.
    const error = failure(() => stream(`${text}${separator}0`, () => 50_000));
    assert.is(error.line, 1);
    assert.ok(error.column > text.length - 3 && error.column <= text.length + 3, `${error.column}`);
  });
}

test('a line too long for a dump is refused, one of text passed over', () => {
  const row = '00000000: 0102 0304  ....\n';
  const long = 'x'.repeat(1 << 20);
  assert.match(failure(() => stream(`${row}00000004: ${long}`, () => 9999)).message, /expected/);
  assert.match(failure(() => stream(`${row}${long}\n`, () => 9999)).message, /line 2.*at most 262144 characters/);
  const images = stream(`${long}\n${row}`, () => 9999);
  assert.equal(
    images.map((image) => [bytesToHex(image.bytes), image.lines[0]!.line]),
    [['01020304', 2]],
  );
});

test('an error names the line counted from the start of the stream', () => {
  const rows = Array.from({ length: 500 }, (_, i) => `${(i * 2).toString(16).padStart(8, '0')}: 0102  ..\n`);
  rows[321] = '00000282: 01x2  ..\n';
  const error = failure(() => stream(rows.join(''), () => 64));
  assert.is(error.line, 322);
  assert.is(error.column, 13);
});

function failure(run: () => unknown): HexTextError {
  try {
    run();
  } catch (error) {
    if (error instanceof HexTextError) return error;
    throw error;
  }
  throw new Error('no error');
}

test.run();
