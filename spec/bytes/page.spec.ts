import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { align8, HV_HYP_PAGE_SIZE, pagesTouched } from '../../src/bytes/page.js';

const pages = suite('bytes: pagesTouched and align8');

const touched: [number, number, number][] = [
  [0, 0, 0],
  [0, 1, 1],
  [0, 4096, 1],
  [0, 4097, 2],
  [4095, 1, 1],
  [4095, 2, 2],
  [0xfff, 0x1001, 2],
  [1, 0, 1],
];
for (const [offset, length, is] of touched)
  pages(`${length} bytes at ${offset}: ${is}`, () => assert.is(pagesTouched(offset, length), is));

pages('align8 rounds up', () => {
  assert.equal([0, 1, 7, 8, 9, 16, 4095].map(align8), [0, 8, 8, 8, 16, 16, 4096]);
  assert.is(HV_HYP_PAGE_SIZE, 4096);
});

pages.run();
