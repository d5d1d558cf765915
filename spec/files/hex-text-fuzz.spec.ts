import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HEX_DIALECTS, type HexImage } from '../../src/files/hex-image.js';
import { parseHexText, recogniseHexText } from '../../src/files/hex-text.js';
import { HexTextError } from '../../src/files/hex-text-error.js';
import { HexTextStream } from '../../src/files/hex-text-stream.js';
import { inProject, listFiles, readProjectText } from '../support/project.js';
import { seeded } from './dump-bytes.js';

const ROUNDS = 150;
/** Characters that mean something in some dialect. */
const ALPHABET = '0123456789abcdefABCDEFxX:;,.`?*|<>#-+[](){}"\'\\/= \t\r\n\u0000\u00ff\u2028g_';
const MAX_REPEAT = 1 << 16;

const texts = listFiles(inProject('fixtures', 'hex-text'), '.txt').map((file) => ({
  file,
  text: readProjectText('fixtures', 'hex-text', file),
}));

type Next = (n: number) => number;

/** One to four small injuries: characters changed, dropped, doubled; lines cut, dropped, swapped, taken from elsewhere. */
function mutate(text: string, next: Next): string {
  let out = text;
  for (let i = 1 + next(4); i > 0; i--) {
    const at = next(out.length + 1);
    const length = next(12);
    const lines = out.split('\n');
    const one = next(lines.length);
    switch (next(8)) {
      case 0:
        out = out.slice(0, at) + ALPHABET[next(ALPHABET.length)]! + out.slice(at + 1);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(at + length);
        break;
      case 2:
        out = out.slice(0, at) + out.slice(at, at + length) + out.slice(at);
        break;
      case 3:
        lines.splice(one, 1);
        out = lines.join('\n');
        break;
      case 4:
        [lines[one], lines[next(lines.length)]] = [lines[next(lines.length)]!, lines[one]!];
        out = lines.join('\n');
        break;
      case 5: {
        const other = texts[next(texts.length)]!.text.split('\n');
        lines.splice(one, 0, other[next(other.length)]!);
        out = lines.join('\n');
        break;
      }
      case 6:
        lines.splice(one, 0, '*');
        out = lines.join('\n');
        break;
      default:
        out = out.slice(0, at);
    }
  }
  return out;
}

function noise(next: Next): string {
  return Array.from({ length: next(400) }, () => ALPHABET[next(ALPHABET.length)]!).join('');
}

/** Every span within the bytes, in order, without touching. */
function checkImage(image: HexImage): void {
  assert.ok(image.bytes.length > 0);
  let end = -1;
  for (const hole of image.holes) {
    assert.ok(hole.offset > end && hole.length > 0);
    end = hole.offset + hole.length;
    assert.ok(image.bytes.subarray(hole.offset, end).every((byte) => byte === 0));
  }
  assert.ok(end <= image.bytes.length);
  let offset = 0;
  for (const span of image.lines) {
    assert.ok(span.offset >= offset && span.length > 0 && span.line > 0);
    offset = span.offset + span.length;
  }
  assert.ok(offset <= image.bytes.length);
}

/** Images or a HexTextError with a place inside the text; anything else fails. */
function tryRead(text: string, read: () => readonly HexImage[]): string {
  try {
    const images = read();
    for (const image of images) checkImage(image);
    return images
      .map((image) => `${image.dialect} ${image.base} ${Buffer.from(image.bytes).toString('hex')}`)
      .join('\n');
  } catch (error) {
    assert.ok(error instanceof HexTextError, `${(error as Error).stack}\n${JSON.stringify(text)}`);
    assert.ok(error.line >= 1 && error.line <= text.split('\n').length, `${error.message}\n${JSON.stringify(text)}`);
    assert.ok(error.column >= 1 && error.column <= text.length + 1, error.message);
    return error.message;
  }
}

function streamed(text: string, next: Next): HexImage[] {
  const reader = new HexTextStream({ maxRepeatBytes: MAX_REPEAT, pieceBytes: 1 << 30 });
  const images: HexImage[] = [];
  for (let at = 0; at < text.length; ) {
    const size = 1 + next(300);
    images.push(...reader.push(text.slice(at, at + size)));
    at += size;
  }
  return [...images, ...reader.end()];
}

const test = suite('files/hex-text fuzz');

for (const [index, { file, text }] of texts.entries()) {
  test(`${file}, injured: images or a HexTextError, the same in any chunks`, () => {
    const next = seeded(1000 + index);
    for (let round = 0; round < ROUNDS; round++) {
      const injured = mutate(text, next);
      recogniseHexText(injured);
      const whole = tryRead(injured, () => streamed(injured, () => injured.length));
      assert.is(
        tryRead(injured, () => streamed(injured, next)),
        whole,
        JSON.stringify(injured),
      );
    }
  });
}

test('any dialect forced on any text', () => {
  const next = seeded(77);
  for (let round = 0; round < ROUNDS * 4; round++) {
    const dialect = HEX_DIALECTS[next(HEX_DIALECTS.length)]!;
    const text = round % 3 === 0 ? noise(next) : mutate(texts[next(texts.length)]!.text, next);
    // parseHexText holds a repeat whole: keep the addresses behind "*" small.
    if (!text.includes('*')) tryRead(text, () => parseHexText(text, { dialect }));
  }
});

test('noise', () => {
  const next = seeded(78);
  for (let round = 0; round < ROUNDS * 10; round++) {
    const text = noise(next);
    const dialect = recogniseHexText(text);
    const result = tryRead(text, () => streamed(text, next));
    if (dialect === undefined) assert.match(result, /^line \d+, column 1: no hex dump recognised/);
  }
});

test.run();
