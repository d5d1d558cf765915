// As a program: prints whether code can be generated, and the digest.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '../../src/bytes/hex.js';
import { decodeAt, encodeUnchecked } from '../../src/layout/codec.js';
import { canGenerateCode } from '../../src/layout/generate.js';
import { toJson } from '../../src/layout/json.js';
import { outcome } from './canonical.js';
import { declaredLayouts } from './declared-layouts.js';
import { casesOf, samplesOf } from './engine-law.js';

/** One digest over every declared struct, with the default engine: bytes of drawn values, and values of any bytes as JSON. */
export function codecDigest(): string {
  const hash = createHash('sha256');
  for (const { title, type } of declaredLayouts) {
    hash.update(title);
    for (const { value } of samplesOf(type, title, 2)) hash.update(bytesToHex(encodeUnchecked(type, value)));
    for (const { view, offset, limits } of casesOf(type, title))
      hash.update(outcome(() => JSON.stringify(toJson(decodeAt(type, view, offset, limits)))));
  }
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${canGenerateCode() ? 'generated' : 'interpreted'} ${codecDigest()}\n`);
