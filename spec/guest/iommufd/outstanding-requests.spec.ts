import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommu_hwpt_page_response, iommu_hwpt_pgfault } from '../../../src/abi/iommufd/fault.js';
import type { FaultQueue } from '../../../src/guest/iommufd/fault-queue.js';
import type { IommufdOptions } from '../../../src/guest/iommufd/iommufd-context.js';
import { userBuffer } from '../../../src/guest/iommufd/user-buffer.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { errnoOf, got, nestedMachine, physical } from './machine.js';

const outstanding = suite('page requests that a device has open');

/** Two devices on one page table with a fault queue. */
function make(options?: IommufdOptions) {
  const { context, iommu, device, nested, fault } = nestedMachine(options);
  const second = got(context.bindDevice(physical(iommu, 0x35)));
  for (const one of [device, second]) got(context.attachDevice(one, nested));
  const queue = context.faultFile(fault) as FaultQueue;
  const answers: string[] = [];
  const send = (grpid: number, last: boolean, from = device): string =>
    errnoOf(
      context.reportPageRequest(from, { grpid, perm: 1, address: 0n, last }, (answer) =>
        answers.push(`${from === device ? '' : 'second '}${grpid} ${answer}`),
      ),
    );
  /** Groups as `grpid:messages`, and their cookies. */
  const read = (bytes: number): { groups: string[]; cookies: number[] } => {
    const buffer = new Uint8Array(bytes);
    const length = got(queue.read(userBuffer(buffer)));
    const counts = new Map<number, [grpid: number, messages: number]>();
    for (let offset = 0; offset < length; offset += 40) {
      const { cookie, grpid } = decode(iommu_hwpt_pgfault, buffer, { offset, trailing: 'ignore' });
      counts.set(cookie, [grpid, (counts.get(cookie)?.[1] ?? 0) + 1]);
    }
    return { groups: Array.from(counts.values(), (one) => one.join(':')), cookies: [...counts.keys()] };
  };
  const respond = (cookie: number): number =>
    got(queue.write(userBuffer(encode(iommu_hwpt_page_response, { cookie, code: 0 }))));
  return { context, device, second, ioas: nested, queue, answers, send, read, respond };
}

outstanding('VIO-60 VIO-67 a group that finds no room is answered INVALID whole, and so is the rest of it', () => {
  const { queue, answers, send, read } = make({ maxOutstandingRequests: 4 });
  for (const grpid of [1, 1, 1, 2]) assert.is(send(grpid, false), 'ok');
  assert.is(send(1, false), 'ENOMEM');
  assert.equal(answers, Array(4).fill('1 invalid'));
  assert.is(send(1, false), 'ENOMEM');
  assert.is(send(1, true), 'ENOMEM');
  assert.equal([answers.length, answers.at(-1), queue.numPending], [6, '1 invalid', 0]);
  // The other group is whole, and the index may be used again.
  assert.is(send(2, true), 'ok');
  assert.is(send(1, false), 'ok');
  assert.is(send(1, true), 'ok');
  assert.equal(read(400).groups, ['2:2', '1:2']);
  assert.is(answers.length, 6);
});

outstanding('VIO-60 only so many refused groups are kept in mind: the rest of one more is a group of its own', () => {
  const { send, answers, read, respond } = make({ maxOutstandingRequests: 2 });
  for (const grpid of [1, 2]) assert.is(send(grpid, true), 'ok');
  const { cookies } = read(400);
  for (const grpid of [3, 4, 5]) assert.is(send(grpid, false), 'ENOMEM');
  for (const cookie of cookies) respond(cookie);
  for (const grpid of [3, 4]) assert.is(send(grpid, true), 'ENOMEM');
  assert.is(send(5, true), 'ok');
  assert.equal(read(400).groups, ['5:1']);
  assert.equal(answers.slice(5), ['3 invalid', '4 invalid']);
});

outstanding('VIO-65 VIO-67 what is pending or unanswered counts; a response, and a detach, make room', () => {
  const { context, device, ioas, answers, send, read, respond } = make({ maxOutstandingRequests: 4 });
  for (const grpid of [1, 2]) assert.is(send(grpid, true), 'ok');
  const { cookies } = read(400);
  assert.is(send(3, true), 'ok');
  assert.is(send(4, false), 'ok');
  assert.is(send(5, true), 'ENOMEM');
  assert.equal(answers, ['5 invalid']);
  respond(cookies[0]!);
  assert.is(send(5, true), 'ok');
  assert.is(send(6, true), 'ENOMEM');
  got(context.detachDevice(device));
  assert.equal(answers.sort(), [
    '1 success',
    '2 invalid',
    '3 invalid',
    '4 invalid',
    '5 invalid',
    '5 invalid',
    '6 invalid',
  ]);
  got(context.attachDevice(device, ioas));
  for (const grpid of [1, 2, 3, 4]) assert.is(send(grpid, true), 'ok');
  assert.equal(read(400).groups, ['1:1', '2:1', '3:1', '4:1']);
});

outstanding(
  'VIO-61 the largest group that a device can make has a known size: it never blocks the queue for good',
  () => {
    const most = 4;
    const { second, queue, answers, send, read } = make({ maxOutstandingRequests: most });
    for (let n = 1; n <= most; n++) assert.is(send(1, n === most), 'ok');
    assert.is(send(9, true, second), 'ok', 'another device has its own room');
    assert.is(errnoOf(queue.read(userBuffer(new Uint8Array((most - 1) * 40)))), 'EINVAL');
    assert.equal(read(most * 40).groups, [`1:${most}`]);
    assert.equal(read(most * 40).groups, ['9:1']);
    // One message more is refused before a reader sees anything of it.
    for (let n = 1; n <= most; n++) send(2, false, second);
    assert.is(send(2, true, second), 'ENOMEM');
    assert.is(queue.numPending, 0);
    assert.is(answers.filter((one) => one === 'second 2 invalid').length, most + 1);
  },
);

outstanding(
  'VIO-65 VIO-67 a device that never ends a group, or begins ever new ones, keeps 512 requests at most',
  () => {
    for (const grpidOf of [() => 1, (n: number) => n, (n: number) => n % 600]) {
      const { context, device, answers, send } = make();
      const sent = 20_000;
      for (let n = 0; n < sent; n++) {
        send(grpidOf(n), false);
        assert.ok(n + 1 - answers.length <= 512);
      }
      got(context.detachDevice(device));
      assert.is(answers.length, sent, 'one answer each');
    }
  },
);

outstanding.run();
