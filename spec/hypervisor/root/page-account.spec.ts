import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PageAccounts } from '../../../src/hypervisor/root/page-account.js';
import { callSlow, PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: accounts of deposited frames');

const ROOT = 1n;
const CHILD = 5n;

test('what is taken comes from the hypervisor’s own pages first, and none where there is too little', () => {
  const account = new PageAccounts().open(CHILD, 2);
  for (const frame of [0x20, 0x21]) assert.is(account.deposit(frame), true);
  assert.is(account.take(5), undefined);
  assert.is(account.free, 4);
  const hold = account.take(3)!;
  assert.equal(hold, { own: 2, frames: [0x20] });
  account.give(hold);
  assert.equal([account.free, account.deposited], [4, 2]);
  assert.equal(account.withdraw(9), [0x21, 0x20], 'in the order in which they became free');
});

test('an account that is open is opened once', () => {
  const accounts = new PageAccounts();
  assert.is(accounts.open(CHILD, 1), accounts.open(CHILD, 7));
  assert.is(accounts.of(CHILD)!.free, 1);
  assert.equal([accounts.close(CHILD), accounts.close(CHILD)], [true, false]);
  assert.is(accounts.of(CHILD), undefined);
});

test('frames of an account that was closed stay the hypervisor’s: idle ones, used ones, and those of one opened again', () => {
  const accounts = new PageAccounts();
  const account = accounts.open(CHILD);
  for (const frame of [0x20, 0x21]) account.deposit(frame);
  account.take(1);
  accounts.close(CHILD);
  accounts.open(CHILD).deposit(0x22);
  accounts.close(CHILD);
  accounts.open(CHILD);
  assert.equal(
    [0x20, 0x21, 0x22, 0x23].map((frame) => accounts.has(frame)),
    [true, true, true, false],
  );
});

test('a deposit of a frame that a closed account left is refused', () => {
  const rig = new PartitionRig({ isRoot: true });
  const { accounts } = rig.partition.machine!;
  const deposit = (partitionId: bigint, frame: bigint): [number, number] => {
    const input = new Uint8Array(BigUint64Array.of(partitionId, frame).buffer);
    return callSlow(rig, rig.partition.gate(0), { code: 0x48, reps: 1 }, input);
  };
  accounts.open(CHILD);
  assert.equal(deposit(CHILD, 0x20n), [0, 1]);
  accounts.close(CHILD);
  assert.equal(deposit(CHILD, 0x20n), [0xd, 0], 'the account');
  assert.equal(deposit(ROOT, 0x20n), [5, 0], 'the frame');
  assert.equal(deposit(ROOT, 0x21n), [0, 1]);
});

test.run();
