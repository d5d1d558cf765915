import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { MAX_VEVENTQ_DEPTH } from '../../../src/guest/iommufd/iommufd-context.js';
import { userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import { VEVENT_HEADER_BYTES, VeventQueue } from '../../../src/guest/iommufd/vevent-queue.js';
import { LossCount, splitVevents } from '../../../src/guest/iommufd/vevent-reader.js';
import { start } from '../../../src/sched/routine.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { randomWords } from '../../support/random.js';
import { errnoOf, got, nestedMachine, SMMU_TYPE } from './machine.js';
import { faulty, payload, read, readBytes, report } from './vevent-reading.js';

const events = suite('vEVENTQ');
events('VIO-40 allocating a queue: what is refused', () => {
  const { context, viommu, parent } = nestedMachine();
  const ask = { viommuId: viommu, type: SMMU_TYPE, depth: 1 };
  const rows = [
    ['EOPNOTSUPP', { ...ask, flags: 1 }],
    ['EOPNOTSUPP', { ...ask, reserved: 1 }],
    ['EOPNOTSUPP', { ...ask, type: 0, depth: 0 }],
    ['EINVAL', { ...ask, depth: 0 }],
    ['EINVAL', { ...ask, depth: MAX_VEVENTQ_DEPTH + 1 }],
    ['ENOENT', { ...ask, viommuId: parent }],
    ['ok', { ...ask, depth: MAX_VEVENTQ_DEPTH }],
    ['EEXIST', ask],
    // Nobody asks the driver whether it reports any of that type.
    ['ok', { ...ask, type: 77 }],
  ] as const;
  for (const [errno, row] of rows) assert.is(errnoOf(context.allocVeventq(row)), errno, JSON.stringify(row));
  const small = nestedMachine({ maxVeventqDepth: 2 });
  const deep = { viommuId: small.viommu, type: SMMU_TYPE, depth: 3 };
  assert.is(errnoOf(small.context.allocVeventq(deep)), 'EINVAL');
});

events('VIO-41 reporting: what is refused', () => {
  const { context, viommu } = nestedMachine();
  const handle = context.viommu(viommu);
  const tell = (type: number, bytes: Uint8Array | null): string =>
    handle === undefined ? 'none' : errnoOf(handle.reportEvent(type, bytes));
  assert.is(tell(SMMU_TYPE, payload(1)), 'EOPNOTSUPP');
  const id = got(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 1 }));
  assert.equal(
    [tell(SMMU_TYPE, null), tell(SMMU_TYPE, new Uint8Array(0)), tell(2, payload(1)), tell(SMMU_TYPE, payload(1))],
    ['EINVAL', 'EINVAL', 'EOPNOTSUPP', 'ok'],
  );
  assert.is(context.veventFile(id)?.numEvents, 1);
});

events('VIO-42 VIO-50 the bytes of two events and of a lost header', () => {
  const queue = new VeventQueue(SMMU_TYPE, 2);
  report(queue, 5, 0x41);
  const bytes = readBytes(queue);
  assert.is(bytesToHex(bytes), `0000000000000000${'41'.repeat(32)}0000000001000000${'42'.repeat(32)}0100000004000000`);
  assert.is(VEVENT_HEADER_BYTES, 8);
});

events('VIO-42 VIO-49 the number wraps after 0x7fffffff, and nothing counts as lost', () => {
  const queue = new VeventQueue(SMMU_TYPE, 8, { sequence: 0x7ffffffe });
  report(queue, 3);
  const records = splitVevents(readBytes(queue), 32);
  assert.equal(
    records.map((one) => one.sequence),
    [0x7ffffffe, 0x7fffffff, 0],
  );
  const count = new LossCount();
  count.take({ sequence: 0x7ffffffd, payload: payload(0) });
  assert.equal(
    records.map((one) => count.take(one)),
    [0, 0, 0],
  );
});

events('VIO-43 VIO-49 a lost header is renumbered by each further loss', () => {
  const queue = new VeventQueue(SMMU_TYPE, 1);
  report(queue, 2);
  assert.equal([queue.numRecords, queue.numEvents], [2, 1]);
  report(queue, 3);
  assert.equal([queue.numRecords, queue.numEvents], [2, 1]);
  assert.equal(read(queue), ['0', 'lost 4']);
});

events(
  'VIO-43 VIO-49 an event behind a loss takes the place of the header: depth 1, 3 reports, 1 read, 1 report',
  () => {
    const queue = new VeventQueue(SMMU_TYPE, 1);
    const count = new LossCount();
    const take = (bytes: Uint8Array): number[] => splitVevents(bytes, 32).map((one) => count.take(one));
    report(queue, 3);
    assert.equal(take(readBytes(queue, 40)), [0]);
    report(queue, 1);
    assert.is(queue.numRecords, 1);
    assert.equal(take(readBytes(queue)), [2]);
    assert.is(count.total, 2);
  },
);

events('VIO-44 VIO-45 VIO-49 depth 2, 5 reports: 3 lost; then 1 more: none', () => {
  const queue = new VeventQueue(SMMU_TYPE, 2);
  const count = new LossCount();
  report(queue, 5);
  assert.equal([queue.numRecords, queue.numEvents], [3, 2]);
  const first = splitVevents(readBytes(queue), 32);
  assert.equal(
    first.map((one) => [one.sequence, one.payload === undefined, count.take(one)]),
    [
      [0, false, 0],
      [1, false, 0],
      [4, true, 3],
    ],
  );
  report(queue, 1);
  assert.equal(
    splitVevents(readBytes(queue), 32).map((one) => [one.sequence, count.take(one)]),
    [[5, 0]],
  );
});

events('VIO-41 the payload is copied: what the driver writes afterwards is not read', () => {
  const queue = new VeventQueue(SMMU_TYPE, 1);
  const bytes = payload(0x41);
  got(queue.report(bytes));
  bytes.fill(0);
  assert.is(bytesToHex(readBytes(queue)), `0000000000000000${'41'.repeat(32)}`);
});

events('VIO-44 no memory for an event: ENOMEM, and the reader learns that one was lost', () => {
  let memory = true;
  const queue = new VeventQueue(SMMU_TYPE, 4, { allocate: () => memory });
  report(queue, 1);
  memory = false;
  assert.is(errnoOf(queue.report(payload(9))), 'ENOMEM');
  memory = true;
  assert.is(queue.numEvents, 1);
  assert.equal(read(queue), ['0', 'lost 1']);
});

events('VIO-46 partial reads: whole records, and a lost header alone where it fits', () => {
  const queue = new VeventQueue(SMMU_TYPE, 2);
  report(queue, 3);
  assert.equal(read(queue, 79), ['0']);
  assert.equal(read(queue, 48), ['1', 'lost 2']);
  assert.equal(read(queue, 8), []);
  report(queue, 3);
  assert.equal(read(queue, 87), ['3', '4']);
  assert.equal(read(queue, 8), ['lost 5']);
});

events('VIO-46 a position is refused; so is a buffer too small for the first record, which stays', () => {
  const queue = new VeventQueue(SMMU_TYPE, 1);
  report(queue, 2);
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(80)), 8)), 'ESPIPE');
  for (const size of [0, 7, 8, 39]) assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(size)))), 'EINVAL');
  assert.equal(read(queue, 40), ['0']);
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(7)))), 'EINVAL');
  assert.equal(read(queue), ['lost 1']);
});

events('VIO-46 a buffer too small for a header is refused, whether there is anything to read or not', () => {
  const queue = new VeventQueue(SMMU_TYPE, 1);
  const sizes = [0, 1, 7, 8];
  const replies = (): string[] => sizes.map((size) => errnoOf(queue.read(userBuffer(new Uint8Array(size)))));
  assert.equal(replies(), ['EINVAL', 'EINVAL', 'EINVAL', 'ok']);
  // The position is looked at before, and a queue that is gone before that.
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(0)), 8)), 'ESPIPE');
  queue.destroy();
  assert.equal(replies(), Array(4).fill('ENODEV'));
});

events('VIO-46 VIO-47 a copy that faults: the record stays, its header is not counted as read', () => {
  for (const fails of [0, 1]) {
    const queue = new VeventQueue(SMMU_TYPE, 4);
    report(queue, 2);
    assert.is(errnoOf(queue.read(faulty(80, fails))), 'EFAULT');
    assert.is(queue.numEvents, 2);
    assert.equal(read(queue), ['0', '1']);
  }
  for (const fails of [2, 3]) {
    const queue = new VeventQueue(SMMU_TYPE, 4);
    report(queue, 2);
    assert.is(got(queue.read(faulty(80, fails))), 40);
    assert.is(queue.numEvents, 1);
    assert.equal(read(queue), ['1']);
  }
});

events('VIO-46 a lost header that could not be copied comes back only into an empty list', () => {
  const queue = new VeventQueue(SMMU_TYPE, 1);
  report(queue, 2);
  assert.is(got(queue.read(faulty(80, 2))), 40);
  assert.equal(read(queue), ['lost 1']);
  report(queue, 2);
  assert.equal(read(queue, 40), ['2']);
  let told = false;
  const during = (): void => {
    if (!told) report(queue, 1);
    told = true;
  };
  assert.is(errnoOf(queue.read(faulty(80, 0, during))), 'EFAULT');
  assert.equal(read(queue), ['4']);
});

events('VIO-47 readable while there are records, a lone lost header too; never writable', () => {
  const queue = new VeventQueue(SMMU_TYPE, 1);
  assert.equal(queue.poll(), { readable: false, writable: false });
  report(queue, 2);
  read(queue, 40);
  assert.is(queue.numEvents, 0);
  assert.equal(queue.poll(), { readable: true, writable: false });
  read(queue);
  assert.is(queue.poll().readable, false);
});

events('VIO-48 destroying discards what is pending, ends blocked readers, and later reports find no queue', () => {
  const { context, viommu } = nestedMachine();
  const tasks = new VirtualQueue();
  const id = got(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 4 }));
  const queue = context.veventFile(id) as VeventQueue;
  const bytes = new Uint8Array(40);
  const served = start(tasks, queue.readWaiting(userBuffer(bytes)));
  tasks.drain();
  report(queue, 1);
  tasks.drain();
  assert.equal(served.value, { ok: true, value: 40 });
  const blocked = start(tasks, queue.readWaiting(userBuffer(bytes)));
  tasks.drain();
  assert.is(errnoOf(context.destroy(id)), 'ok');
  tasks.drain();
  assert.equal(blocked.value, { ok: false, errno: 'ENODEV' });
  assert.is(errnoOf(queue.report(payload(1))), 'EOPNOTSUPP');
  assert.is(
    errnoOf(context.viommu(viommu)?.reportEvent(SMMU_TYPE, payload(1)) ?? { ok: true, value: 0 }),
    'EOPNOTSUPP',
  );
  assert.is(errnoOf(context.allocVeventq({ viommuId: viommu, type: SMMU_TYPE, depth: 4 })), 'ok');
});

events(
  'VIO-43 VIO-45 VIO-49 in any order of reports and reads: every event is read or counted as lost, in order',
  () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = randomWords(seed);
      const depth = 1 + (next() % 4);
      const queue = new VeventQueue(SMMU_TYPE, depth);
      const count = new LossCount();
      let reported = 0;
      let seen = 0;
      const take = (size: number): void => {
        const reply = ((bytes) => ({ bytes, reply: queue.read(userBuffer(bytes)) }))(new Uint8Array(size));
        if (!reply.reply.ok) return;
        for (const one of splitVevents(reply.bytes.subarray(0, reply.reply.value), 32)) {
          count.take(one);
          if (one.payload === undefined) continue;
          seen++;
          assert.is(one.payload[0], one.sequence & 0xff);
        }
      };
      for (let step = 0; step < 60; step++) {
        if (next() % 3 === 0) take(next() % 130);
        else got(queue.report(payload(reported++ & 0xff)));
        assert.ok(queue.numRecords - queue.numEvents <= 1 && queue.numEvents <= depth);
      }
      take(4000);
      assert.is(seen + count.total, reported, `seed ${seed}`);
    }
  },
);

events.run();
