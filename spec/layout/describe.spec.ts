import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { bit, bits } from '../../src/layout/bits.js';
import { describe, type FieldNode } from '../../src/layout/describe.js';
import type { Limits } from '../../src/layout/limits.js';
import { rsvd, u8, u32 } from '../../src/layout/scalar.js';
import { isSeq } from '../../src/layout/seq.js';
import { struct } from '../../src/layout/struct.js';
import type { AnyType } from '../../src/layout/types.js';
import {
  cells,
  colour,
  counted,
  endless,
  fixedLists,
  headAndReps,
  marked,
  openUnion,
  ranges,
  scalars,
  selfTagged,
  tagged,
  unnamed,
  words,
} from '../support/kernel-layouts.js';

/** One line per node: `path @offset+size[bits] = value (symbol)`, children behind their owner. */
function linesOf(node: FieldNode): string[] {
  const bits = node.bitOffset === undefined ? '' : ` bits ${node.bitOffset}+${node.bitSize}`;
  const value = node.value === undefined ? '' : ` = ${shown(node.value)}`;
  const symbol = node.symbol === undefined ? '' : ` (${node.symbol})`;
  const own = `${node.path || '.'} @${node.offset}+${node.size}${bits}${value}${symbol}`;
  return [own, ...(node.children ?? []).flatMap(linesOf)];
}

const shown = (value: unknown): string =>
  value instanceof Uint8Array ? bytesToHex(value) : isSeq(value) ? `[${value.toArray().join(' ')}]` : String(value);

const walk = (type: AnyType, hex: string, limits?: Limits) =>
  describe(type, viewOf(hexToBytes(hex.replaceAll(/\s/g, ''))), 0, limits);

const nodes = suite('layout: describe, the nodes');

const table: { note: string; type: AnyType; hex: string; limits?: Limits; lines: string[] }[] = [
  {
    note: 'scalars',
    type: scalars,
    hex: '12 5634 efcdab89 efcdab8967452301 feffffff fdffffffffffffff 33221100554477668899aabbccddeeff',
    lines: [
      '. @0+43',
      'a @0+1 = 18',
      'b @1+2 = 13398',
      'c @3+4 = 2309737967',
      'd @7+8 = 81985529216486895',
      'e @15+4 = -2',
      'f @19+8 = -3',
      'g @27+16 = 00112233-4455-6677-8899-aabbccddeeff',
    ],
  },
  {
    note: 'names, flags and numbers',
    type: marked,
    hex: '07000000 0d000000 0010000000000000 0100000000000000',
    lines: [
      '. @0+24',
      'colour @0+4 = 7 (BLUE)',
      'access @4+4 = 13 (READ | EXEC | 0x8)',
      'page @8+8 = 4096',
      'wide @16+8 = 1 (GREEN)',
    ],
  },
  {
    note: 'bits: bytes they touch, bits from the start of the structure',
    type: words,
    hex: 'ad 551f bdcdab00 4523f1debcaa8967 ebcdab8967452301 1032547698badcfe 55f1aaaa',
    lines: [
      '. @0+35',
      'one @0+1',
      'one.low @0+1 bits 0+1 = true',
      'one.mid @0+1 bits 1+5 = 22',
      'one.high @0+1 bits 6+2 = 2',
      'two @1+2',
      'two.first @1+2 bits 8+9 = 341',
      'two.flag @2+1 bits 17+1 = true',
      'two.colour @2+1 bits 18+6 = 7 (BLUE)',
      'four @3+4',
      'four.dev @3+1 bits 24+5 = 29',
      'four.func @3+1 bits 29+3 = 5',
      'four.rsvd0 @4+3 bits 32+24 = 43981',
      'eight @7+8',
      'eight.short @7+3 bits 56+20 = 74565',
      'eight.across @9+4 bits 76+24 = 11259375',
      'eight.last @12+3 bits 100+20 = 424090',
      'wide @15+8',
      'wide.flag @15+1 bits 120+1 = true',
      'wide.reserved @15+1 bits 121+3 = 5',
      'wide.pfn @15+8 bits 124+60 = 5124095576030430',
      'whole @23+8',
      'whole.value @23+8 bits 184+64 = 18364758544493064720',
      'gapped @31+4',
      'gapped.left @31+2 bits 248+10 = 341',
      'gapped.hole @32+2 bits 258+12 = 2748',
      'gapped.right @33+2 bits 270+10 = 682',
    ],
  },
  {
    note: 'members without a name add no step to the path',
    type: unnamed,
    hex: '0102 0000 ff000000 c3 000001 05000000 01000000 02000000',
    lines: [
      '. @0+24',
      'kind @0+2 = 513',
      'gap @2+2 = 0000',
      'on @4+1 bits 32+1 = true',
      'level @4+1 bits 33+7 = 127',
      'reserved @5+3 bits 40+24 = 0',
      'lo @8+1 bits 64+4 = 3',
      'hi @8+1 bits 68+4 = 12',
      'rest @9+3 = 000001',
      'last @12+4 = 5',
      'pick @16+8',
      'pick.half @16+8',
      'pick.half.a @16+4 = 1',
      'pick.half.b @20+4 = 2',
    ],
  },
  {
    note: 'the arm and its tail',
    type: tagged,
    hex: '02000000 0000 0000 01000000 0100000000000000 0000000000000005 7f000000 34120000',
    lines: [
      '. @0+36',
      'source @0+4 = 2',
      'port @4+2 = 0',
      'pad @6+2 = 0000',
      'flags @8+4',
      'flags.mode @8+1 bits 64+2 = 1',
      'flags.rest @8+4 bits 66+30 = 0',
      'byField @12+16',
      'byField.rte @12+8 = 1',
      'byField.tail @20+8 = 0000000000000005',
      'byBits @28+4',
      'byBits.a @28+1 = 127',
      'byBits.tail @29+3 = 000000',
      'masked @32+4',
      'masked.c @32+2 = 4660',
      'masked.tail @34+2 = 0000',
    ],
  },
  { note: 'no arm', type: selfTagged, hex: '0000000000000080', lines: ['. @0+8', 'raw @0+8 = 0000000000000080'] },
  {
    note: 'arrays: of scalars one leaf, of others a child each',
    type: struct({ a: fixedLists.slots[1]!.type, b: fixedLists.slots[6]!.type, c: fixedLists.slots[8]!.type }),
    hex: '0700 0100 01 00 0200 03 09 0400 0000 0102',
    lines: [
      '. @0+16',
      'a @0+4 = [7 1]',
      'b @4+8',
      'b[0] @4+4',
      'b[0].x @4+1 = 1',
      'b[0].y @5+1 = 00',
      'b[0].z @6+2 = 2',
      'b[1] @8+4',
      'b[1].x @8+1 = 3',
      'b[1].y @9+1 = 09',
      'b[1].z @10+2 = 4',
      'c @12+4',
      'c[0] @12+2 = 0000',
      'c[1] @14+2 = 0102',
    ],
  },
  {
    note: 'lists: as large as they are',
    type: ranges,
    hex: '05000000 02000000 01100000 ff0f0000 0100000000000000 0200000000000000 00000000 00000000',
    lines: [
      '. @0+40',
      'total @0+4 = 5',
      'count @4+4 = 2',
      'ranges @8+32',
      'ranges[0] @8+24',
      'ranges[0].byteCount @8+4 = 4097',
      'ranges[0].byteOffset @12+4 = 4095',
      'ranges[0].pfns @16+16 = [1 2]',
      'ranges[1] @32+8',
      'ranges[1].byteCount @32+4 = 0',
      'ranges[1].byteOffset @36+4 = 0',
      'ranges[1].pfns @40+0 = []',
    ],
  },
  {
    note: 'a variable header and reps, as the control word has them',
    type: headAndReps,
    hex: '0100000000000000 0000000000000000 0500000000000000 1100000000000000 2200000000000000 0700000000000000',
    limits: { varEnd: 40, reps: 1 },
    lines: [
      '. @0+48',
      'space @0+8 = 1',
      'set @8+32',
      'set.format @8+8 = 0',
      'set.mask @16+8 = 5',
      'set.banks @24+16 = [17 34]',
      'list @40+8 = [7]',
    ],
  },
  {
    note: 'atomics',
    type: cells,
    hex: '01000000 ffffffff 0200000000000000',
    lines: ['. @0+16', 'write @0+4 = 1', 'read @4+4 = 4294967295', 'plain @8+8 = 2'],
  },
  {
    note: 'a union that the bytes end',
    type: openUnion,
    hex: '01000000 2a000000 0000',
    lines: ['. @0+10', 'kind @0+4 = 1', 'body @4+6', 'body.short @4+4 = 42', 'body.tail @8+2 = 0000'],
  },
  { note: 'a scalar as the whole', type: u32, hex: '01000000', lines: ['. @0+4 = 1'] },
];

for (const { note, type, hex, limits, lines } of table)
  nodes(note, () => {
    const { root, size } = walk(type, hex, limits);
    assert.equal(linesOf(root), lines);
    assert.is(size, root.size);
  });

nodes('offsets count from the start of the structure, wherever that is', () => {
  const view = viewOf(hexToBytes(`ffffff${'00'.repeat(24)}`));
  assert.equal(linesOf(describe(unnamed, view, 3).root), linesOf(walk(unnamed, '00'.repeat(24)).root));
});

nodes('values of byte strings and lists are windows', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  const { root } = describe(endless, viewOf(bytes));
  const list = root.children![1]!.value as { at(i: number): bigint };
  bytes.fill(0);
  assert.is(list.at(0), 0n);
});

nodes.run();

const kinds = suite('layout: describe, symbols of bits');

kinds('a boolean and a number have the name of their value', () => {
  const t = bits(u8, { on: bit(1, colour), two: bit(3, colour), rest: 4 });
  const { root } = walk(struct({ t, pad: rsvd(1) }), '0f00');
  assert.equal(linesOf(root.children![0]!), [
    't @0+1',
    't.on @0+1 bits 0+1 = true (GREEN)',
    't.two @0+1 bits 1+3 = 7 (BLUE)',
    't.rest @0+1 bits 4+4 = 0',
  ]);
});

kinds('a list counted too large is as long as the bytes', () => {
  assert.equal(linesOf(walk(counted, '0500 0000 00000000 01000200').root).slice(-4), [
    'entries[0] @8+4',
    'entries[0].id @8+1 = 1',
    'entries[0].pad @9+1 = 00',
    'entries[0].value @10+2 = 2',
  ]);
});

kinds.run();
