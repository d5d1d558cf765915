import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzVpciHost } from '../../support/fuzz-vpci-host.js';

const hostile = suite('vPCI host and a hostile guest');

for (let seed = 1; seed <= 4; seed++)
  hostile(`VPCI-94 VPCI-120 no throw, no hang, no access outside of memory: seed ${seed}`, () => {
    const tally = fuzzVpciHost(3_000, seed);
    // Good and bad answers, silence and all other doings came up.
    for (const key of ['00000000', '0b0900c0', 'silence', 'config', 'registers', 'submit', 'nvme', 'host'])
      assert.ok((tally.get(key) ?? 0) > 20, `${key} in ${JSON.stringify([...tally])}`);
  });

hostile.run();
