import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DecodeError } from '../../src/bytes/errors.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { bits } from '../../src/layout/bits.js';
import { check } from '../../src/layout/explain.js';
import { array, rep } from '../../src/layout/list.js';
import { hole, rsvd, u8, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { maySuspect } from '../../src/layout/suspect.js';
import { anon, union } from '../../src/layout/union.js';
import { checkIssues, type IssueRow } from '../support/issue-table.js';
import { counted, marked, reserved, scalars, tagged, unnamed, vpSet, words } from '../support/kernel-layouts.js';

const none = suite('layout: check, nothing to say');

const clean: IssueRow[] = [
  { note: 'scalars of any value', type: scalars, hex: 'ff'.repeat(43), issues: [] },
  {
    note: 'known names, any flags, aligned addresses',
    type: marked,
    hex: '07000000 ffffffff 00f0ffffffffffff 0000000000000000',
    issues: [],
  },
  {
    note: 'reserved parts of zeros',
    type: reserved,
    hex: `${'00'.repeat(20)}07${'00'.repeat(59)}0102030405`,
    issues: [],
  },
  {
    note: 'the arm that the tag says',
    type: tagged,
    hex: `01000000 1000 0000 02000000 ${'ff'.repeat(12)}00000000 ffffffff ffffffff`,
    issues: [],
  },
  { note: 'as many as counted', type: counted, hex: '0100 0000 00000000 01000200', issues: [] },
  {
    note: 'as many banks as the mask has',
    type: vpSet,
    hex: `${'00'.repeat(8)}0100000000000000 1100000000000000`,
    limits: { varEnd: 24 },
    issues: [],
  },
  { note: 'fewer than the rest', type: rep(u64), hex: '00'.repeat(20), limits: { reps: 2 }, issues: [] },
];
checkIssues(none, clean);

for (const { note, type, hex, limits } of clean)
  none(`${note}: the quick test clears it`, () => {
    assert.is(maySuspect(type, viewOf(hexToBytes(hex.replaceAll(/\s/g, ''))), 0, limits), false);
  });

none.run();

const holes = suite('layout: check, I_RESERVED');

checkIssues(holes, [
  {
    note: 'reserved bytes, and holes of the compiler',
    type: reserved,
    hex: `01 000002 ${'00'.repeat(15)}03 07 0000000004 ${'00'.repeat(16)} ${'00'.repeat(37)}06 0102030405`,
    issues: [
      'I_RESERVED one @0: reserved, not zero: 01',
      'I_RESERVED three @1: reserved, not zero: 000002',
      'I_RESERVED words @4: reserved, not zero: 00000000000000000000000000000003',
      'I_RESERVED hole @21: reserved, not zero: 0000000004',
      'I_RESERVED long @42: reserved, not zero: 00000000000000000000000000000000…',
    ],
  },
  {
    note: 'reserved bits, and bits of no field',
    type: words,
    hex: `00 0000 000000ff ${'00'.repeat(8)} 0200000000000000 ${'00'.repeat(8)} 00040000`,
    issues: [
      'I_RESERVED four.rsvd0 @4: reserved, not zero: 0xff0000',
      'I_RESERVED wide.reserved @15: reserved, not zero: 0x1',
      'I_RESERVED gapped.hole @32: reserved, not zero: 0x1',
    ],
  },
  {
    note: 'a reserved bit, and more than 32 of them',
    type: bits(u64, { rsvd0: 1, id: 7, rsvd1: 56 }),
    hex: '01 00000000000080',
    issues: ['I_RESERVED rsvd0 @0: reserved, not zero: 1', 'I_RESERVED rsvd1 @1: reserved, not zero: 0x80000000000000'],
  },
  {
    note: 'in unnamed parts and in elements',
    type: struct({ u: anon(struct({ a: rsvd(1) })), l: array(struct({ x: u8, y: rsvd(1) }), 2) }),
    hex: '01 0000 0002',
    issues: ['I_RESERVED a @0: reserved, not zero: 01', 'I_RESERVED l[1].y @4: reserved, not zero: 02'],
  },
  {
    note: 'elements and arms of nothing else',
    type: struct({ l: array(rsvd(2), 2), u: union({ pad: hole(2) }, { otherwise: 'pad' }) }),
    hex: '0000 0100 0002',
    issues: ['I_RESERVED l[1] @2: reserved, not zero: 0100', 'I_RESERVED u.pad @4: reserved, not zero: 0002'],
  },
  {
    note: 'under the names of members without one',
    type: unnamed,
    hex: `0000 0001 00000100 ${'00'.repeat(16)}`,
    issues: ['I_RESERVED gap @2: reserved, not zero: 0001', 'I_RESERVED reserved @5: reserved, not zero: 0x100'],
  },
]);

holes.run();

const quick = suite('layout: maySuspect');

quick('bytes that end too early are suspect, and check says so', () => {
  const view = new DataView(new ArrayBuffer(4));
  assert.is(maySuspect(scalars, view), true);
  assert.throws(
    () => check(scalars, view),
    (error: unknown) => error instanceof DecodeError && error.code === 'E_TRUNCATED',
  );
});

quick.run();
