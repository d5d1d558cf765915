import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError } from '../../src/bytes/errors.js';
import { bytesToHex } from '../../src/bytes/hex.js';
import { consumed, decodeAt, encodeUnchecked } from '../../src/layout/codec.js';
import { describe } from '../../src/layout/describe.js';
import { fromJson, toJson } from '../../src/layout/json.js';
import { sample, seededDraw } from '../../src/layout/sample.js';
import { declaredLayouts } from '../support/declared-layouts.js';
import { seedOf } from '../support/random.js';

// A sample of every struct, cut at every byte and with every bit turned: an error with a place, or a value; never a crash.

const law = suite('law: truncation and bit flips');

/** Structs of a page have so many bits that only some are turned: evenly spread, and another set of them in each byte. */
const MOST_FLIPS = 500;

const samples = declaredLayouts.map(({ title, type }) => ({
  title,
  type,
  bytes: encodeUnchecked(type, sample(type, seededDraw(seedOf(title)))),
}));

// Most of the time would go into stack traces that nobody reads.
const { stackTraceLimit } = Error;
law.before(() => {
  Error.stackTraceLimit = 0;
});
law.after(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

law('cut anywhere: E_TRUNCATED at a place within the bytes, or a shorter list', () => {
  let refused = 0;
  for (const { title, type, bytes } of samples) {
    for (let length = 0; length < bytes.length; length++) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, length);
      try {
        decodeAt(type, view);
        if (!type.flexible) assert.unreachable(`${title}: ${length} of ${bytes.length} bytes are accepted`);
      } catch (error) {
        const at = `${title}, ${length} of ${bytes.length} bytes: ${String(error)}`;
        if (!(error instanceof DecodeError)) throw error;
        assert.is(error.code, 'E_TRUNCATED', at);
        assert.ok(error.offset >= 0 && error.offset <= length, at);
        assert.is(error.struct, type.name || type.kind, at);
        refused++;
      }
    }
  }
  assert.ok(refused > 10_000, `${refused} cuts are refused`);
});

law('a bit turned anywhere: the value has it, or the bytes now end too early', () => {
  let turned = 0;
  for (const { title, type, bytes } of samples) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const step = Math.max(1, Math.ceil((bytes.length * 8) / MOST_FLIPS)) | 1;
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const value = decodeAt(type, view);
        const again = bytesToHex(encodeUnchecked(type, value));
        if (again !== bytesToHex(bytes, 0, consumed())) assert.unreachable(`${title}, bit ${bit}: ${again}`);
        turned++;
      } catch (error) {
        if (!(error instanceof DecodeError) || error.code !== 'E_TRUNCATED') throw error;
        assert.ok(type.flexible, `${title}, bit ${bit}: ${error.message}`);
      }
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
  assert.ok(turned > 10_000, `${turned} bits`);
});

law('cut or turned bytes are described, and their value goes through JSON', () => {
  for (const { title, type, bytes } of samples) {
    const ones = Uint8Array.from(bytes, (b, i) => (i % 3 === 0 ? b ^ 0xff : b));
    for (const length of [type.minSize, bytes.length]) {
      const view = new DataView(ones.buffer, 0, length);
      try {
        const value = decodeAt(type, view);
        assert.is(describe(type, view).size, consumed(), title);
        fromJson(type, JSON.parse(JSON.stringify(toJson(value))));
      } catch (error) {
        if (!(error instanceof DecodeError) || error.code !== 'E_TRUNCATED') throw error;
      }
    }
  }
});

law.run();
