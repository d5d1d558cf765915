import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PageFrameAllocator } from '../../src/memory/page-frame-allocator.js';
import { randomWords } from '../support/random.js';
import { refuses } from './thrown.js';

const FIRST = 0x1_0000_0010;
const frames = suite('page frames');

frames('every frame once, ascending; exhaustion is a value and takes nothing', () => {
  for (const count of [1, 31, 32, 33, 64, 100]) {
    const allocator = PageFrameAllocator.create(FIRST, count);
    assert.is(allocator.free, count);
    assert.equal(allocator.take(0), []);
    const taken = allocator.take(count)!;
    assert.equal(
      taken,
      Array.from({ length: count }, (_, i) => FIRST + i),
    );
    assert.is(allocator.free, 0);
    assert.is(allocator.take(1), undefined);
    assert.is(allocator.takeRun(1), undefined);
    allocator.give(taken.slice(0, 1));
    assert.is(allocator.take(2), undefined);
    assert.is(allocator.take(count + 1), undefined);
    assert.is(allocator.free, 1);
    assert.equal(allocator.take(1), [FIRST]);
  }
});

frames('a run is consecutive, as long and as aligned as asked, at the lowest place', () => {
  const allocator = PageFrameAllocator.create(FIRST, 200);
  assert.equal(allocator.take(3, true), [FIRST, FIRST + 1, FIRST + 2]);
  const rows: [count: number, align: number, offset: number][] = [
    [1, 1, 3],
    [8, 8, 8],
    [1, 1, 4],
    [4, 1, 16],
    [40, 32, 48],
    [28, 1, 20],
    [2, 3, 88],
    [200, 1, -1],
    [128, 64, -1],
    [64, 64, 112],
    [48, 16, -1],
    [16, 16, 96],
  ];
  for (const [count, align, offset] of rows) {
    const first = allocator.takeRun(count, align);
    assert.is(first, offset < 0 ? undefined : FIRST + offset, `${count} aligned to ${align}`);
    if (first !== undefined) assert.is(first % align, 0);
  }
});

frames('against a plain model, over many random requests', () => {
  const COUNT = 150;
  const next = randomWords(7);
  const allocator = PageFrameAllocator.create(FIRST, COUNT);
  const taken = new Array<boolean>(COUNT).fill(false);
  const runs: number[][] = [];
  const fits = (count: number, align: number): number | undefined => {
    for (let i = 0; i + count <= COUNT; i++)
      if ((FIRST + i) % align === 0 && !taken.slice(i, i + count).includes(true)) return FIRST + i;
    return undefined;
  };
  for (let turn = 0; turn < 4000; turn++) {
    const count = 1 + (next() % 40);
    const kind = next() % 3;
    let found: number[] | undefined;
    if (kind === 0) {
      const align = 1 + (next() % 16);
      const first = allocator.takeRun(count, align);
      assert.is(first, fits(count, align));
      found = first === undefined ? undefined : Array.from({ length: count }, (_, i) => first + i);
    } else if (kind === 1) {
      found = allocator.take(count);
      const free = taken.filter((one) => !one).length;
      assert.is(found === undefined, free < count);
    } else if (runs.length > 0) {
      const [gone] = runs.splice(next() % runs.length, 1);
      allocator.give(gone!);
      for (const pfn of gone!) taken[pfn - FIRST] = false;
    }
    if (found !== undefined) {
      assert.is(found.length, count);
      for (const [index, pfn] of found.entries()) {
        assert.is(taken[pfn - FIRST], false, `frame ${pfn} was free`);
        assert.ok(index === 0 || found[index - 1]! < pfn, 'ascending');
        taken[pfn - FIRST] = true;
      }
      runs.push(found);
    }
    assert.is(allocator.free, taken.filter((one) => !one).length);
  }
});

frames('double and foreign frees are refused, and then none is given back', () => {
  const allocator = PageFrameAllocator.create(FIRST, 40);
  const [a, b, c] = allocator.take(3) as [number, number, number];
  const rows: number[][] = [
    [a, b, a],
    [a, FIRST - 1],
    [a, FIRST + 40],
    [a, FIRST + 20],
    [a, a + 0.5],
    [a, Number.NaN],
    [0],
  ];
  for (const row of rows) {
    refuses('E_FRAME', () => allocator.give(row));
    assert.is(allocator.free, 37, row.join());
  }
  allocator.give([c, a]);
  refuses('E_FRAME', () => allocator.give([a]));
  refuses('E_FRAME', () => allocator.give([c]));
  assert.is(allocator.free, 39);
  allocator.give([b]);
  assert.is(allocator.free, 40);
});

frames('numbers that are none are refused', () => {
  const allocator = PageFrameAllocator.create(FIRST, 40);
  for (const count of [-1, 0.5, Number.NaN]) {
    refuses('E_FRAME', () => allocator.take(count));
    refuses('E_FRAME', () => allocator.take(count, true));
    refuses('E_FRAME', () => allocator.takeRun(count));
    refuses('E_FRAME', () => allocator.takeRun(1, count));
    refuses('E_FRAME', () => PageFrameAllocator.create(FIRST, count));
    if (count !== 0) refuses('E_FRAME', () => PageFrameAllocator.create(count, 1));
  }
  refuses('E_FRAME', () => allocator.takeRun(0));
  refuses('E_FRAME', () => PageFrameAllocator.create(0, 0));
});

frames('the state may lie in words of the caller; attaching sees the same frames, and refuses other words', () => {
  const words = new Int32Array(new SharedArrayBuffer(256), 64, 16).fill(-1);
  const allocator = PageFrameAllocator.create(FIRST, 70, words);
  const other = PageFrameAllocator.attach(words);
  assert.is(other.firstPfn, FIRST);
  assert.is(other.count, 70);
  const first = allocator.take(70)!;
  assert.is(other.take(1), undefined);
  other.give(first.slice(64));
  assert.is(allocator.free, 6);
  refuses('E_FRAME', () => allocator.give([FIRST + 69]));
  refuses('E_FRAME', () => PageFrameAllocator.create(0, 33 * 32, words));
  refuses('E_FRAME', () => PageFrameAllocator.attach(new Int32Array(16)));
  refuses('E_FRAME', () => PageFrameAllocator.attach(new Int32Array(0)));
});

frames.run();

const races = suite('page frames, another Worker in between');

/** Runs `use`; right before its `nth` (from 0) call of an atomic operation someone else does `meanwhile`. */
function interfere<T>(name: 'compareExchange' | 'load', nth: number, meanwhile: () => void, use: () => T): T {
  const original = Reflect.get(Atomics, name) as (...words: unknown[]) => unknown;
  let calls = 0;
  Reflect.set(Atomics, name, (...words: unknown[]) => {
    if (calls++ === nth) meanwhile();
    return original(...words);
  });
  try {
    return use();
  } finally {
    Reflect.set(Atomics, name, original);
    assert.ok(calls > nth, `${calls} calls`);
  }
}

/** Frames 1 to `count`, for two. */
function pair(count: number): [PageFrameAllocator, PageFrameAllocator] {
  const allocator = PageFrameAllocator.create(1, count);
  return [allocator, PageFrameAllocator.attach(allocator.words)];
}

races('a frame of a run is gone: the run starts behind it', () => {
  const [ours, theirs] = pair(96);
  const take = (): void => assert.is(theirs.takeRun(1, 6), 6);
  assert.is(
    interfere('compareExchange', 0, take, () => ours.takeRun(40)),
    7,
  );
  assert.is(ours.free, 96 - 41);
});

races('a frame in the second word of a run is gone: what was taken of the first is given back', () => {
  const [ours, theirs] = pair(96);
  const take = (): void => assert.is(theirs.takeRun(1, 34), 34);
  assert.is(
    interfere('compareExchange', 1, take, () => ours.takeRun(40)),
    35,
  );
  assert.is(ours.free, 96 - 41);
  assert.is(ours.takeRun(33), 1);
});

races('a frame is gone that was about to be taken: the next one', () => {
  const [ours, theirs] = pair(8);
  const take = (): void => assert.equal(theirs.take(1), [1]);
  assert.equal(
    interfere('compareExchange', 0, take, () => ours.take(2)),
    [2, 3],
  );
});

races('a frame comes back where was already looked: it is found all the same', () => {
  const [ours, theirs] = pair(64);
  const all = ours.take(64)!;
  // Loads: frees, hint, first word, second word.
  assert.equal(
    interfere(
      'load',
      3,
      () => theirs.give(all.slice(0, 1)),
      () => ours.take(1),
    ),
    [1],
  );
});

races('a frame is given back by two at once: exactly one is told', () => {
  const [ours, theirs] = pair(8);
  const frames = ours.take(2)!;
  // Loads: one for each frame that is looked at before any is freed.
  interfere(
    'load',
    1,
    () => theirs.give(frames.slice(0, 1)),
    () => refuses('E_FRAME', () => ours.give(frames)),
  );
  assert.is(ours.free, 7);
});

races.run();
