import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { enumeration, enumMeta, hole, rsvd, u8, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { checkRows, row } from '../support/codec-table.js';
import { access, cells, colour, marked, scalars } from '../support/kernel-layouts.js';

const rows = suite('layout: scalars, marks, GUIDs and atomics');

checkRows(rows, [
  row(
    'little-endian, and a GUID of mixed order',
    scalars,
    '12 5634 efcdab89 efcdab8967452301 feffffff fdffffffffffffff 33221100554477668899aabbccddeeff',
    {
      a: 0x12,
      b: 0x3456,
      c: 0x89abcdef,
      d: 0x0123456789abcdefn,
      e: -2,
      f: -3n,
      g: '00112233-4455-6677-8899-aabbccddeeff',
    },
  ),
  row('all ones', scalars, 'ff'.repeat(43), {
    a: 255,
    b: 65535,
    c: 4294967295,
    d: 18446744073709551615n,
    e: -1,
    f: -1n,
    g: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  }),
  row(
    'the least signed values',
    scalars,
    '00 0000 00000000 0000000000000000 00000080 0000000000000080 00000000000000000000000000000000',
    { a: 0, b: 0, c: 0, d: 0n, e: -0x80000000, f: -0x8000000000000000n, g: '00000000-0000-0000-0000-000000000000' },
  ),
  row(
    'a GUID in capitals is written, and read in small letters',
    struct({ g: scalars.slots[6]!.type }),
    '33221100554477668899aabbccddeeff',
    { g: '00112233-4455-6677-8899-aabbccddeeff' } as never,
    { input: { g: '00112233-4455-6677-8899-AABBCCDDEEFF' } as never, viewed: false },
  ),
  row(
    'unknown names, stray flags and odd addresses survive',
    marked,
    '09000000 f0ffffff 0100000000000000 0700000000000000',
    {
      colour: 9,
      access: 0xfffffff0,
      page: 1n,
      wide: 7n,
    },
  ),
  row('atomics are u32', cells, 'ffffffff 01000080 0200000000000000', {
    write: 0xffffffff,
    read: 0x80000001,
    plain: 2n,
  }),
]);

rows.run();

const names = suite('layout: enumeration');

names('gives the constants, frozen', () => {
  assert.equal({ ...colour }, { RED: 0, GREEN: 1, BLUE: 7 });
  assert.throws(() => Object.assign(colour, { RED: 1 }), TypeError);
});

names('keeps its name and the first name of each value', () => {
  const twice = enumeration('twice', { FIRST: 1, SECOND: 1, WIDE: 0x100000000n });
  const meta = enumMeta(twice);
  assert.is(meta.name, 'twice');
  assert.equal(
    [...meta.names],
    [
      [1, 'FIRST'],
      [0x100000000n, 'WIDE'],
    ],
  );
});

names.run();

const marks = suite('layout: marks of a scalar');

marks('each gives a new type and leaves the old one alone', () => {
  const named = u32.as(colour);
  const inC = u32.asC(colour);
  const flags = u64.flagsOf(access);
  const page = u64.aligned(4096);
  assert.is(u32.enumeration, undefined);
  assert.is(named.enumeration?.name, 'colour');
  assert.is(named.cEnum, undefined);
  assert.is(inC.cEnum, true);
  assert.is(flags.flags, true);
  assert.is(page.multipleOf, 4096);
  assert.is(u64.multipleOf, undefined);
  const both = u32.as(colour).aligned(2);
  assert.equal([both.enumeration?.name, both.multipleOf, both.size], ['colour', 2, 4]);
});

marks.run();

const reserved = suite('layout: rsvd and hole');

const sizes: {
  note: string;
  made: ReturnType<typeof rsvd>;
  size: number;
  count: number;
  element: number;
  implicit: boolean;
}[] = [
  { note: 'rsvd(7) is u8[7]', made: rsvd(7), size: 7, count: 7, element: 1, implicit: false },
  { note: 'rsvd(u32) is one u32', made: rsvd(u32), size: 4, count: 1, element: 4, implicit: false },
  { note: 'rsvd(u64, 3) is u64[3]', made: rsvd(u64, 3), size: 24, count: 3, element: 8, implicit: false },
  { note: 'rsvd(u8, 2) is u8[2]', made: rsvd(u8, 2), size: 2, count: 2, element: 1, implicit: false },
  { note: 'hole(5) is no member', made: hole(5), size: 5, count: 5, element: 1, implicit: true },
];
for (const { note, made, size, count, element, implicit } of sizes) {
  reserved(note, () => {
    assert.equal(
      [made.size, made.minSize, made.count, made.elementSize, made.implicit],
      [size, size, count, element, implicit],
    );
  });
}

reserved.run();
