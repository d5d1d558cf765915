// A Worker that takes page frames and gives them back, and tells when it got one that someone else has.
import { parentPort, workerData } from 'node:worker_threads';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { randomWords } from '../support/random.js';

export interface FrameTask {
  readonly words: Int32Array;
  /** One word for each frame: how many have it. */
  readonly owners: Int32Array;
  readonly turns: number;
  readonly seed: number;
  /** Frames held at a time at most, and frames of one request at most. */
  readonly hold: number;
  readonly most: number;
}

export interface FrameReport {
  readonly taken: number;
  readonly refused: number;
}

const task = workerData as FrameTask;
const allocator = PageFrameAllocator.attach(task.words);
const next = randomWords(task.seed);
const held: number[][] = [];
let count = 0;
let taken = 0;
let refused = 0;

function giveOne(): void {
  const [frames] = held.splice(next() % held.length, 1);
  for (const pfn of frames!) Atomics.sub(task.owners, pfn - allocator.firstPfn, 1);
  allocator.give(frames!);
  count -= frames!.length;
}

for (let turn = 0; turn < task.turns; turn++) {
  const want = 1 + (next() % task.most);
  while (count + want > task.hold) giveOne();
  const frames = allocator.take(want, next() % 2 === 0);
  if (frames === undefined) refused++;
  else {
    for (const pfn of frames)
      if (Atomics.add(task.owners, pfn - allocator.firstPfn, 1) !== 0) throw new Error(`frame ${pfn} was given twice`);
    held.push(frames);
    count += want;
    taken += want;
  }
}
while (held.length > 0) giveOne();
parentPort!.postMessage({ taken, refused } satisfies FrameReport);
