import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WallQueue } from '../../src/sched/wall-queue.js';

const test = suite('sched: wall queue');

const turnOfLoop = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

/** Runs the event loop until `ended`, however long the machine takes. */
async function until(ended: () => boolean): Promise<void> {
  while (!ended()) await turnOfLoop();
}

test('posts run in order, after the code that posts and before the event loop turns', async () => {
  const queue = new WallQueue();
  const seen: string[] = [];
  queue.post(() => {
    seen.push('first');
    queue.post(() => seen.push('posted by first'));
  });
  queue.post(() => seen.push('second'));
  seen.push('code');
  await Promise.resolve();
  assert.equal(seen, ['code', 'first', 'second', 'posted by first']);
  queue.close();
});

test('timers run by their time, not by their order', async () => {
  const queue = new WallQueue();
  const seen: number[] = [];
  for (const ms of [9, 3, 6]) queue.after(ms * 1000, () => seen.push(ms));
  await until(() => seen.length === 3);
  assert.equal(seen, [3, 6, 9]);
  assert.ok(queue.now() >= 9000, `${queue.now()}`);
  queue.close();
});

test('a cancelled task never runs', async () => {
  const queue = new WallQueue();
  const seen: string[] = [];
  const timer = queue.after(2000, () => seen.push('cancelled'));
  const posted = queue.after(0, () => seen.push('cancelled too'));
  queue.after(4000, () => seen.push('late'));
  timer.cancel();
  posted.cancel();
  await until(() => seen.length > 0);
  assert.equal(seen, ['late']);
  queue.close();
});

test('busyWait runs what becomes due, and comes back when the time is over', () => {
  const queue = new WallQueue();
  const seen: string[] = [];
  queue.post(() => seen.push('due'));
  queue.after(500, () => seen.push('soon'));
  queue.after(60_000_000, () => seen.push('never'));
  const before = queue.now();
  queue.busyWait(1000);
  assert.ok(queue.now() >= before + 1000);
  assert.equal(seen, ['due', 'soon']);
  queue.close();
});

test('pump runs one task that is due', () => {
  const queue = new WallQueue();
  const seen: number[] = [];
  queue.post(() => seen.push(1));
  queue.post(() => seen.push(2));
  queue.after(60_000_000, () => seen.push(3));
  assert.equal([queue.pump(), seen.length, queue.pump(), queue.pump()], [true, 1, true, false]);
  assert.equal(seen, [1, 2]);
  queue.close();
});

test('tasks that post tasks without end let the event loop turn', async () => {
  const queue = new WallQueue();
  let ran = 0;
  const again = (): void => {
    ran++;
    queue.post(again);
  };
  queue.post(again);
  await turnOfLoop();
  await turnOfLoop();
  assert.ok(ran > 64, `${ran} before and after a turn`);
  queue.close();
});

test('VPCI-73 a timer whose time has come runs before what is posted afterwards', async () => {
  const queue = new WallQueue();
  const seen: string[] = [];
  queue.after(1000, () => seen.push('timer'));
  const due = queue.now() + 1000;
  while (queue.now() < due);
  queue.post(() => seen.push('post'));
  await until(() => seen.length === 2);
  assert.equal(seen, ['timer', 'post']);
  queue.close();
});

test('VPCI-73 tasks that post tasks without end keep no timer from its time', async () => {
  const queue = new WallQueue();
  let fired = false;
  let turns = 0;
  const again = (): void => {
    turns++;
    if (!fired) queue.post(again);
  };
  queue.after(1000, () => {
    fired = true;
  });
  queue.post(again);
  await until(() => fired || turns > 100_000);
  assert.ok(fired, `not in ${turns} turns`);
  queue.close();
});

test('what a task throws is told, and the next one runs', async () => {
  const told: unknown[] = [];
  const queue = new WallQueue((error) => told.push(error));
  const fault = new Error('a fault');
  let ran = false;
  queue.post(() => {
    throw fault;
  });
  queue.post(() => {
    ran = true;
  });
  await turnOfLoop();
  assert.equal(told, [fault]);
  assert.ok(ran);
  queue.close();
});

test('closed, it drops what waits and takes no more', async () => {
  const queue = new WallQueue();
  let ran = 0;
  queue.post(() => ran++);
  queue.after(1000, () => ran++);
  queue.close();
  queue.post(() => ran++);
  await turnOfLoop();
  await turnOfLoop();
  assert.is(ran, 0);
  assert.not(queue.pump());
});

test('a delay that is none is refused', () => {
  const queue = new WallQueue();
  for (const us of [-1, Number.NaN])
    assert.throws(
      () => queue.after(us, () => undefined),
      (error: unknown) => error instanceof RangeError,
    );
  queue.close();
});

test.run();
