import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzHypercalls } from '../support/fuzz-hypercalls.js';

const hostile = suite('hypervisor: a hostile guest brings down nobody');

for (const seed of [1, 2, 3])
  hostile(`5,000 calls and accesses of seed ${seed}`, () => {
    const tally = fuzzHypercalls(5_000, seed);
    // What is asked of the good VP was asked, and the calls got past the first checks.
    assert.ok((tally.get('good') ?? 0) >= 10);
    for (const answer of ['2 0', '2 5', 'b 0', '5c 0', '5d 12', '48 0', '7c 0', '106 0', '50 0', 'rdmsr', 'wrmsr', 'wrmsr fault'])
      assert.ok((tally.get(answer) ?? 0) > 0, answer);
  });

hostile.run();
