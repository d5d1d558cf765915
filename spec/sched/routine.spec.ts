import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pause, type Routine, sleep, start } from '../../src/sched/routine.js';
import { Completion, Mutex, OrderedWork } from '../../src/sched/sync.js';
import { seededChoice, VirtualQueue } from '../../src/sched/virtual-queue.js';

const routine = suite('COM-06: routines');

routine('sleeps, returns a value, and others run meanwhile', () => {
  const q = new VirtualQueue();
  const seen: string[] = [];
  const one = start(
    q,
    (function* (): Routine<number> {
      seen.push('one');
      yield* sleep(q, 10);
      seen.push(`one at ${q.now()}`);
      return 7;
    })(),
  );
  start(
    q,
    (function* (): Routine {
      seen.push('two');
      seen.push(`joined ${yield* one.join()}`);
    })(),
  );
  assert.throws(() => one.value, /still runs/);
  assert.is(q.drain(), true);
  assert.equal(seen, ['one', 'two', 'one at 10', 'joined 7']);
  assert.is(one.value, 7);
});

routine('an error ends the run of the queue and is kept', () => {
  const q = new VirtualQueue();
  const failing = start(
    q,
    (function* (): Routine {
      yield* pause(q);
      throw new RangeError('no');
    })(),
  );
  assert.throws(() => q.drain(), /no/);
  assert.is(failing.done, true);
  assert.throws(() => failing.value, RangeError);
});

routine('a completion wakes all who wait, and those who come later at once', () => {
  const q = new VirtualQueue();
  const done = new Completion();
  const seen: string[] = [];
  for (const name of ['a', 'b'])
    start(
      q,
      (function* (): Routine {
        seen.push(`${name} ${yield* done.wait(q)}`);
      })(),
    );
  q.after(5, () => done.complete());
  q.drain();
  assert.equal(seen, ['a true', 'b true']);
  start(
    q,
    (function* (): Routine {
      seen.push(`late ${yield* done.wait(q, 1)}`);
    })(),
  );
  q.drain();
  assert.is(seen[2], 'late true');
  assert.is(q.now(), 5, 'the timeout of a wait that ended leaves no timer behind');
});

routine('a wait that times out says so and is woken once only', () => {
  const q = new VirtualQueue();
  const done = new Completion();
  const seen: unknown[] = [];
  start(
    q,
    (function* (): Routine {
      seen.push(yield* done.wait(q, 100), q.now());
    })(),
  );
  q.after(200, () => done.complete());
  q.drain();
  assert.equal(seen, [false, 100]);
});

routine('a lock is held by one at a time under any interleaving', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const q = new VirtualQueue(seededChoice(seed));
    const lock = new Mutex();
    let inside = 0;
    let turns = 0;
    for (let i = 0; i < 4; i++)
      start(
        q,
        (function* (): Routine {
          for (let k = 0; k < 3; k++) {
            yield* lock.lock();
            assert.is(++inside, 1);
            yield* pause(q);
            inside--;
            turns++;
            lock.unlock();
            yield* pause(q);
          }
        })(),
      );
    assert.is(q.drain(), true);
    assert.is(turns, 12);
    assert.is(lock.held, false);
  }
  assert.throws(() => new Mutex().unlock(), /not held/);
});

routine('ordered work keeps its order under any interleaving, and flush waits for all of it', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const q = new VirtualQueue(seededChoice(seed));
    const work = new OrderedWork(q);
    assert.ok(work.isIdle);
    const seen: number[] = [];
    for (let i = 0; i < 4; i++)
      work.add(function* () {
        yield* sleep(q, 10 - i);
        if (i === 1)
          work.add(function* () {
            yield* pause(q);
            seen.push(10);
          });
        seen.push(i);
      });
    assert.not.ok(work.isIdle);
    let flushed = false;
    start(
      q,
      (function* (): Routine {
        yield* work.destroy();
        flushed = work.isIdle;
        assert.equal(seen, [0, 1, 2, 3]);
      })(),
    );
    assert.is(q.drain(), true);
    assert.is(flushed, true);
    assert.is(
      work.add(function* () {
        yield* pause(q);
      }),
      false,
    );
  }
});

routine.run();
