import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzPlain } from '../support/fuzz-plain.js';
import { fuzzRecords } from '../support/fuzz-records.js';
import { fuzzStructs } from '../support/fuzz-structs.js';
import { soak } from '../support/soak-trace.js';

// A small share of `npm run fuzz` and `npm run soak`.

const fuzz = suite('random input');

fuzz('2,000 changed records: nothing but a refusal is thrown, no byte is lost, values encode to their bytes', () => {
  const { decoded, refused } = fuzzRecords(20_260, 2_000);
  assert.is(decoded + refused, 2_000);
  assert.ok(refused > 10 && refused < 400, `${refused} refused`);
});

fuzz('200 plain inputs in pieces', () => assert.is(fuzzPlain(20_261, 200), 200));

fuzz('random bytes and random JSON through every struct', () => assert.ok(fuzzStructs(20_262, 1) > 600));

fuzz('seeds that once found a fault: a list cut in an element, a short offer, a longer packet header', () => {
  for (const seed of [1, 2, 3]) assert.is(fuzzRecords(seed, 300).refused < 300, true);
});

fuzz.run();

const endless = suite('an endless trace');

endless('every line becomes one record, in order, its links within the window', () => {
  const { lines, records, linked, mib } = soak(4 * 2 ** 20);
  assert.is(records, lines);
  assert.ok(lines > 8_000 && linked > 500 && mib >= 4, `${lines} lines, ${linked} linked, ${mib} MiB`);
});

endless.run();
