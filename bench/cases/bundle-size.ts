import * as assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { withTempFolder } from '../../spec/support/project.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { type BenchCase, below } from '../case.js';
import { pageBytes } from '../samples.js';

/** What a browser program writes to read and write one struct; `hvabi` is the built package. */
const WAYS: Readonly<Record<string, string>> = {
  'from hvabi': `import { decode, encode, hv_input_map_device_gpa_pages as type } from 'hvabi';`,
  'from hvabi/layout and hvabi/abi': `import { decode, encode } from 'hvabi/layout';
import { hv_input_map_device_gpa_pages as type } from 'hvabi/abi';`,
};

const REST = `
export const read = (bytes) => decode(type, bytes);
export const write = (value) => encode(type, value);
`;

interface Bundle {
  read(bytes: Uint8Array): unknown;
  write(value: unknown): Uint8Array;
}

const bench: BenchCase = {
  question: 'How large is a browser bundle that reads and writes hv_input_map_device_gpa_pages?',
  built: true,
  run() {
    // Below the checkout, where the package finds itself by its name.
    return withTempFolder(async (folder) => {
      const bytes = pageBytes();
      const sizes = [];
      for (const [i, [name, imports]] of Object.entries(WAYS).entries()) {
        const entry = join(folder, `entry-${i}.js`);
        const outfile = join(folder, `bundle-${i}.mjs`);
        writeFileSync(entry, imports + REST);
        const made = await build({
          entryPoints: [entry],
          outfile,
          bundle: true,
          minify: true,
          format: 'esm',
          platform: 'browser',
          logLevel: 'error',
        });
        assert.equal(made.errors.length, 0);
        const { read, write } = (await import(pathToFileURL(outfile).href)) as Bundle;
        assert.equal(bytesToHex(write(read(bytes))), bytesToHex(bytes));
        const text = readFileSync(outfile, 'utf8');
        assert.doesNotMatch(text, /node:/);
        sizes.push({ name, bytes: Buffer.byteLength(text), packed: gzipSync(text).length });
      }
      return {
        figures: sizes.map(({ name, bytes: size, packed }) => ({
          what: `esbuild --bundle --minify, ${name}`,
          value: size / 1e3,
          unit: 'kB',
          note: `${(packed / 1e3).toFixed(1)} kB with gzip`,
        })),
        bars: sizes.map(({ name, bytes: size }) => below(`decode and encode, ${name}`, size / 1e3, 15, 'kB')),
      };
    });
  },
};

export default bench;
