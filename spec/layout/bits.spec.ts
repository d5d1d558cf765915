import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bit, bits, gap } from '../../src/layout/bits.js';
import { array } from '../../src/layout/list.js';
import { u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { checkRows, row } from '../support/codec-table.js';
import { colour, manyWords, words } from '../support/kernel-layouts.js';

const rows = suite('layout: bits');

checkRows(rows, [
  row(
    'least significant bit first, in words of every size',
    words,
    // ad = 10 10110 1; 1f55 = 000111 1 101010101; the 64-bit words read 67-89aabc-def12345 and so on from the top.
    'ad 551f bdcdab00 4523f1debcaa8967 ebcdab8967452301 1032547698badcfe 55f1aaaa',
    {
      one: { low: true, mid: 22, high: 2 },
      two: { first: 0x155, flag: true, colour: 7 },
      four: { dev: 29, func: 5, rsvd0: 0xabcd },
      eight: { short: 0x12345, across: 0xabcdef, last: 0x6789a },
      wide: { flag: true, reserved: 5, pfn: 0x0123456789abcden },
      whole: { value: 0xfedcba9876543210n },
      gapped: { left: 0x155, hole: 0xabc, right: 0x2aa },
    },
  ),
  row(
    'reserved bits may be left out',
    bits(u64, { flag: 1, reserved: 3, mbz: 40, id: 20 }),
    '0100000000f0debc',
    { flag: true, reserved: 0, mbz: 0n, id: 0xbcdef },
    { input: { flag: true, id: 0xbcdef } },
  ),
  row(
    'a bit may be written as 0 or 1',
    bits(u8, { a: 1, b: 1, c: 6 }),
    '02',
    { a: false, b: true, c: 0 },
    {
      input: { a: 0, b: 1, c: 0 } as never,
    },
  ),
  row(
    'fields over an array of words, none across two',
    manyWords,
    '89674523 2164a8ec 0100000000000080 a19dc1 3412 feff 0180 cdab ffffffff 0100000000000080',
    {
      mask: { a: 0x123456789n, b: 0x76543210, c: 0x8000000000000001n },
      small: { d: 0xa1, e: 5, f: 19, g: 0x41, h: true },
      pairs: { i: 0x1234, j: 0x7ffe, k: true, l: true, m: 0x4000, n: 0xabcd },
      signed: { o: 0x7fffffff, p: true },
      signed64: { q: 1n, r: true },
    },
  ),
  row('a field that crosses the halves and fits 32 bits', bits(u64, { a: 16, b: 32, c: 16 }), '0000 ffff0180 0000', {
    a: 0,
    b: 0x8001ffff,
    c: 0,
  }),
  row('33 bits at the top', bits(u64, { a: 31, b: 33 }), '00000080 ffffffff', { a: 0, b: 0x1ffffffffn }),
  row('63 bits behind one', bits(u64, { a: 1, b: 63 }), '0200000000000080', { a: false, b: 0x4000000000000001n }),
]);

rows.run();

const places = suite('layout: bit positions');

places('run on from field to field', () => {
  const made = bits(
    'place',
    u16,
    { a: 3, b: bit(2, colour), c: gap(4), reserved0: 7 },
    { word: 'as_uint16', group: 'g' },
  );
  assert.equal(
    made.fields.map((f) => [f.name, f.at, f.width, f.reserved, f.implicit ?? false, f.enumeration?.name ?? '']),
    [
      ['a', 0, 3, false, false, ''],
      ['b', 3, 2, false, false, 'colour'],
      ['c', 5, 4, true, true, ''],
      ['reserved0', 9, 7, true, false, ''],
    ],
  );
  assert.equal([made.size, made.word, made.words, made.wordName, made.group], [2, 'u16', 1, 'as_uint16', 'g']);
});

places('run through the words of an array', () => {
  const made = bits(array(u32, 2), { a: 32, b: 1, c: 31 });
  assert.equal([made.size, made.word, made.words], [8, 'u32', 2]);
  assert.equal(
    made.fields.map((f) => f.at),
    [0, 32, 33],
  );
});

const reservedNames = [
  'reserved',
  'Reserved1',
  '_reserved',
  'rsvd0',
  'RsvdZ',
  'resvd',
  'mbz',
  'unused',
  'padding3',
  'preserved_z',
];
for (const name of reservedNames)
  places(`${name} is reserved by its name`, () => {
    assert.is(bits(u8, { [name]: 8 }).fields[0]!.reserved, true);
  });
for (const name of ['observed', 'used', 'pad', 'rs', 'preserve', 'unmbz'])
  places(`${name} is not`, () => {
    assert.is(bits(u8, { [name]: 8 }).fields[0]!.reserved, false);
  });

places.run();
