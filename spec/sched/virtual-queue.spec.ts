import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededChoice, VirtualQueue } from '../../src/sched/virtual-queue.js';

const queue = suite('COM-06: virtual queue');

queue('tasks run in the order of their time, then of their posts', () => {
  const q = new VirtualQueue();
  const seen: string[] = [];
  q.after(20, () => seen.push(`c ${q.now()}`));
  q.after(10, () => seen.push(`a ${q.now()}`));
  q.after(10, () => seen.push(`b ${q.now()}`));
  q.post(() => seen.push(`now ${q.now()}`));
  assert.is(q.drain(), true);
  assert.equal(seen, ['now 0', 'a 10', 'b 10', 'c 20']);
});

queue('time stands still while a task is due, and pump runs one', () => {
  const q = new VirtualQueue();
  let runs = 0;
  q.post(() => runs++);
  q.post(() => runs++);
  q.after(5, () => runs++);
  assert.is(q.pump(), true);
  assert.is(runs, 1);
  assert.is(q.pump(), true);
  assert.is(q.pump(), false);
  assert.is(q.now(), 0);
  q.advance(4);
  assert.is(runs, 2);
  q.advance(1);
  assert.is(runs, 3);
  assert.is(q.now(), 5);
});

queue('a task may wait inside itself by pumping', () => {
  const q = new VirtualQueue();
  let answered = false;
  let seen = false;
  q.post(() => {
    while (!answered) assert.is(q.pump(), true);
    seen = true;
  });
  q.post(() => {
    answered = true;
  });
  assert.is(q.drain(), true);
  assert.is(seen, true);
});

queue('a cancelled task never runs, and cancelling twice does nothing', () => {
  const q = new VirtualQueue();
  const timer = q.after(1, () => assert.unreachable());
  timer.cancel();
  timer.cancel();
  let ran = false;
  q.after(2, () => {
    ran = true;
  });
  assert.is(q.drain(), true);
  assert.is(ran, true);
});

queue('drain ends at its limit', () => {
  const q = new VirtualQueue();
  const again = (): void => void q.after(100, again);
  again();
  assert.is(q.drain(1000), false);
  assert.is(q.now(), 1000);
});

queue('a seed repeats its interleaving, and seeds differ', () => {
  const order = (seed: number): string => {
    const q = new VirtualQueue(seededChoice(seed));
    let seen = '';
    for (const name of 'abcdefgh') {
      q.post(() => {
        seen += name;
      });
    }
    q.drain();
    return seen;
  };
  assert.is(order(7), order(7));
  const orders = new Set(Array.from({ length: 200 }, (_, seed) => order(seed)));
  assert.ok(orders.size > 150, `${orders.size} orders of 200 seeds`);
  for (const one of orders) assert.is([...one].sort().join(''), 'abcdefgh');
});

queue('any number of timers may wait', () => {
  const q = new VirtualQueue();
  for (let i = 0; i < 300_000; i++) q.after(10 + i, () => undefined);
  q.advance(9);
  assert.is(q.now(), 9);
});

queue('a delay is no less than nothing', () => {
  for (const delay of [-1, Number.NaN]) assert.throws(() => new VirtualQueue().after(delay, () => {}), /cannot run/);
});

for (const us of [-1, Number.NaN])
  queue(`${us} us cannot pass, and the time stays what it was`, () => {
    const q = new VirtualQueue();
    q.advance(5);
    assert.throws(
      () => q.advance(us),
      (error: unknown) => error instanceof RangeError,
    );
    assert.throws(
      () => q.busyWait(us),
      (error: unknown) => error instanceof RangeError,
    );
    assert.is(q.now(), 5);
  });

queue.run();
