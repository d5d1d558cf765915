import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { viewOf } from '../../src/bytes/span.js';
import type { Part } from '../../src/capture/record.js';
import { makePaint } from '../../src/cli/paint.js';
import { bitRange, renderRows } from '../../src/cli/tree/lines.js';
import { countText, integerText } from '../../src/cli/tree/numbers.js';
import { partRows } from '../../src/cli/tree/part-rows.js';
import { lastOf, runsOf } from '../../src/cli/tree/runs.js';
import { bit, bits } from '../../src/layout/bits.js';
import { rep } from '../../src/layout/list.js';
import { bytes, enumeration, guid, rsvd, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import type { AnyType } from '../../src/layout/types.js';
import { anon, union } from '../../src/layout/union.js';

const runs = suite('cli: runs of a list');

const runCases: readonly { note: string; values: readonly number[]; runs: readonly string[] }[] = [
  { note: 'nothing', values: [], runs: [] },
  { note: 'one', values: [7], runs: ['0+1 7..7'] },
  { note: 'contiguous', values: [7, 8, 9], runs: ['0+3 7..9'] },
  { note: 'equal', values: [7, 7, 7], runs: ['0+3 7..7'] },
  { note: 'a gap', values: [7, 8, 10, 11], runs: ['0+2 7..8', '2+2 10..11'] },
  { note: 'down', values: [9, 8, 7], runs: ['0+1 9..9', '1+1 8..8', '2+1 7..7'] },
  { note: 'equal, then contiguous', values: [0, 0, 1, 2], runs: ['0+2 0..0', '2+2 1..2'] },
  { note: 'contiguous, then equal', values: [1, 2, 2, 2], runs: ['0+2 1..2', '2+2 2..2'] },
];

for (const { note, values, runs: wanted } of runCases) {
  runs(note, () => {
    assert.equal(
      runsOf(values).map((run) => `${run.from}+${run.count} ${run.first}..${lastOf(run)}`),
      [...wanted],
    );
  });
}

runs('values of 64 bits', () => {
  const [run] = runsOf([0xfffffffffffffffen, 0xffffffffffffffffn]);
  assert.is(run?.count, 2);
});

const numbers = suite('cli: numbers');

for (const [value, text] of [
  [0, '0'],
  [9, '9'],
  [10, '0xa (10)'],
  [0xffff, '0xffff (65535)'],
  [0x10000, '0x10000'],
  [0xffffffffffffffffn, '0xffffffffffffffff'],
  [-3, '-3'],
] as const)
  numbers(`integer ${value}`, () => assert.is(integerText(value), text));

numbers('counts have their thousands apart', () => {
  assert.equal([7, 999, 1000, 33226752].map(countText), ['7', '999', '1,000', '33,226,752']);
});

for (const [first, count, text] of [
  [0, 1, '0.0 (1)'],
  [31, 1, '3.7 (1)'],
  [4, 28, '0.4-3.7 (28)'],
  [0x1e * 8 + 6, 2, '1e.6-1e.7 (2)'],
] as const)
  numbers(`bits ${first}+${count}`, () => assert.is(bitRange(first, count), text));

const tree = suite('cli: tree');

const status = enumeration('status', { OK: 0, BAD: 1 });
const word = bits('flagword', u32, { vector: 8, mode: bit(3, status), reserved: 21 });

function partOf(type: AnyType, hex: string, more: Partial<Part> = {}): Part {
  const view = viewOf(Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
  return {
    label: '',
    struct: 'x',
    type,
    arch: 'any',
    version: '',
    chosen: false,
    view,
    offset: 0,
    size: view.byteLength,
    slack: [],
    issues: [],
    unattributed: 0,
    classPayload: 0,
    ...more,
  };
}

function linesOf(part: Part, all = false): string[] {
  const rows = partRows(part, { all, guidName: (text) => (text.startsWith('0') ? 'ZERO_GUID' : undefined) });
  return renderRows(rows, { paint: makePaint(false), indent: 0, offsetDigits: 4 }).map((line) => line.trimEnd());
}

const u64hex = (...values: readonly number[]): string =>
  values.map((v) => (v.toString(16).padStart(16, '0').match(/../g) ?? []).reverse().join('')).join('');

const treeCases: readonly { note: string; part: Part; all?: boolean; lines: readonly string[] }[] = [
  {
    note: 'scalars, symbols, reserved',
    part: partOf(
      struct('x', 12, { kind: u32.as(status), size: u16, big: u16, padding: rsvd(4) }),
      '010000000500ffff00000000',
    ),
    lines: [
      '0000  01 00 00 00              kind          1  BAD',
      '0004  05 00                    size          5',
      '0006  ff ff                    big           0xffff (65535)',
      '0008  00 00 00 00              padding       0',
    ],
  },
  {
    note: 'a reserved field that is set, and an unknown value',
    part: partOf(struct('x', 8, { kind: u32.as(status), padding: rsvd(4) }), '0700000000000040'),
    lines: [
      '0000  07 00 00 00              kind          7',
      '                                 ▲ 0x7 is no status  [I_ENUM]',
      '0004  00 00 00 40              padding       0x40000000',
      '                                 ▲ reserved, not zero: 00000040  [I_RESERVED]',
    ],
  },
  {
    note: 'a word of bits: its bytes, then byte.bit ranges',
    part: partOf(struct('x', 8, { id: u32, word }), '0000000021010000'),
    lines: [
      '0000  00 00 00 00              id            0',
      '0004  21 01 00 00              word          0x121  flagword',
      '                  4.0-4.7 (8)    vector      0x21 (33)',
      '                  5.0-5.2 (3)    mode        1  BAD',
      '                 5.3-7.7 (21)    reserved    0',
    ],
  },
  {
    note: 'a word without bits set is one line',
    part: partOf(struct('x', 4, { word }), '00000000'),
    lines: ['0000  00 00 00 00              word          0  flagword'],
  },
  {
    note: 'bits without a word of their own show it',
    part: partOf(struct('x', 1, { w: anon(bits(u8, { a: 1, b: 7 })) }), '03'),
    lines: [
      '0000  03                       u8            0x3',
      '                      0.0 (1)    a           1',
      '                  0.1-0.7 (7)    b           1',
    ],
  },
  {
    note: 'a union is its arm',
    part: partOf(
      struct('x', 8, { tag: u32, u: union({ small: u16, big: u32 }, { by: 'tag', of: { 0: 'small', 1: 'big' } }) }),
      '0100000044332211',
    ),
    lines: [
      '0000  01 00 00 00              tag           1',
      '0004  44 33 22 11              u.big         0x11223344',
    ],
  },
  {
    note: 'an unknown tag shows bytes and says so',
    part: partOf(
      struct('x', 8, { tag: u32, u: union({ small: u16, big: u32 }, { by: 'tag', of: { 0: 'small', 1: 'big' } }) }),
      '0500000044332211',
    ),
    lines: [
      '0000  05 00 00 00              tag           5',
      '0004  44 33 22 11              u.raw         4 bytes  D3".',
      '                                 ▲ tag names no arm  [I_TAG]',
    ],
  },
  {
    note: 'a GUID takes two lines and has a name',
    part: partOf(struct('x', 16, { id: guid }), `${'01'.repeat(4)}${'02'.repeat(12)}`),
    lines: [
      '0000  01 01 01 01 02 02 02 02  id            01010101-0202-0202-0202-020202020202  ZERO_GUID',
      '0008  02 02 02 02 02 02 02 02',
    ],
  },
  {
    note: 'bytes as text, zeros at the end folded',
    part: partOf(struct('x', 32, { body: bytes(32) }), `48656c6c6f20776f726c6421${'00'.repeat(20)}`),
    lines: [
      '0000  48 65 6c 6c 6f 20 77 6f  body          32 bytes  Hello wo',
      '0008  72 6c 64 21 00 00 00 00                rld!....',
      '0010                           …             16 zero bytes',
    ],
  },
  {
    note: 'a contiguous list is one line',
    part: partOf(struct('x', 0, { list: rep(u64) }), u64hex(0x100, 0x101, 0x102)),
    lines: ['0000  00 01 00 00 00 00 00 00… list          0x100 … 0x102  [0..2] 3 entries, contiguous'],
  },
  {
    note: 'a list with gaps shows its runs',
    part: partOf(struct('x', 0, { list: rep(u64) }), u64hex(0x100, 0x101, 0x102, 0x110, 0x111, 0x112, 0x50)),
    lines: [
      '0000  00 01 00 00 00 00 00 00… list          7 entries  3 runs, 0x50 to 0x112',
      '0000  00 01 00 00 00 00 00 00…   [0..2]      0x100 … 0x102  3 contiguous',
      '0018  10 01 00 00 00 00 00 00…   [3..5]      0x110 … 0x112  3 contiguous, gap 0xd',
      '0030  50 00 00 00 00 00 00 00    [6]         0x50 (80)  back 0xc2',
    ],
  },
  {
    note: 'a scattered list keeps its first runs and its last',
    part: partOf(struct('x', 0, { list: rep(u64) }), u64hex(...Array.from({ length: 20 }, (_, i) => 0x1000 - i * 16))),
    lines: [
      '0000  00 10 00 00 00 00 00 00… list          20 entries  20 runs, 0xed0 to 0x1000',
      '0000  00 10 00 00 00 00 00 00    [0]         0x1000 (4096)',
      '0008  f0 0f 00 00 00 00 00 00    [1]         0xff0 (4080)  back 0x10',
      '0010  e0 0f 00 00 00 00 00 00    [2]         0xfe0 (4064)  back 0x10',
      '0018  d0 0f 00 00 00 00 00 00    [3]         0xfd0 (4048)  back 0x10',
      '                                 [4..18]     … 15 more runs, 15 entries, -v shows them',
      '0098  d0 0e 00 00 00 00 00 00    [19]        0xed0 (3792)',
    ],
  },
  {
    note: 'a list of structs keeps its first three and its last',
    part: partOf(struct('x', 0, { list: rep(struct('pair', 2, { a: u8, b: u8 })) }), '0102'.repeat(9)),
    lines: [
      '0000                           list          [0..8] 9 entries  pair',
      ...[0, 2, 4].flatMap((at, i) => [
        `                                 [${i}]         pair`,
        `${at.toString(16).padStart(4, '0')}  01                           a         1`,
        `${(at + 1).toString(16).padStart(4, '0')}  02                           b         2`,
      ]),
      '                                 [3..7]      … 5 more entries, -v shows them',
      '                                 [8]         pair',
      '0010  01                           a         1',
      '0011  02                           b         2',
    ],
  },
  {
    note: 'slack and bytes that nothing accounts for are named',
    part: partOf(struct('x', 4, { a: u32 }), `01000000${'00'.repeat(12)}ffff`, {
      size: 4,
      slack: [{ name: 'padding', offset: 4, length: 12 }],
      unattributed: 2,
    }),
    lines: [
      '0000  01 00 00 00              a             1',
      '0004  00 00 00 00 00 00 00 00… (padding: 12 zero bytes)',
      '                               ▲ 2 bytes that nothing accounts for',
    ],
  },
  {
    note: 'a message inside its carrier',
    part: partOf(struct('x', 12, { size: u32, payload: bytes(8) }), '040000002a00000000000000', {
      slack: [{ name: 'past the payload', offset: 8, length: 4 }],
      inner: {
        ...partOf(struct('note', 4, { id: u32 }), '040000002a00000000000000'),
        name: 'NOTE',
        struct: 'note',
        offset: 4,
        size: 4,
      },
    }),
    lines: [
      '0000  04 00 00 00              size          4',
      '0004                           payload       8 bytes',
      '0004                             NOTE  note',
      '0004  2a 00 00 00                  id        0x2a (42)',
      '0008  00 00 00 00                (past the payload: 4 zero bytes)',
    ],
  },
];

for (const { note, part, all, lines } of treeCases)
  tree(note, () => assert.fixture(linesOf(part, all ?? false).join('\n'), lines.join('\n')));

tree('all unfolds', () => {
  const list = partOf(struct('x', 0, { list: rep(u64) }), u64hex(...Array.from({ length: 20 }, (_, i) => i)));
  assert.is(linesOf(list).length, 1);
  assert.is(linesOf(list, true).length, 21);
  assert.is(linesOf(partOf(struct('x', 4, { word }), '00000000'), true).length, 4);
});

runs.run();
numbers.run();
tree.run();
