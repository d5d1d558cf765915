import * as assert from 'node:assert/strict';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { viewOf } from '../../src/bytes/span.js';
import { codecOf } from '../../src/layout/codec.js';
import { atLeast, type BenchCase } from '../case.js';
import * as binaryParser from '../peers/binary-parser.js';
import * as microPacked from '../peers/micro-packed.js';
import { figuresOf, race, ratio } from '../race.js';
import { FULL_PAGE, pageBytes, pageValue, pfn } from '../samples.js';

/** Sums low and high halves: every entry is read as integers. */
function sumHalves(halves: Uint32Array): number {
  let lo = 0;
  let hi = 0;
  for (let i = 0; i < halves.length; i += 2) {
    lo = (lo + halves[i]!) | 0;
    hi = (hi + halves[i + 1]!) | 0;
  }
  return lo ^ hi;
}

function sumBigints(list: ArrayLike<bigint>): number {
  let lo = 0;
  let hi = 0;
  for (let i = 0; i < list.length; i++) {
    lo = (lo + Number(list[i]! & 0xffff_ffffn)) | 0;
    hi = (hi + Number(list[i]! >> 32n)) | 0;
  }
  return lo ^ hi;
}

const bench: BenchCase = {
  question: `How long does a full page of map_device_gpa_pages (${FULL_PAGE} entries) take, with and without reading the entries?`,
  run(pace) {
    const bytes = pageBytes();
    const view = viewOf(bytes);
    const { decodeAt, lendAt } = codecOf(hv_input_map_device_gpa_pages);

    const expected = Array.from({ length: FULL_PAGE }, (_, i) => pfn(i));
    const sum = sumBigints(expected);
    const lent = lendAt(view, 0);
    assert.deepEqual({ ...lent, gpa_page_list: lent.gpa_page_list.toArray() }, pageValue);
    assert.deepEqual(decodeAt(view, 0).gpa_page_list.toArray(), expected);
    assert.equal(sumHalves(lent.gpa_page_list.halves()), sum);
    assert.deepEqual(binaryParser.page.parse(bytes).gpa_page_list, expected);
    assert.deepEqual(microPacked.page.decode(bytes).gpa_page_list, expected);

    const timings = race(
      [
        { name: 'hvabi, list lent', each: 1, run: () => lendAt(view, 0) },
        { name: 'hvabi, every entry read', each: 1, run: () => sumHalves(lendAt(view, 0).gpa_page_list.halves()) },
        { name: 'hvabi, list copied', each: 1, run: () => decodeAt(view, 0) },
        { name: 'binary-parser, list of bigint made', each: 1, run: () => binaryParser.page.parse(bytes) },
        {
          name: 'binary-parser, every entry read',
          each: 1,
          run: () => sumBigints(binaryParser.page.parse(bytes).gpa_page_list as bigint[]),
        },
        { name: 'micro-packed, list of bigint made', each: 1, run: () => microPacked.page.decode(bytes) },
      ],
      pace,
    );
    const made = 'binary-parser, list of bigint made';
    return {
      figures: figuresOf(timings.values()),
      bars: [
        atLeast('list lent, faster than binary-parser', ratio(timings, 'hvabi, list lent', made), 50, '×'),
        // The peer's entries are not read here, only made: the stricter comparison.
        atLeast('every entry read, faster than binary-parser', ratio(timings, 'hvabi, every entry read', made), 8, '×'),
      ],
    };
  },
};

export default bench;
