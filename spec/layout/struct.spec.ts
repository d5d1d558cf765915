import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import { rep } from '../../src/layout/list.js';
import { rsvd, u8, u16, u32 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { titleOf } from '../../src/layout/types.js';
import { checkRows, row } from '../support/codec-table.js';
import { reserved, unnamed } from '../support/kernel-layouts.js';

const rows = suite('layout: struct');

checkRows(rows, [
  row(
    'reserved parts are absent when zero',
    reserved,
    `00 000000 ${'00'.repeat(16)} 07 ${'00'.repeat(5)} ${'00'.repeat(16)} ${'00'.repeat(38)} 0102030405`,
    { kept: 7, blob: Uint8Array.of(1, 2, 3, 4, 5) },
  ),
  row(
    'and bytes when not',
    reserved,
    `01 000002 ${'00'.repeat(15)}03 07 0000000004 ${'00'.repeat(15)}05 ${'00'.repeat(37)}06 0102030405`,
    {
      kept: 7,
      blob: Uint8Array.of(1, 2, 3, 4, 5),
      one: Uint8Array.of(1),
      three: Uint8Array.of(0, 0, 2),
      words: hexToBytes(`${'00'.repeat(15)}03`),
      hole: Uint8Array.of(0, 0, 0, 0, 4),
      quads: hexToBytes(`${'00'.repeat(15)}05`),
      long: hexToBytes(`${'00'.repeat(37)}06`),
    },
  ),
  row(
    'members without a name add their fields to the value, a union its own key',
    unnamed,
    '0102 0000 ff000000 c3 000001 05000000 01000000 02000000',
    {
      kind: 0x0201,
      on: true,
      level: 127,
      reserved: 0,
      lo: 3,
      hi: 12,
      last: 5,
      pick: { half: { a: 1, b: 2 } },
      rest: Uint8Array.of(0, 0, 1),
    },
  ),
  row('of nothing but reserved bytes', struct('blank', 4, { all: rsvd(4) }), '00000000', {}),
  row('of nothing', struct('nothing', 0, {}), '', {}),
]);

rows.run();

const layout = suite('layout: offsets');

layout('every byte belongs to a field; nothing is aligned', () => {
  const made = struct('packed', 7, { a: u8, b: u32, c: u16 });
  assert.equal(
    made.slots.map((s) => [s.key, s.offset, s.anon]),
    [
      ['a', 0, false],
      ['b', 1, false],
      ['c', 5, false],
    ],
  );
  assert.equal([made.size, made.minSize, made.flexible, made.name], [7, 7, false, 'packed']);
});

layout('a list is at the end, and is not needed', () => {
  const made = struct('open', 0x14, { a: u32, list: rep(struct({ x: u16, y: u16 }), { declared: 4 }) });
  assert.equal([made.size, made.minSize, made.flexible, made.slots[1]!.offset], [20, 4, true, 4]);
});

layout('an inner struct needs neither name nor claim', () => {
  const inner = struct({ a: u8, b: u16 });
  assert.equal([inner.name, inner.size, titleOf(inner)], ['', 3, 'struct']);
});

layout('the origin is kept', () => {
  const origin = { from: 'a header', version: 'v1' };
  assert.is(struct('from', 1, { a: u8 }, origin).origin, origin);
  assert.is(struct('from', 1, { a: u8 }).origin, undefined);
});

layout.run();
