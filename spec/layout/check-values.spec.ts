import { suite } from 'uvu';
import { bit, bits } from '../../src/layout/bits.js';
import { rep, varhead } from '../../src/layout/list.js';
import { enumeration, i32, u8, u16, u32, u64 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { union } from '../../src/layout/union.js';
import { checkIssues } from '../support/issue-table.js';
import {
  colour,
  counted,
  fixedLists,
  headAndReps,
  marked,
  openUnion,
  ranges,
  selfTagged,
  tagged,
  vpSet,
} from '../support/kernel-layouts.js';

const names = suite('layout: check, I_ENUM and I_ALIGN');

const huge = enumeration('huge', { TOP: 0xffff000000000000n });

checkIssues(names, [
  {
    note: 'unknown names and odd addresses',
    type: marked,
    hex: '03000000 f0000000 0100000000000000 0700000001000000',
    issues: [
      'I_ENUM colour @0: 0x3 is no colour',
      'I_ALIGN page @8: 0x1 is no multiple of 4096',
      'I_ENUM wide @16: 0x100000007 is no colour',
    ],
  },
  {
    note: 'in bits',
    type: bits(u8, { a: bit(2, colour), b: bit(1, huge), c: 5 }),
    hex: '02',
    issues: ['I_ENUM a @0: 0x2 is no colour', 'I_ENUM b @0: 0x0 is no huge'],
  },
  {
    note: 'in bits across the halves',
    type: bits(u64, { x: 30, a: bit(4, colour), y: 30 }),
    hex: '00000040 00000000',
    issues: [],
  },
  {
    note: 'and unknown there',
    type: bits(u64, { x: 30, a: bit(4, colour), y: 30 }),
    hex: '00000080 00000000',
    issues: ['I_ENUM a @3: 0x2 is no colour'],
  },
  {
    note: 'constants of 64 bits',
    type: struct({ a: u64.as(huge), b: u64.as(huge) }),
    hex: '000000000000ffff 010000000000ffff',
    issues: ['I_ENUM b @8: 0xffff000000000001 is no huge'],
  },
  {
    note: 'elements of arrays',
    type: fixedLists.slots[1]!.type,
    hex: '0300 0700',
    issues: ['I_ENUM [0] @0: 0x3 is no colour'],
  },
  {
    note: 'elements of lists',
    type: struct({ l: rep(u32.as(colour).aligned(7)) }),
    hex: '00000000 07000000 08000000',
    issues: ['I_ENUM l[2] @8: 0x8 is no colour', 'I_ALIGN l[2] @8: 0x8 is no multiple of 7'],
  },
  {
    note: 'multiples of what is no power of two',
    type: struct({ a: u64.aligned(3), b: i32.aligned(3) }),
    hex: '0000000003000000 fdffffff',
    issues: [],
  },
  {
    note: 'and what is none',
    type: struct({ a: u64.aligned(3), b: i32.aligned(3) }),
    hex: '0100000003000000 feffffff',
    issues: ['I_ALIGN a @0: 0x300000001 is no multiple of 3', 'I_ALIGN b @8: -2 is no multiple of 3'],
  },
]);

names.run();

const arms = suite('layout: check, I_TAG and I_TAIL');

checkIssues(arms, [
  {
    note: 'a sibling that names no arm',
    type: tagged,
    hex: `09000000 0000 0000 00000000 ${'00'.repeat(24)}`,
    issues: ['I_TAG byField @12: source names no arm'],
  },
  {
    note: 'bits of an arm that name none',
    type: selfTagged,
    hex: '0000000000000080',
    issues: ['I_TAG  @0: pci.top.type names no arm'],
  },
  {
    note: 'no tag at all',
    type: struct({ u: union({ a: u8, b: u16 }, {}) }),
    hex: '0000',
    issues: ['I_TAG u @0: no tag tells the arm'],
  },
  {
    note: 'bytes behind a shorter arm',
    type: tagged,
    hex: `02000000 0000 0000 00000000 ${'00'.repeat(15)}01 00000000 00000200`,
    issues: [
      'I_TAIL byField.tail @20: bytes behind the arm, not zero: 0000000000000001',
      'I_TAIL masked.tail @34: bytes behind the arm, not zero: 0200',
    ],
  },
  {
    note: 'bytes behind the arm of a union of open size',
    type: openUnion,
    hex: '01000000 2a000000 0001',
    issues: ['I_TAIL body.tail @8: bytes behind the arm, not zero: 0001'],
  },
]);

arms.run();

const counts = suite('layout: check, I_COUNT');

checkIssues(counts, [
  {
    note: 'more counted than there are',
    type: counted,
    hex: '0300 0000 00000000 01000200',
    issues: ['I_COUNT entries @8: 3 elements are asked for, 1 are there'],
  },
  {
    note: 'more reps than there are',
    type: rep(u64),
    hex: '00'.repeat(20),
    limits: { reps: 3 },
    issues: ['I_COUNT  @0: 3 elements are asked for, 2 are there'],
  },
  {
    note: 'not where the list goes on in another message',
    type: ranges,
    hex: '00000000 05000000 00100000 00000000',
    issues: [],
  },
  {
    note: 'fewer banks than the mask has',
    type: vpSet,
    hex: `${'00'.repeat(8)}0300000000000000 1100000000000000`,
    limits: { varEnd: 24 },
    issues: ['I_COUNT banks @16: 2 elements are named, the variable header has 1'],
  },
  {
    note: 'more banks than the mask has, and no reps',
    type: headAndReps,
    hex: `${'00'.repeat(16)}0100000000000000 ${'00'.repeat(16)}`,
    limits: { varEnd: 40, reps: 1 },
    issues: [
      'I_COUNT set.banks @24: 1 elements are named, the variable header has 2',
      'I_COUNT list @40: 1 elements are asked for, 0 are there',
    ],
  },
  {
    note: 'more banks named than there are bytes',
    type: vpSet,
    hex: `${'00'.repeat(8)}0300000000000000 1100000000000000`,
    issues: ['I_COUNT banks @16: 2 elements are asked for, 1 are there'],
  },
  {
    note: 'elements of varying size, the last cut off',
    type: struct({ n: u8, l: rep(struct({ k: u8, h: varhead(u8, { count: 'k' }) }), { count: 'n' }) }),
    hex: '02 03aabbcc',
    issues: ['I_COUNT l @1: 2 elements are asked for, 1 are there'],
  },
]);

counts.run();
