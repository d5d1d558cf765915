import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runTraffic, type Traffic } from '../support/ring-traffic.js';

const workers = suite('ring: two Workers');

const RUNS: readonly (Traffic & { readonly note: string })[] = [
  { note: 'short packets', packets: 50_000, seed: 11, dataBytes: 16384, start: 8, maxPayload: 120 },
  {
    note: 'packets that nearly fill the ring',
    packets: 20_000,
    seed: 12,
    dataBytes: 4096,
    start: 4088,
    maxPayload: 2000,
  },
  { note: 'a ring that is no power of two', packets: 30_000, seed: 13, dataBytes: 12288, start: 8200, maxPayload: 900 },
];

for (const { note, ...traffic } of RUNS)
  workers(`${note}: content, order, number and signals`, async () => {
    const result = await runTraffic(traffic);
    assert.is(result.fault, '');
    assert.is(result.packets, traffic.packets);
    assert.ok(result.wraps > traffic.packets / 1000);
  });

workers('in lockstep every batch signals exactly once', async () => {
  const { fault, counts } = await runTraffic({
    packets: 3000,
    seed: 14,
    dataBytes: 65536,
    start: 65000,
    maxPayload: 100,
    lockstep: true,
  });
  assert.is(fault, '');
  assert.ok(counts.batches > 200);
  assert.is(counts.signals, counts.batches);
});

workers.run();
