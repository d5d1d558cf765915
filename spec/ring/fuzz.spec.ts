import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzRing } from '../support/fuzz-ring.js';

const fuzz = suite('ring: mutated states');

fuzz('every outcome is a value or a RingError of a known kind', () => {
  const tally = fuzzRing(2000, 20);
  const known = [
    'ok',
    'empty',
    'full',
    'too-large',
    'refused',
    'E_RING_INDEX write_index',
    'E_RING_INDEX read_index',
    'E_RING_PACKET',
    'E_RING_PACKET type',
    'E_RING_PACKET offset8',
    'E_RING_PACKET len8',
    'E_RING_PACKET flags',
    'E_RING_PACKET range_cnt',
    'E_RING_RANGE ranges[n]',
  ];
  assert.equal(
    [...tally.keys()].filter((kind) => !known.includes(kind)),
    [],
  );
  for (const kind of [
    'ok',
    'empty',
    'E_RING_INDEX write_index',
    'E_RING_PACKET type',
    'E_RING_PACKET len8',
    'E_RING_RANGE ranges[n]',
  ])
    assert.ok((tally.get(kind) ?? 0) > 5, `${kind} comes up`);
});

fuzz.run();
