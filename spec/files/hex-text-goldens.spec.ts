import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { HexDialect, HexImage } from '../../src/files/hex-image.js';
import { parseHexText, recogniseHexText } from '../../src/files/hex-text.js';
import { inProject, listFiles, readProjectText } from '../support/project.js';
import { goldenBytes } from './dump-bytes.js';

interface Expected {
  readonly base?: bigint;
  /** Part of the golden bytes, all of them unless given. */
  readonly from?: number;
  readonly to?: number;
  /** Bytes behind the golden ones. */
  readonly extra?: string;
  readonly holes?: readonly (readonly [offset: number, length: number])[];
}

interface Golden {
  readonly file: string;
  readonly dialect: HexDialect;
  readonly images?: readonly Expected[];
  /** The text leaves something open that must be told to the reader. */
  readonly doubtful?: true;
}

const WHOLE: readonly Expected[] = [{}];
const KERNEL = 0xffff888012345000n;

const goldens: readonly Golden[] = [
  { file: 'xxd', dialect: 'xxd' },
  { file: 'xxd-g1', dialect: 'xxd' },
  { file: 'xxd-g4', dialect: 'xxd' },
  { file: 'xxd-g8-c32', dialect: 'xxd' },
  { file: 'xxd-g0', dialect: 'xxd' },
  { file: 'xxd-c20-upper', dialect: 'xxd' },
  { file: 'xxd-decimal', dialect: 'xxd' },
  { file: 'xxd-skip', dialect: 'xxd' },
  { file: 'xxd-offset', dialect: 'xxd', images: [{ base: 0x12345000n }] },
  { file: 'xxd-le', dialect: 'xxd-le' },
  { file: 'xxd-le-g2', dialect: 'xxd-le' },
  { file: 'xxd-le-g8-c32', dialect: 'xxd-le' },
  { file: 'xxd-plain', dialect: 'plain' },
  { file: 'xxd-include', dialect: 'c-array' },
  { file: 'hexdump-C', dialect: 'hexdump' },
  { file: 'hexdump-C-seek', dialect: 'hexdump', images: [{ base: 3n, from: 3 }] },
  { file: 'hexdump', dialect: 'hexdump-words' },
  { file: 'hexdump-x', dialect: 'hexdump-words' },
  { file: 'hexdump-octal', dialect: 'od' },
  { file: 'hexdump-octal-bytes', dialect: 'od' },
  { file: 'od', dialect: 'od' },
  { file: 'od-octal-bytes', dialect: 'od' },
  { file: 'od-x-x1z', dialect: 'od' },
  { file: 'od-x1', dialect: 'od' },
  { file: 'od-x2', dialect: 'od' },
  { file: 'od-d-x4', dialect: 'od' },
  { file: 'od-x-x8z', dialect: 'od' },
  { file: 'od-x-x4z-big', dialect: 'od' },
  { file: 'od-two-types', dialect: 'od' },
  { file: 'od-n-x1', dialect: 'plain' },
  // Without addresses nothing tells where the last word ends.
  { file: 'od-n-x4', dialect: 'od', images: [{ extra: '000000' }], doubtful: true },
  { file: 'gdb', dialect: 'gdb', images: [{ base: 0x404020n }] },
  {
    file: 'gdb-sizes',
    dialect: 'gdb',
    images: [
      { base: 0x404020n, to: 28 },
      { base: 0x404080n, from: 96, to: 104 },
    ],
  },
  { file: 'gdb-print', dialect: 'c-array', images: [{ extra: '00'.repeat(11) }] },
  { file: 'qemu-monitor', dialect: 'gdb', images: [{ base: 0x7ff000n, to: 96 }] },
  { file: 'windbg', dialect: 'windbg', images: [{ base: 0xfffff80312345670n }] },
  {
    file: 'windbg-unreadable',
    dialect: 'windbg',
    images: [
      {
        base: 0xfffff80312345670n,
        to: 96,
        holes: [
          [16, 2],
          [31, 3],
          [95, 1],
        ],
      },
    ],
  },
  {
    file: 'windbg-words',
    dialect: 'windbg',
    images: [0x5670n, 0x6670n, 0x7670n].map((low) => ({ base: 0xfffff80312340000n + low, to: 96 })),
  },
  {
    file: 'windbg-physical',
    dialect: 'windbg',
    images: [
      { base: 0x1aa000n, to: 83 },
      { base: 0x11b963280n, to: 96 },
      { base: 0x25c92f80n, to: 96 },
    ],
  },
  {
    file: 'crash',
    dialect: 'crash',
    images: [
      { base: KERNEL, to: 96 },
      { base: KERNEL + 0x1000n, to: 96 },
      { base: KERNEL + 0x2000n, to: 96 },
      { base: KERNEL + 0x3000n },
      { base: 0x1000n, to: 32 },
    ],
  },
  { file: 'drgn', dialect: 'xxd-le', images: [{ base: KERNEL, to: 96 }] },
  { file: 'kernel-log', dialect: 'kernel-log', images: [{}, {}, {}] },
  { file: 'kernel-log-pointers', dialect: 'kernel-log', images: [{}, { base: KERNEL }, { to: 40 }] },
  { file: 'kernel-log-bare', dialect: 'kernel-log', images: [{}, { to: 32 }] },
  { file: 'bpftrace-rh', dialect: 'bpftrace', images: [{ to: 40 }, { from: 80, to: 133 }] },
  { file: 'bpftrace-rx', dialect: 'bpftrace', images: [{ to: 40 }, { from: 80, to: 133 }] },
];

/** Not hex at all: binary, decimal and character dumps. */
const NOT_HEX = ['xxd-bits', 'od-decimal', 'od-characters'];

function describe(image: HexImage): string {
  const holes = image.holes.map((hole) => `${hole.offset}+${hole.length}`).join(' ');
  return `${image.dialect} 0x${image.base.toString(16)} ${bytesToHex(image.bytes)} holes ${holes}`;
}

function expectedText(golden: Golden, expected: Expected): string {
  const bytes = goldenBytes().slice(expected.from ?? 0, expected.to);
  for (const [offset, length] of expected.holes ?? []) bytes.fill(0, offset, offset + length);
  const holes = (expected.holes ?? []).map(([offset, length]) => `${offset}+${length}`).join(' ');
  const base = (expected.base ?? 0n).toString(16);
  return `${golden.dialect} 0x${base} ${bytesToHex(bytes)}${expected.extra ?? ''} holes ${holes}`;
}

const test = suite('files/hex-text goldens');

for (const golden of goldens) {
  test(`${golden.file}.txt is ${golden.dialect}`, () => {
    const text = readProjectText('fixtures', 'hex-text', `${golden.file}.txt`);
    assert.is(recogniseHexText(text), golden.dialect);
    const images = parseHexText(text);
    assert.equal(
      images.map(describe),
      (golden.images ?? WHOLE).map((expected) => expectedText(golden, expected)),
    );
    assert.is(
      images.some((image) => image.doubts.length > 0),
      golden.doubtful === true,
    );
    // A reader that is told the dialect must find the same as one that finds it out.
    assert.equal(parseHexText(text, { dialect: golden.dialect }).map(describe), images.map(describe));
  });

  test(`${golden.file}.txt keeps the line of every byte`, () => {
    const text = readProjectText('fixtures', 'hex-text', `${golden.file}.txt`);
    const count = text.split('\n').length;
    for (const { bytes, lines, holes } of parseHexText(text)) {
      let at = 0;
      let line = 0;
      for (const span of lines) {
        assert.is(span.offset, at);
        assert.ok(span.line > line && span.line <= count, `line ${span.line}`);
        assert.ok(span.length > 0);
        at += span.length;
        line = span.line;
      }
      assert.is(at, bytes.length);
      for (const hole of holes) assert.ok(hole.offset + hole.length <= bytes.length);
    }
  });

  test(`${golden.file}.txt reads the same with CRLF and behind a byte order mark`, () => {
    const text = readProjectText('fixtures', 'hex-text', `${golden.file}.txt`);
    const plain = parseHexText(text).map(describe);
    assert.equal(parseHexText(text.replaceAll('\n', '\r\n')).map(describe), plain);
    assert.equal(parseHexText(`\ufeff${text}`).map(describe), plain);
    assert.equal(parseHexText(text.trimEnd()).map(describe), plain);
  });
}

for (const file of NOT_HEX) {
  test(`${file}.txt is not taken for hex`, () => {
    const text = readProjectText('fixtures', 'hex-text', `${file}.txt`);
    assert.is(recogniseHexText(text), undefined);
    assert.throws(() => parseHexText(text), /no hex dump recognised/);
  });
}

test('every fixture is tried', () => {
  const files = listFiles(inProject('fixtures', 'hex-text'), '.txt').map((file) => file.replace(/\.txt$/, ''));
  assert.equal(files.sort(), [...goldens.map((golden) => golden.file), ...NOT_HEX].sort());
});

test.run();
