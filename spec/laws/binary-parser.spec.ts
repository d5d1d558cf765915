import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { decode } from '../../src/layout/codec.js';
import { readings } from '../support/binary-parser-readings.js';
import { plain } from '../support/codec-table.js';
import { randomBytes, randomWords } from '../support/random.js';

const law = suite('law: binary-parser reads the same');

/** Leaves by path; `$` names add no step, and reserved bytes that are zero are left out, as decode does. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (value instanceof Uint8Array) return [[path, bytesToHex(value)]];
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, part]) =>
    leaves(part, key.startsWith('$') ? path : path === '' ? key : `${path}.${key}`),
  );
}

const zeroReserved = ([path, value]: [string, unknown]) =>
  /(^|\.)(reserved|padding)\d?$/.test(path) && typeof value === 'string' && /^0*$/.test(value);

for (const [at, { type, parser, size, shape }] of readings.entries()) {
  law(`${type.name}, ${size} bytes`, () => {
    for (let seed = 0; seed < 40; seed++) {
      const bytes =
        seed === 0
          ? new Uint8Array(size)
          : seed === 1
            ? new Uint8Array(size).fill(255)
            : randomBytes(size, at * 100 + seed);
      shape?.(new DataView(bytes.buffer), randomWords(seed + 1));
      const ours = leaves(plain(decode(type, bytes)));
      const theirs = leaves(parser.parse(bytes)).filter((leaf) => !zeroReserved(leaf));
      const sorted = (all: [string, unknown][]) =>
        all.map(([path, value]) => `${path} = ${typeof value} ${String(value)}`).sort();
      assert.equal(sorted(ours), sorted(theirs), `seed ${seed}`);
    }
  });
}

law.run();
