import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BlockingQueue } from '../../src/sched/blocking-queue.js';

const test = suite('COM-06: blocking queue');

const quiet = (): BlockingQueue => new BlockingQueue(new Int32Array(new SharedArrayBuffer(4)), () => false);

test('posts run in order, and before timers whose time has not come', () => {
  const queue = quiet();
  const seen: string[] = [];
  queue.after(60_000_000, () => seen.push('never'));
  queue.post(() => {
    seen.push('first');
    queue.post(() => seen.push('posted by first'));
  });
  queue.post(() => seen.push('second'));
  while (queue.pump());
  assert.equal(seen, ['first', 'second', 'posted by first']);
});

test('VPCI-73 a timer whose time has come runs before what is posted afterwards', () => {
  const queue = quiet();
  const seen: string[] = [];
  queue.after(1000, () => seen.push('timer'));
  const due = queue.now() + 1000;
  while (queue.now() < due);
  queue.post(() => seen.push('post'));
  while (queue.pump());
  assert.equal(seen, ['timer', 'post']);
});

test('VPCI-73 tasks that post tasks without end keep no timer from its time', () => {
  const queue = quiet();
  let fired = false;
  let turns = 0;
  const again = (): void => {
    turns++;
    queue.post(again);
  };
  queue.after(1000, () => {
    fired = true;
  });
  again();
  queue.run(() => fired || turns > 5_000_000);
  assert.ok(fired, `not in ${turns} turns`);
});

test('a cancelled task never runs, and cancelling twice does nothing', () => {
  const queue = quiet();
  const seen: string[] = [];
  const timer = queue.after(0, () => seen.push('cancelled'));
  queue.post(() => seen.push('kept'));
  timer.cancel();
  timer.cancel();
  while (queue.pump());
  assert.equal(seen, ['kept']);
});

test.run();
