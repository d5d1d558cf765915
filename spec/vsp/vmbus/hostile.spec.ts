import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzVmbusServer } from '../../support/fuzz-vmbus-server.js';

const hostile = suite('VMBus server: a hostile guest');

const tally = fuzzVmbusServer(20_000, 1);

hostile('20,000 messages, signals and broken rings: nothing throws, and the other channel answers all along', () => {
  assert.ok((tally.get('echo') ?? 0) > 200, `${tally.get('echo')} answers`);
});

hostile('every kind of answer and refusal came up, so that the attack went deep', () => {
  for (const what of [
    ...[1, 2, 4, '6 done', '6 refused', '10 done', '10 refused', 12, 15, 17].map((type) => `message ${type}`),
    ...['gpadl', 'rings', 'ring'].map((why) => `vmbus-open-refused ${why}`),
    'vmbus-message-dropped',
    'channel-broken',
  ])
    assert.ok((tally.get(what) ?? 0) > 0, `${what} in ${[...tally.keys()].sort().join(', ')}`);
});

hostile('a seed repeats a run', () => {
  assert.equal([...fuzzVmbusServer(1000, 7)].sort(), [...fuzzVmbusServer(1000, 7)].sort());
});

hostile.run();
