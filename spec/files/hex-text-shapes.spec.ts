import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { HexDialect } from '../../src/files/hex-image.js';
import { parseHexText } from '../../src/files/hex-text.js';
import { dumpBytes, randomBytes, seeded } from './dump-bytes.js';
import * as shapes from './dump-shapes.js';

const ROUNDS = 40;
const BASE = 0xfffff80312345670n;
const offset = (at: number) => at.toString(16).padStart(8, '0');

interface Shape {
  readonly name: string;
  readonly dialect: HexDialect;
  readonly base: bigint;
  /** Words that the shape cannot cut short. */
  readonly multipleOf: number;
  readonly dump: (bytes: Uint8Array, next: (n: number) => number) => string;
}

const table: readonly Shape[] = [
  { name: 'db', dialect: 'windbg', base: BASE, multipleOf: 1, dump: (b) => shapes.windbgBytes(b, BASE) },
  ...([2, 4, 8] as const).map((size) => ({
    name: `d${{ 2: 'w', 4: 'd', 8: 'q' }[size]}`,
    dialect: 'windbg' as const,
    base: BASE,
    multipleOf: size,
    dump: (b: Uint8Array) => shapes.windbgWords(b, BASE, size),
  })),
  {
    name: '!db',
    dialect: 'windbg',
    base: 0x1aa000n,
    multipleOf: 1,
    dump: (b, next) => `lkd> !db 1aa000\n${shapes.windbgPhysicalBytes(b, 0x1aa000, randomBytes(next, 16))}`,
  },
  ...([4, 8] as const).map((size) => ({
    name: `!d${{ 4: 'd', 8: 'q' }[size]}`,
    dialect: 'windbg' as const,
    base: 0x11b963280n,
    multipleOf: size,
    dump: (b: Uint8Array) => shapes.windbgPhysicalWords(b, 0x11b963280, size),
  })),
  ...([1, 2, 4, 8] as const).map((size) => ({
    name: `crash rd -${size * 8}`,
    dialect: 'crash' as const,
    base: BASE,
    multipleOf: size,
    dump: (b: Uint8Array) => shapes.crashWords(b, BASE, size),
  })),
  ...([1, 2, 4, 8] as const).map((size) => ({
    name: `gdb x/${size}`,
    dialect: 'gdb' as const,
    base: BASE,
    multipleOf: size,
    dump: (b: Uint8Array) => shapes.gdbWords(b, BASE, size, 'std::map<int, page>::rows'),
  })),
  ...([1, 2, 4, 8] as const).map((size) => ({
    name: `QEMU xp/${size}`,
    dialect: 'gdb' as const,
    base: 0x7ff000n,
    multipleOf: size,
    dump: (b: Uint8Array) => shapes.monitorWords(b, 0x7ff000n, size),
  })),
  ...([16, 32] as const).flatMap((rowSize) =>
    ([1, 2, 4, 8] as const).flatMap((groupSize) =>
      [true, false].map((ascii) => ({
        name: `print_hex_dump ${rowSize}/${groupSize}${ascii ? ' with characters' : ''}`,
        dialect: 'kernel-log' as const,
        base: 0n,
        multipleOf: 1,
        dump: (b: Uint8Array, next: (n: number) => number) =>
          shapes.kernelDump(b, {
            rowSize,
            groupSize,
            ascii,
            prefix: (at) => `[${next(99999)}.${100000 + next(899999)}] be 00 11: ${offset(at)}: `,
          }),
      })),
    ),
  ),
];

const test = suite('files/hex-text shapes');

for (const shape of table) {
  test(`${shape.name}: what was dumped comes back`, () => {
    const next = seeded(shape.name.length * 104729 + shape.name.charCodeAt(shape.name.length - 1));
    for (let round = 0; round < ROUNDS; round++) {
      const length = (1 + next(round < 10 ? 20 : 300)) * shape.multipleOf;
      const bytes = dumpBytes(next, length);
      const text = shape.dump(bytes, next);
      const images = parseHexText(text);
      const all = images.map((image) => `${image.dialect} ${image.base.toString(16)} ${bytesToHex(image.bytes)}`);
      assert.equal(
        all,
        [`${shape.dialect} ${shape.base.toString(16)} ${bytesToHex(bytes)}`],
        `round ${round}\n${text}`,
      );
    }
  });
}

test('db: unreadable bytes are holes and zero', () => {
  const next = seeded(3);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = dumpBytes(next, 16 + next(200));
    const lost = new Set(Array.from({ length: next(20) }, () => next(bytes.length)));
    const images = parseHexText(shapes.windbgBytes(bytes, BASE, lost));
    assert.is(images.length, 1);
    const image = images[0]!;
    const holes = new Set(
      image.holes.flatMap((hole) => Array.from({ length: hole.length }, (_, i) => hole.offset + i)),
    );
    assert.equal(
      [...holes].sort((a, b) => a - b),
      [...lost].sort((a, b) => a - b),
    );
    assert.is(bytesToHex(image.bytes), bytesToHex(bytes.map((b, i) => (lost.has(i) ? 0 : b))));
  }
});

test('rows whose %p is a hash follow each other by position', () => {
  const next = seeded(4);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = dumpBytes(next, 1 + next(200));
    const prefix = () => `[ 1.5] page: 00000000${offset(next(0xffffffff))}: `;
    const images = parseHexText(shapes.kernelDump(bytes, { rowSize: 16, groupSize: 1, ascii: true, prefix }));
    assert.equal(
      images.map((image) => `${image.base} ${bytesToHex(image.bytes)}`),
      [`0 ${bytesToHex(bytes)}`],
    );
  }
});

test.run();
