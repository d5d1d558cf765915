import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_input_post_message } from '../../../src/abi/synic/message.js';
import { AbiError } from '../../../src/bytes/errors.js';
import { encode } from '../../../src/layout/codec.js';
import type { PostedMessage } from '../../../src/ports/host-port.js';
import { callFast, callSlow, hexOf, PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: post message and signal event');

const POST = { code: 0x5c };
const SIGNAL = { code: 0x5d };

function post(id: number, size: number, first = 0x11n): Uint8Array {
  return encode(hv_input_post_message, {
    connectionid: { id: id & 0xff_ffff, reserved: id >>> 24 },
    message_type: 1,
    payload_size: size,
    payload: [first, ...new Array<bigint>(29).fill(0n)],
  });
}

test('a message arrives as a copy, with VP, type and length', () => {
  const rig = new PartitionRig();
  const seen: PostedMessage[] = [];
  rig.partition.listenMessages(4, (message) => {
    seen.push(message);
    return 0;
  });
  const gate = rig.partition.gate(1);
  assert.equal(callSlow(rig, gate, POST, post(4, 3, 0x332211n)), [0, 0]);
  assert.equal(callSlow(rig, gate, POST, post(4, 0)), [0, 0]);
  assert.equal(
    seen.map(({ vp, type, payload }) => [vp, type, hexOf(payload)]),
    [
      [1, 1, '112233'],
      [1, 1, ''],
    ],
  );
});

test('the answer is the listener’s status', () => {
  const rig = new PartitionRig();
  rig.partition.listenMessages(4, () => 0x13);
  assert.equal(callSlow(rig, rig.partition.gate(0), POST, post(4, 8)), [0x13, 0]);
});

test('more than 240 bytes, and connections that nobody serves', () => {
  const rig = new PartitionRig();
  const gate = rig.partition.gate(0);
  const listener = rig.partition.listenMessages(4, () => 0);
  rig.partition.listenSignals(4, () => undefined);
  assert.equal(callSlow(rig, gate, POST, post(4, 240)), [0, 0]);
  assert.equal(callSlow(rig, gate, POST, post(4, 241)), [5, 0]);
  assert.equal(callSlow(rig, gate, POST, post(4, 0xffff_ffff)), [5, 0]);
  assert.equal(callSlow(rig, gate, POST, post(5, 8)), [0x12, 0]);
  assert.equal(callSlow(rig, gate, POST, post(0x0100_0004, 8)), [0x12, 0], 'reserved bits of the id');
  listener.close();
  listener.close();
  assert.equal(callSlow(rig, gate, POST, post(4, 8)), [0x12, 0]);
  assert.equal(callFast(gate, SIGNAL, BigUint64Array.of(4n)), [0, 0]);
});

test('post message does not fit the registers', () => {
  const rig = new PartitionRig();
  rig.partition.listenMessages(4, () => 0);
  assert.equal(callFast(rig.partition.gate(0), POST, new BigUint64Array(14)), [3, 0]);
});

test('signal event, fast and slow: flag and VP', () => {
  const rig = new PartitionRig();
  const seen: number[][] = [];
  rig.partition.listenSignals(0x10003, (flag, vp) => seen.push([flag, vp]));
  assert.equal(callFast(rig.partition.gate(1), SIGNAL, BigUint64Array.of(0x10003n)), [0, 0]);
  assert.equal(callFast(rig.partition.gate(0), SIGNAL, BigUint64Array.of(0x07ff_0001_0003n)), [0, 0]);
  assert.equal(callSlow(rig, rig.partition.gate(0), SIGNAL, Uint8Array.of(3, 0, 1, 0, 5, 0, 0, 0)), [0, 0]);
  assert.equal(callFast(rig.partition.gate(0), SIGNAL, BigUint64Array.of(0x0800_0001_0003n)), [5, 0]);
  assert.equal(callFast(rig.partition.gate(0), SIGNAL, BigUint64Array.of(0x10004n)), [0x12, 0]);
  assert.equal(seen, [
    [0, 1],
    [2047, 0],
    [5, 0],
  ]);
});

test('a connection is served once (E_HYPERVISOR)', () => {
  const { partition } = new PartitionRig();
  partition.listenMessages(4, () => 0);
  partition.listenSignals(4, () => undefined);
  for (const again of [
    () => partition.listenMessages(4, () => 0),
    () => partition.listenSignals(4, () => undefined),
    () => partition.gate(9),
  ])
    assert.throws(again, (error: unknown) => error instanceof AbiError && error.code === 'E_HYPERVISOR');
});

test('a guest that takes no answers has to wait with its questions', () => {
  const rig = new PartitionRig();
  const { partition } = rig;
  rig.startSynic(0);
  partition.listenMessages(4, () => {
    partition.postMessage(0, 2, 1, new Uint8Array(8));
    return 0;
  });
  const gate = partition.gate(0);
  let posted = 0;
  while (callSlow(rig, gate, POST, post(4, 8))[0] === 0 && posted < 10_000) posted++;
  assert.is(posted, 4097);
  assert.is(gate.resultLo, 0x13);
  rig.memory.storeU32(0x10200, 0);
  gate.wrmsr(0x40000084, 0n);
  assert.equal(callSlow(rig, gate, POST, post(4, 8)), [0, 0]);
});

test.run();
