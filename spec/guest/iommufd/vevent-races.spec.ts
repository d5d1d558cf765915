import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type UserBuffer, userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import { VeventQueue } from '../../../src/guest/iommufd/vevent-queue.js';
import { LossCount } from '../../../src/guest/iommufd/vevent-reader.js';
import { start } from '../../../src/sched/routine.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { errnoOf, got, SMMU_TYPE } from './machine.js';
import { faulty, payload, read, report } from './vevent-reading.js';

const races = suite('vEVENTQ: losses and wraps, and what happens during a copy');

for (const [first, numbers] of [
  [0x7fffffff, ['2147483647', 'lost 0', '1']],
  [0x7ffffffe, ['2147483646', 'lost 2147483647', '0']],
] as const)
  races(`VIO-42 a lost event wraps the number, too: from 0x${first.toString(16)}`, () => {
    const queue = new VeventQueue(SMMU_TYPE, 1, { sequence: first });
    report(queue, 2);
    assert.equal(read(queue), numbers.slice(0, 2));
    report(queue, 1);
    assert.equal(read(queue), numbers.slice(2));
  });

races('VIO-49 a lost header behind the wrap counts the events of both sides', () => {
  const count = new LossCount();
  count.take({ sequence: 0x7ffffffe, payload: payload(0) });
  const before = count.total;
  assert.is(count.take({ sequence: 1 }), 3);
  assert.is(count.total, before + 3);
  assert.is(count.take({ sequence: 2, payload: payload(0) }), 0);
});

races('VIO-43 a reader that waits is woken by a loss alone', () => {
  const tasks = new VirtualQueue();
  const queue = new VeventQueue(SMMU_TYPE, 1, { allocate: () => false });
  const reader = start(tasks, queue.readWaiting(userBuffer(new Uint8Array(40))));
  tasks.drain();
  assert.is(reader.done, false);
  assert.is(errnoOf(queue.report(payload(1))), 'ENOMEM');
  tasks.drain();
  assert.equal(reader.value, { ok: true, value: 8 });
});

races('VIO-44 a full queue asks for no memory: the event is lost, and that is no error', () => {
  let memory = true;
  const queue = new VeventQueue(SMMU_TYPE, 1, { allocate: () => memory });
  report(queue, 1);
  memory = false;
  assert.is(errnoOf(queue.report(payload(2))), 'ok');
  assert.equal(read(queue), ['0', 'lost 1']);
});

races('VIO-47 an event has its place until it is copied: what comes meanwhile is lost', () => {
  const queue = new VeventQueue(SMMU_TYPE, 1);
  report(queue, 1);
  let told = false;
  const during = (): void => {
    if (!told) report(queue, 1);
    told = true;
  };
  assert.is(got(queue.read(faulty(40, -1, during))), 40);
  assert.equal([queue.numEvents, queue.numRecords], [0, 1]);
  assert.equal(read(queue), ['lost 1']);
});

races('VIO-48 destroying discards events and a lost header', () => {
  const queue = new VeventQueue(SMMU_TYPE, 2);
  report(queue, 4);
  queue.destroy();
  assert.equal([queue.numEvents, queue.numRecords], [0, 0]);
  assert.equal(queue.poll(), { readable: false, writable: false });
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(400)))), 'ENODEV');
});

/** A buffer during whose n-th copy (from 0) the queue is destroyed; `faults` says whether that copy fails. */
function destroying(queue: VeventQueue, length: number, at: number, faults: boolean): UserBuffer {
  let copies = 0;
  const during = (): void => {
    if (copies++ === at) queue.destroy();
  };
  return faulty(length, faults ? at : -1, during);
}

// Two events and a lost header: copies 0 and 1 are the first event, 2 and 3 the second, 4 the header.
for (const at of [0, 1, 2, 3, 4])
  for (const faults of [false, true])
    races(`VIO-47 VIO-48 destroyed during copy ${at}${faults ? ', which faults' : ''}: nothing is left of it`, () => {
      const queue = new VeventQueue(SMMU_TYPE, 2);
      report(queue, 4);
      const done = queue.read(destroying(queue, 400, at, faults));
      // What was read before the queue went was read.
      assert.equal(done, at < 2 ? { ok: false, errno: 'ENODEV' } : { ok: true, value: 40 * Math.floor(at / 2) });
      assert.equal([queue.numEvents, queue.numRecords, queue.closed], [0, 0, true]);
      assert.is(queue.poll().readable, false);
      assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(400)))), 'ENODEV');
    });

races.run();
