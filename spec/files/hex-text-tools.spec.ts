import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import type { HexDialect } from '../../src/files/hex-image.js';
import { parseHexText } from '../../src/files/hex-text.js';
import { withTempFolder } from '../support/project.js';
import { skipUnless } from '../support/skip.js';
import { dumpBytes, seeded } from './dump-bytes.js';

const LENGTHS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 48, 64, 100, 255, 256, 1000, 4096, 4097];

interface Tool {
  readonly command: string;
  readonly runs: readonly {
    readonly args: string;
    readonly dialect: HexDialect;
    /** What the text does not tell and a person would: the dialect is given. */
    readonly told?: true;
    /** The last word is padded and nothing says so: only whole words come back the same. */
    readonly multipleOf?: number;
    /** Words padded with zeros and addresses of an uncommon radix: short dumps may be read in another one. */
    readonly openEnd?: true;
  }[];
}

const tools: readonly Tool[] = [
  {
    command: 'xxd',
    runs: [
      { args: '', dialect: 'xxd' },
      { args: '-g 1', dialect: 'xxd' },
      { args: '-g 3 -c 9', dialect: 'xxd' },
      { args: '-g 4', dialect: 'xxd', told: true },
      { args: '-g 8 -c 24 -u', dialect: 'xxd', told: true },
      { args: '-g 0 -c 40', dialect: 'xxd' },
      { args: '-c 1', dialect: 'xxd' },
      { args: '-a', dialect: 'xxd' },
      { args: '-d', dialect: 'xxd', told: true },
      { args: '-e', dialect: 'xxd-le', told: true },
      { args: '-e -g 2', dialect: 'xxd-le', told: true },
      { args: '-e -g 8', dialect: 'xxd-le', told: true },
      { args: '-e -g 4 -c 32', dialect: 'xxd-le', told: true },
      { args: '-p', dialect: 'plain' },
      { args: '-p -c 0', dialect: 'plain' },
      { args: '-i', dialect: 'c-array', told: true },
    ],
  },
  {
    command: 'hexdump',
    runs: [
      { args: '-C', dialect: 'hexdump' },
      { args: '-C -v', dialect: 'hexdump' },
      { args: '', dialect: 'hexdump-words' },
      { args: '-x', dialect: 'hexdump-words' },
      { args: '-o', dialect: 'od' },
      { args: '-b', dialect: 'od' },
    ],
  },
  {
    command: 'od',
    runs: [
      { args: '', dialect: 'od' },
      { args: '-A x -t x1z', dialect: 'od' },
      { args: '-A x -t x1', dialect: 'od' },
      { args: '-t x1', dialect: 'od' },
      { args: '-t x2', dialect: 'od', told: true },
      { args: '-A x -t x2z', dialect: 'od' },
      { args: '-A d -t x4', dialect: 'od', openEnd: true },
      { args: '-A x -t x8', dialect: 'od' },
      { args: '-A x -t x8z -w32', dialect: 'od' },
      { args: '-b', dialect: 'od' },
      { args: '-A x -t o4', dialect: 'od' },
      { args: '-A x -t x1 -t x4z', dialect: 'od' },
      { args: '-A n -t x1 -v', dialect: 'plain' },
      { args: '-A n -t x8 -v', dialect: 'od', told: true, multipleOf: 16 },
    ],
  },
];

const test = suite('files/hex-text against the tools of this machine');

for (const tool of tools) {
  const found = spawnSync(tool.command, ['-h']).error === undefined;
  for (const run of tool.runs) {
    const name = `${tool.command} ${run.args}`.trim();
    skipUnless(found, `no ${tool.command} on PATH`)(test, `${name}: what was dumped comes back`, async () => {
      await withTempFolder((folder) => {
        const next = seeded(name.length * 7919 + name.charCodeAt(name.length - 1));
        let compared = 0;
        for (const length of LENGTHS) {
          if (length % (run.multipleOf ?? 1) !== 0) continue;
          const bytes = dumpBytes(next, length);
          const file = join(folder, 'bytes.bin');
          writeFileSync(file, bytes);
          const text = spawnSync(tool.command, [...run.args.split(' ').filter(Boolean), file], {
            encoding: 'latin1',
            maxBuffer: 1 << 26,
          }).stdout;
          const images = run.told ? parseHexText(text, { dialect: run.dialect }) : parseHexText(text);
          // Zeros that may be padding leave the radix of the addresses open, and the reader says so.
          if (run.openEnd && images.some((image) => image.doubts.length > 0)) continue;
          compared++;
          const all = images.map((image) => `${image.dialect} ${image.base} ${bytesToHex(image.bytes)}`);
          assert.equal(all, [`${run.dialect} 0 ${bytesToHex(bytes)}`], `${length} bytes`);
        }
        assert.ok(compared >= (run.multipleOf === undefined ? LENGTHS.length - 4 : 5), `${compared} compared`);
      });
    });
  }
}

test.run();
