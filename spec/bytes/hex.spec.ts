import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError } from '../../src/bytes/errors.js';
import { bytesToHex, hex8, hex64, hexInto, hexNumber, hexToBytes } from '../../src/bytes/hex.js';

const both = suite('bytes: bytesToHex and hexToBytes');

const table: [string, number[]][] = [
  ['', []],
  ['00', [0]],
  ['0f', [15]],
  ['f0', [240]],
  ['00017f80ff', [0, 1, 127, 128, 255]],
];
for (const [hex, bytes] of table)
  both(`${hex || 'nothing'}`, () => {
    assert.is(bytesToHex(Uint8Array.from(bytes)), hex);
    assert.equal([...hexToBytes(hex)], bytes);
  });

both('every byte, in either case', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const hex = Array.from(all, (b) => b.toString(16).padStart(2, '0')).join('');
  assert.is(bytesToHex(all), hex);
  assert.equal(hexToBytes(hex), all);
  assert.equal(hexToBytes(hex.toUpperCase()), all);
});

both('a part of the bytes', () => {
  assert.is(bytesToHex(Uint8Array.of(1, 2, 3, 4), 1, 3), '0203');
  assert.is(bytesToHex(Uint8Array.of(1, 2), 2), '');
});

both('longer than any stretch it may be read in', () => {
  for (const length of [4095, 4096, 4097, 10_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31);
    assert.is(bytesToHex(hexToBytes(bytesToHex(bytes))), bytesToHex(bytes));
  }
});

both.run();

const into = suite('bytes: hexInto');

into('writes at a place and says how much', () => {
  const out = new Uint8Array(5).fill(0x5a);
  assert.is(hexInto('0102', out, 2), 2);
  assert.is(bytesToHex(out), '5a5a01025a');
});

into('does not drop what has no room', () => {
  const out = new Uint8Array(3);
  assert.throws(() => hexInto('0102', out, 2), RangeError);
  assert.is(bytesToHex(out), '000000');
});

into.run();

const refused = suite('bytes: hexToBytes, what it refuses');

const wrong: { text: string; offset: number; says: string }[] = [
  { text: '0', offset: 1, says: 'odd number of hex digits (1)' },
  { text: '012', offset: 3, says: 'odd number of hex digits (3)' },
  { text: '0g', offset: 0, says: 'expected two hex digits, found "0g"' },
  { text: 'g0', offset: 0, says: 'expected two hex digits, found "g0"' },
  { text: '005g', offset: 2, says: 'expected two hex digits, found "5g"' },
  { text: '00 1', offset: 2, says: 'expected two hex digits, found " 1"' },
  { text: '0x01', offset: 0, says: 'expected two hex digits, found "0x"' },
  { text: '00/:', offset: 2, says: 'expected two hex digits, found "/:"' },
  { text: '00@`', offset: 2, says: 'expected two hex digits, found "@`"' },
  { text: '00-1', offset: 2, says: 'expected two hex digits, found "-1"' },
  { text: '00é0', offset: 2, says: 'expected two hex digits, found "é0"' },
  { text: '0٠', offset: 0, says: 'expected two hex digits, found "0٠"' },
  { text: '00İ1', offset: 2, says: 'expected two hex digits, found "İ1"' },
  { text: '\u0000\u0000', offset: 0, says: 'expected two hex digits, found "\\u0000\\u0000"' },
  { text: `${'00'.repeat(5000)}zz`, offset: 10_000, says: 'expected two hex digits, found "zz"' },
  { text: `${'00'.repeat(4095)}0é${'00'.repeat(9)}`, offset: 8190, says: 'expected two hex digits, found "0é"' },
];
for (const { text, offset, says } of wrong) {
  refused(text.length > 20 ? `${text.length} characters` : JSON.stringify(text), () => {
    try {
      hexToBytes(text);
    } catch (error) {
      assert.instance(error, DecodeError);
      const { code, offset: at, message } = error as DecodeError;
      assert.equal([code, at], ['E_HEX', offset]);
      assert.ok(message.includes(says), message);
      return;
    }
    assert.unreachable('is accepted');
  });
}

refused('two surrogates', () => {
  assert.throws(
    () => hexToBytes('😀'),
    (error: unknown) => error instanceof DecodeError && error.offset === 0,
  );
});

refused.run();

const numbers = suite('bytes: hex8, hex64 and hexNumber');

numbers('hex8 is two digits', () => {
  assert.equal([0, 9, 255, 256 + 17].map(hex8), ['00', '09', 'ff', '11']);
});

numbers('hex64 is 0x and 16 digits, of negative numbers the two’s complement', () => {
  assert.equal([0n, 0xdeadbeefn, -1n, (1n << 64n) - 1n].map(hex64), [
    '0x0000000000000000',
    '0x00000000deadbeef',
    '0xffffffffffffffff',
    '0xffffffffffffffff',
  ]);
});

numbers('hexNumber is 0x and at least so many digits', () => {
  assert.equal(
    [hexNumber(10), hexNumber(10, 4), hexNumber(0x12345n, 4), hexNumber(0)],
    ['0xa', '0x000a', '0x12345', '0x0'],
  );
});

numbers.run();
