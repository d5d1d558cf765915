import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import { stampTrace } from '../../../src/capture/recorder.js';
import type { IommuChoice } from '../../../src/rig/simulate/iommu-choice.js';
import { simulateInThreads, type ThreadResult } from '../../../src/rig/threads/run-threads.node.js';
import { compareMoves, guestMoves, timeless } from '../../support/guest-moves.js';
import { asRecorded, checked, recordedRun, type SimulationKey } from './recorded-run.js';

const threads = suite('rig: a Worker for each VP');

async function threadedRun(
  name: SimulationKey,
  cpus: number,
  arch: 'x64' | 'arm64' = 'x64',
  iommu?: IommuChoice,
): Promise<ThreadResult & { readonly events: readonly Event[] }> {
  const events: Event[] = [];
  const result = await simulateInThreads(name, {
    arch,
    cpus,
    ...(iommu === undefined ? {} : { iommu }),
    trace: (queue) => stampTrace(queue, { event: (record) => void events.push(asRecorded(record)) }),
  });
  return { ...result, events };
}

// Unmaps that are flushed one by one wait for no timer, which would run in real time there.
const STRICT: IommuChoice = { domain: 'paging', mode: 'strict' };

for (const [name, arch, iommu] of [
  ['boot', 'x64', undefined],
  ['boot', 'arm64', undefined],
  ['pviommu', 'x64', STRICT],
] as const)
  threads(`${name} with one VP on ${arch}: the same bytes as in one thread`, async () => {
    const there = await threadedRun(name, 1, arch, iommu);
    assert.equal(there.failures, []);
    const here = recordedRun(name, { arch, cpus: 1, ...(iommu === undefined ? {} : { iommu }) });
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
