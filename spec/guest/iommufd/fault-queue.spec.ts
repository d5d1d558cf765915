import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommu_hwpt_page_response, iommu_hwpt_pgfault } from '../../../src/abi/iommufd/fault.js';
import { iommufd_hwpt_alloc_flags } from '../../../src/abi/iommufd/hwpt.js';
import { bytesToHex } from '../../../src/bytes/hex.js';
import { FaultQueue } from '../../../src/guest/iommufd/fault-queue.js';
import type { PageAnswer, PageRequest } from '../../../src/guest/iommufd/page-request.js';
import { StalledAccess } from '../../../src/guest/iommufd/stalled-access.js';
import { userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { start } from '../../../src/sched/routine.js';
import { VirtualQueue } from '../../../src/sched/virtual-queue.js';
import { errnoOf, got, nestedMachine } from './machine.js';

const faults = suite('page-fault queue');

interface Told {
  readonly queue: FaultQueue;
  /** `device/grpid answer`, in the order of the answers. */
  readonly answers: string[];
  group(deviceId: number, grpid: number, messages?: number): void;
}

function make(queue = new FaultQueue()): Told {
  const answers: string[] = [];
  const group = (deviceId: number, grpid: number, messages = 1): void => {
    const requests = Array.from({ length: messages }, (_, i) =>
      request(grpid, i === messages - 1, BigInt(i) * 0x1000n),
    );
    queue.report({ deviceId, requests, answer: (answer) => answers.push(`${deviceId}/${grpid} ${answer}`) });
  };
  return { queue, answers, group };
}

function request(grpid: number, last = true, address = 0n): PageRequest {
  return { grpid, perm: 1, address, last };
}

/** Messages as `cookie:device/grpid`. */
function read(queue: FaultQueue, count = 4000): string[] {
  const bytes = new Uint8Array(count);
  const length = got(queue.read(userBuffer(bytes)));
  return Array.from({ length: length / 40 }, (_, i) => {
    const one = decode(iommu_hwpt_pgfault, bytes, { offset: i * 40, trailing: 'ignore' });
    return `${one.cookie}:${one.dev_id}/${one.grpid}`;
  });
}

const respond = (...responses: readonly (readonly [cookie: number, code: number])[]): ReturnType<typeof userBuffer> =>
  userBuffer(
    Uint8Array.from(responses.flatMap(([cookie, code]) => [...encode(iommu_hwpt_page_response, { cookie, code })])),
  );

faults('VIO-60 VIO-64 the bytes of a group of two messages: one cookie, page addresses, DEVICE id', () => {
  const queue = new FaultQueue();
  const requests: PageRequest[] = [
    { grpid: 7, perm: 3, address: 0x1234_5678_9abc_dfffn, last: false },
    { pasid: 0xabcde, grpid: 7, perm: 12, address: 0x1000n, last: true },
  ];
  queue.report({ deviceId: 5, requests, answer: () => undefined });
  const bytes = new Uint8Array(80);
  assert.is(got(queue.read(userBuffer(bytes))), 80);
  assert.is(
    bytesToHex(bytes, 0, 40),
    '00000000050000000000000007000000030000000000000000d0bc9a785634120000000001000000',
  );
  assert.is(bytesToHex(bytes, 40), '0300000005000000debc0a00070000000c0000000000000000100000000000000000000001000000');
});

faults('VIO-60 cookies count from 1 in the order of reading, and are used again', () => {
  const { queue, group } = make();
  for (const grpid of [10, 11, 12]) group(1, grpid);
  assert.equal(read(queue), ['1:1/10', '2:1/11', '3:1/12']);
  assert.is(got(queue.write(respond([2, 0]))), 8);
  for (const grpid of [13, 14]) group(1, grpid);
  assert.equal(read(queue), ['2:1/13', '4:1/14']);
});

faults('VIO-60 a group is complete with its last message; those of other groups wait for their own', () => {
  const { context, device, nested, fault } = nestedMachine();
  const queue = context.faultFile(fault) as FaultQueue;
  got(context.attachDevice(device, nested));
  const send = (grpid: number, last: boolean): void => {
    got(context.reportPageRequest(device, request(grpid, last), () => undefined));
  };
  send(1, false);
  send(2, false);
  send(1, false);
  assert.is(queue.poll().readable, false);
  send(1, true);
  assert.equal(read(queue), [`1:${device}/1`, `1:${device}/1`, `1:${device}/1`]);
  send(2, true);
  assert.equal(read(queue), [`2:${device}/2`, `2:${device}/2`]);
});

faults('VIO-61 what is refused, and whole groups only', () => {
  const { queue, group } = make();
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(41)))), 'ESPIPE');
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(40)), 40)), 'ESPIPE');
  assert.equal(read(queue, 40), []);
  group(1, 10);
  group(1, 11, 3);
  assert.equal(read(queue, 120), ['1:1/10']);
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(80)))), 'EINVAL');
  assert.equal(read(queue, 120), ['2:1/11', '2:1/11', '2:1/11']);
});

faults('VIO-61 a group that does not fit ends the read: a smaller one behind it waits', () => {
  const { queue, group } = make();
  group(1, 10);
  group(1, 11, 3);
  group(1, 12);
  assert.equal(read(queue, 80), ['1:1/10']);
  assert.equal(read(queue, 160), ['2:1/11', '2:1/11', '2:1/11', '3:1/12']);
});

faults('VIO-62 a copy that faults: the group is first again, its cookie free, nothing of it counted', () => {
  for (const fails of [0, 1, 2]) {
    const { queue, group } = make();
    group(1, 10, 3);
    const good = userBuffer(new Uint8Array(120));
    let copies = 0;
    const bad = { ...good, put: (at: number, bytes: Uint8Array) => copies++ !== fails && good.put(at, bytes) };
    assert.is(errnoOf(queue.read(bad)), 'EFAULT');
    assert.equal([queue.numPending, queue.numUnanswered], [1, 0]);
    group(1, 11);
    assert.equal(read(queue), ['1:1/10', '1:1/10', '1:1/10', '2:1/11']);
  }
  const { queue, group } = make();
  group(1, 10);
  group(1, 11, 2);
  const good = userBuffer(new Uint8Array(120));
  let copies = 0;
  const bad = { ...good, put: (at: number, bytes: Uint8Array) => copies++ !== 2 && good.put(at, bytes) };
  assert.is(got(queue.read(bad)), 40);
  assert.equal(read(queue), ['2:1/11', '2:1/11']);
});

faults('VIO-62 no cookie left: the error is told, the group stays', () => {
  const { queue, group } = make(new FaultQueue({ cookies: 1 }));
  group(1, 10);
  group(1, 11);
  assert.equal(read(queue), ['1:1/10']);
  assert.is(errnoOf(queue.read(userBuffer(new Uint8Array(40)))), 'EBUSY');
  got(queue.write(respond([1, 0])));
  assert.equal(read(queue), ['1:1/11']);
});

faults('VIO-63 responses: what is refused, and how far a write got', () => {
  const { queue, group, answers } = make();
  for (const grpid of [10, 11, 12]) group(1, grpid);
  read(queue);
  const rows = [
    ['ESPIPE', userBuffer(new Uint8Array(12)), 0],
    ['ESPIPE', respond([1, 0]), 8],
    ['EINVAL', respond([1, 2]), 0],
    ['EINVAL', respond([9, 0]), 0],
    ['EINVAL', respond([0, 0]), 0],
    ['EFAULT', { ...respond([1, 0]), get: () => undefined }, 0],
  ] as const;
  for (const [errno, buffer, position] of rows) assert.is(errnoOf(queue.write(buffer, position)), errno);
  assert.equal(answers, []);
  assert.is(got(queue.write(respond([1, 0], [3, 1], [1, 0], [2, 0]))), 16);
  assert.equal(answers, ['1/10 success', '1/12 invalid']);
  assert.is(got(queue.write(respond())), 0);
  assert.is(got(queue.write(respond([2, 1]))), 8);
  assert.is(queue.numUnanswered, 0);
});

faults('VIO-63 a response that cannot be copied in the middle of a write: the bytes before it', () => {
  const { queue, group, answers } = make();
  for (const grpid of [10, 11, 12]) group(1, grpid);
  read(queue);
  const good = respond([1, 0], [2, 0], [3, 0]);
  const bad = { ...good, get: (at: number, length: number) => (at === 8 ? undefined : good.get(at, length)) };
  assert.is(got(queue.write(bad)), 8);
  assert.equal([answers, queue.numUnanswered], [['1/10 success'], 2]);
});

faults(
  'VIO-65 a detached device: pending, unanswered and incomplete groups are answered, and the cookies are dead',
  () => {
    for (const leave of ['detach', 'replace', 'unbind'] as const) {
      const { context, device, ioas, nested, fault } = nestedMachine();
      const queue = context.faultFile(fault) as FaultQueue;
      const answers: string[] = [];
      const ask = (grpid: number, last = true): void => {
        got(context.reportPageRequest(device, request(grpid, last), (answer) => answers.push(`${grpid} ${answer}`)));
      };
      got(context.attachDevice(device, nested));
      ask(1);
      read(queue);
      ask(2);
      ask(3, false);
      if (leave === 'detach') got(context.detachDevice(device));
      else if (leave === 'unbind') got(context.unbindDevice(device));
      else got(context.attachDevice(device, ioas));
      assert.equal(answers.sort(), ['1 invalid', '2 invalid', '3 invalid'], leave);
      assert.is(errnoOf(queue.write(respond([1, 0]))), 'EINVAL');
      assert.equal(read(queue), []);
    }
  },
);

faults('VIO-65 another device on the same queue keeps its groups', () => {
  const { queue, group, answers } = make();
  group(1, 10);
  group(2, 20);
  read(queue);
  group(1, 11);
  group(2, 21);
  queue.dropDevice(1);
  assert.equal(answers.sort(), ['1/10 invalid', '1/11 invalid']);
  assert.is(got(queue.write(respond([2, 0]))), 8);
  assert.equal(read(queue), ['1:2/21']);
});

for (const leave of ['dropDevice', 'destroy'] as const)
  for (const faulty of [false, true])
    faults(
      `VIO-65 VIO-66 ${leave} while a group is copied${faulty ? ', and the copy faults' : ''}: it is answered and not told`,
      () => {
        const { queue, group, answers } = make();
        group(1, 10, 3);
        group(2, 20);
        const bytes = new Uint8Array(160);
        const good = userBuffer(bytes);
        let copies = 0;
        const buffer = {
          ...good,
          put: (at: number, copied: Uint8Array) => {
            if (copies++ !== 1) return good.put(at, copied);
            queue[leave](1);
            return !faulty && good.put(at, copied);
          },
        };
        const done = queue.read(buffer);
        if (leave === 'destroy') {
          assert.equal(answers.sort(), ['1/10 invalid', '2/20 invalid']);
          assert.is(errnoOf(done), faulty ? 'EFAULT' : 'ENODEV');
          assert.equal([queue.numPending, queue.numUnanswered], [0, 0]);
          return;
        }
        assert.equal(answers, ['1/10 invalid']);
        if (faulty) {
          assert.is(errnoOf(done), 'EFAULT');
          assert.equal(read(queue), ['1:2/20']);
        } else {
          // The bytes of the group that went are not counted: the next one is where it was.
          assert.is(got(done), 40);
          const told = decode(iommu_hwpt_pgfault, bytes, { trailing: 'ignore' });
          assert.equal([told.dev_id, told.grpid, told.cookie], [2, 20, 1]);
        }
        assert.equal([queue.numPending, queue.numUnanswered], [0, 1]);
        assert.is(got(queue.write(respond([1, 0]))), 8);
        assert.equal(answers, ['1/10 invalid', '2/20 success']);
      },
    );

faults('VIO-63 VIO-66 a group that is answered while it is copied is answered once', () => {
  const { queue, group, answers } = make();
  group(1, 10, 2);
  const good = userBuffer(new Uint8Array(80));
  let copies = 0;
  const put = (at: number, bytes: Uint8Array): boolean => {
    if (copies++ === 1) assert.is(got(queue.write(respond([1, 0]))), 8);
    return good.put(at, bytes);
  };
  assert.is(got(queue.read({ ...good, put })), 0);
  queue.destroy();
  assert.equal(answers, ['1/10 success']);
});

faults('VIO-66 what an answer reports while the queue goes is answered, too', () => {
  const { queue, group, answers } = make();
  queue.report({ deviceId: 1, requests: [request(1)], answer: () => group(1, 2) });
  queue.destroy();
  assert.equal([answers, queue.numPending], [['1/2 invalid'], 0]);
});

faults('VIO-66 poll: readable with pending groups alone, writable always; destroying answers everything', () => {
  const { context, fault, nested, device } = nestedMachine();
  const tasks = new VirtualQueue();
  const { queue, group, answers } = make(context.faultFile(fault));
  assert.equal(queue.poll(), { readable: false, writable: true });
  group(1, 10);
  assert.equal(queue.poll(), { readable: true, writable: true });
  read(queue);
  assert.equal(queue.poll(), { readable: false, writable: true });
  const blocked = start(tasks, queue.readWaiting(userBuffer(new Uint8Array(40))));
  tasks.drain();
  assert.is(errnoOf(context.destroy(fault)), 'EBUSY');
  got(context.destroy(nested));
  group(1, 11);
  got(context.destroy(fault));
  tasks.drain();
  assert.equal(answers.sort(), ['1/10 invalid', '1/11 invalid']);
  assert.equal(blocked.value, { ok: false, errno: 'ENODEV' });
  group(1, 12);
  assert.is(answers.length, 3);
  assert.is(context.kindOf(device), 'device');
});

faults('VIO-67 a response lets the stalled access translate again, or ends it', () => {
  const { context, device, ioas, fault } = nestedMachine();
  const flags = iommufd_hwpt_alloc_flags.IOMMU_HWPT_FAULT_ID_VALID;
  const hwpt = got(context.allocHwpt({ flags, deviceId: device, ptId: ioas, faultId: fault }));
  got(context.attachDevice(device, hwpt));
  const queue = context.faultFile(fault) as FaultQueue;
  let mapped = false;
  const access = (): StalledAccess =>
    new StalledAccess(
      () => mapped,
      (answer: (answer: PageAnswer) => void) => context.reportPageRequest(device, request(1), answer),
    );
  const [first, second] = [access(), access()];
  assert.equal(read(queue), [`1:${device}/1`, `2:${device}/1`]);
  got(queue.write(respond([1, 0])));
  // A response without the page: it stalls once more.
  assert.equal([first.state, queue.numPending], ['waiting', 1]);
  mapped = true;
  assert.equal(read(queue), [`1:${device}/1`]);
  got(queue.write(respond([2, 1], [1, 0])));
  assert.equal([first.state, second.state], ['done', 'aborted']);
});

faults.run();
