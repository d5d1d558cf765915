import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import { stampTrace } from '../../../src/capture/recorder.js';
import { simulateInThreads, type ThreadResult } from '../../../src/rig/threads/run-threads.node.js';
import { compareMoves, guestMoves, timeless } from '../../support/guest-moves.js';
import { asRecorded, checked, recordedRun, type SimulationKey } from './recorded-run.js';

const threads = suite('rig: a Worker for each VP');

async function threadedRun(
  name: SimulationKey,
  cpus: number,
  arch: 'x64' | 'arm64' = 'x64',
): Promise<ThreadResult & { readonly events: readonly Event[] }> {
  const events: Event[] = [];
  const result = await simulateInThreads(name, {
    arch,
    cpus,
    trace: (queue) => stampTrace(queue, { event: (record) => void events.push(asRecorded(record)) }),
  });
  return { ...result, events };
}

for (const arch of ['x64', 'arm64'] as const)
  threads(`boot with one VP on ${arch}: the same bytes as in one thread`, async () => {
    const there = await threadedRun('boot', 1, arch);
    assert.equal(there.failures, []);
    const here = recordedRun('boot', { arch, cpus: 1 });
    assert.equal(here.failures, []);
    assert.ok(checked(there.events).ok);
    const [theirs, ours] = [guestMoves(there.events), guestMoves(here.events)];
    assert.equal([...theirs.keys()].sort(), [...ours.keys()].sort());
    for (const [stream, moves] of ours)
      assert.equal(compareMoves(timeless(moves), timeless(theirs.get(stream)!), []), [], stream);
    assert.ok((ours.get('VMBus messages')?.length ?? 0) >= 6);
  });

threads('boot with two VPs, each in its Worker', async () => {
  const { failures, checks, events } = await threadedRun('boot', 2);
  assert.equal(failures, []);
  assert.ok(checks >= 10);
  assert.ok(checked(events).ok);
  const callers = new Set(events.filter((event) => event.k === 'wrmsr').map((event) => event.vp));
  assert.equal(callers, new Set([0, 1]));
});

threads.run();
