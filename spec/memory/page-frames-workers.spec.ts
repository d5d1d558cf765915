import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { runWorkers } from '../support/worker-run.js';
import type { FrameReport, FrameTask } from './frame-taker.js';

const TAKER = new URL('./frame-taker.js', import.meta.url);
const frames = suite('page frames, several Workers');

async function take(count: number, tasks: readonly Pick<FrameTask, 'hold' | 'most'>[]): Promise<FrameReport[]> {
  const allocator = PageFrameAllocator.create(0x100, count);
  const owners = new Int32Array(new SharedArrayBuffer(4 * count));
  const reports = await runWorkers<FrameReport>(
    TAKER,
    tasks.map((task, seed) => ({ ...task, words: allocator.words, owners, turns: 6000, seed })),
  );
  assert.is(allocator.free, count, 'all came back');
  assert.equal(new Set(owners), new Set([0]));
  return reports;
}

frames('no frame is given to two at a time, and all come back', async () => {
  const reports = await take(100, [
    { hold: 45, most: 20 },
    { hold: 45, most: 20 },
    { hold: 45, most: 20 },
  ]);
  // Ten frames are always left for each.
  for (const { taken } of reports) assert.ok(taken > 0);
});

frames('single frames are never refused while there are enough for everyone', async () => {
  const reports = await take(96, [
    { hold: 32, most: 1 },
    { hold: 32, most: 1 },
    { hold: 32, most: 1 },
  ]);
  assert.equal(
    reports.map(({ refused }) => refused),
    [0, 0, 0],
  );
});

frames.run();
