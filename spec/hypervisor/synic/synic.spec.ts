import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EVENTS, hexOf, MESSAGES, PartitionRig } from '../partition-rig.js';

const test = suite('hypervisor: SynIC (COM-06: messages and retries by the queue)');

const SINT = 2;
const SLOT = MESSAGES + SINT * 256;
const EOM = 0x40000084;
const payload = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

function started(): PartitionRig {
  const rig = new PartitionRig();
  rig.startSynic(0);
  rig.events.length = 0;
  return rig;
}

test('a message: header, origin the source, payload, then the interrupt', () => {
  const rig = started();
  assert.is(rig.partition.postMessage(0, SINT, 1, payload(0xaa, 0xbb, 0xcc)), true);
  assert.is(rig.hex(SLOT, 24), '01000000030000000200000000000000aabbcc0000000000');
  assert.equal(rig.interrupts, [[0, 0xf3]]);
  const [message, ...rest] = rig.events;
  assert.equal(
    { ...message, raw: hexOf(message!.raw as Uint8Array).slice(0, 38) },
    { k: 'synic_message', vp: 0, sint: 2, slot_gpa: '0x10200', raw: '01000000030000000200000000000000aabbcc' },
  );
  assert.equal(rest, [{ k: 'msi', vp: 0, vector: 0xf3 }]);
});

test('a second message waits: the slot says so once, the end of message brings it', () => {
  const rig = started();
  const { partition, memory } = rig;
  for (const byte of [1, 2, 3]) partition.postMessage(0, SINT, 1, payload(byte));
  assert.is(memory.readU8(SLOT + 5), 1, 'message pending');
  assert.is(memory.readU8(SLOT + 16), 1);
  assert.is(rig.kinds('synic_pending').length, 1);
  assert.is(rig.interrupts.length, 1);
  memory.storeU32(SLOT, 0);
  partition.wrmsr(0, EOM, 0n);
  assert.is(memory.readU8(SLOT + 16), 2);
  assert.is(memory.readU8(SLOT + 5), 1, 'and the third waits');
  assert.is(rig.interrupts.length, 2);
  memory.storeU32(SLOT, 0);
  partition.wrmsr(0, EOM, 0n);
  assert.is(memory.readU8(SLOT + 16), 3);
  assert.is(memory.readU8(SLOT + 5), 0);
  assert.is(rig.interrupts.length, 3);
  assert.is(rig.queue.drain(), true, 'nothing looks again');
});

test('an end of message with the slot still taken changes nothing', () => {
  const rig = started();
  for (const byte of [1, 2]) rig.partition.postMessage(0, SINT, 1, payload(byte));
  rig.partition.wrmsr(0, EOM, 0n);
  assert.is(rig.memory.readU8(SLOT + 16), 1);
  assert.is(rig.interrupts.length, 1);
});

test('a slot emptied without a word is found after 5 ms', () => {
  const rig = started();
  for (const byte of [1, 2]) rig.partition.postMessage(0, SINT, 1, payload(byte));
  rig.memory.storeU32(SLOT, 0);
  rig.queue.advance(4999);
  assert.is(rig.interrupts.length, 1);
  rig.queue.advance(1);
  assert.is(rig.memory.readU8(SLOT + 16), 2);
  assert.is(rig.interrupts.length, 2);
});

test('a guest that takes the message inside the interrupt gets them one after the other', () => {
  const rig = started();
  const seen: number[] = [];
  rig.interrupted = () => {
    seen.push(rig.memory.readU8(SLOT + 16));
    rig.memory.storeU32(SLOT, 0);
    rig.partition.wrmsr(0, EOM, 0n);
    if (seen.length === 1) for (const byte of [2, 3]) rig.partition.postMessage(0, SINT, 1, payload(byte));
  };
  rig.partition.postMessage(0, SINT, 1, payload(1));
  assert.equal(seen, [1, 2, 3]);
});

test('an interrupt sink that throws leaves the source able to deliver', () => {
  const rig = started();
  const { partition, memory } = rig;
  const seen: number[] = [];
  rig.interrupted = () => {
    seen.push(memory.readU8(SLOT + 16));
    memory.storeU32(SLOT, 0);
    if (seen.length > 1) return;
    for (const byte of [2, 3]) partition.postMessage(0, SINT, 1, payload(byte));
    throw new Error('the sink’s own');
  };
  assert.throws(() => partition.postMessage(0, SINT, 1, payload(1)), /the sink’s own/);
  assert.equal([seen, partition.backlog.count], [[1], 2]);
  rig.queue.advance(5000);
  assert.equal(
    [seen, partition.backlog.count],
    [[1, 2, 3], 0],
    'found by looking again: nobody told the guest that they wait',
  );
  partition.postMessage(0, SINT, 1, payload(4));
  assert.equal(seen, [1, 2, 3, 4]);
});

test('slots of other sources do not wait', () => {
  const rig = started();
  rig.partition.wrmsr(0, 0x40000095, 0x40n);
  for (const sint of [SINT, SINT, 5]) rig.partition.postMessage(0, sint, 1, payload(sint));
  assert.equal(rig.interrupts, [
    [0, 0xf3],
    [0, 0x40],
  ]);
});

for (const [why, msr, value] of [
  ['the SynIC off', 0x40000080, 0n],
  ['no message page', 0x40000083, 0n],
  ['the source masked', 0x40000092, 0x100f3n],
  ['a proxied source', 0x40000092, 0x1000f3n],
] as const)
  test(`with ${why} a message is dropped`, () => {
    const rig = started();
    rig.partition.wrmsr(0, msr, value);
    assert.is(rig.partition.postMessage(0, SINT, 1, payload(1)), true);
    assert.equal(rig.kinds('synic_message', 'msi'), []);
    assert.is(rig.partition.backlog.count, 0);
  });

test('messages that wait are dropped when the source is masked', () => {
  const rig = started();
  for (const byte of [1, 2, 3]) rig.partition.postMessage(0, SINT, 1, payload(byte));
  assert.is(rig.partition.backlog.count, 2);
  rig.partition.wrmsr(0, 0x40000092, 0x100f3n);
  assert.is(rig.partition.backlog.count, 0);
  assert.is(rig.queue.drain(), true);
  assert.is(rig.interrupts.length, 1);
});

test('a polled source gets message and flag, and no interrupt', () => {
  const rig = started();
  rig.partition.wrmsr(0, 0x40000092, 0x400f3n);
  rig.partition.postMessage(0, SINT, 1, payload(9));
  rig.partition.signalEvent(0, SINT, 0);
  assert.is(rig.memory.readU8(SLOT + 16), 9);
  assert.is(rig.memory.readU8(EVENTS + SINT * 256), 1);
  assert.equal(rig.interrupts, []);
});

test('no VP, no source, no type: nothing is queued', () => {
  const { partition } = started();
  assert.equal(
    [partition.postMessage(9, SINT, 1, payload()), partition.postMessage(0, 16, 1, payload())],
    [false, false],
  );
  assert.is(partition.postMessage(0, -1, 1, payload()), false);
  assert.is(partition.postMessage(0, SINT, 0, payload()), false);
});

test('a payload of more than 240 bytes is cut', () => {
  const rig = started();
  rig.partition.postMessage(0, SINT, 1, new Uint8Array(250).fill(0xee));
  assert.is(rig.memory.readU8(SLOT + 4), 240);
  assert.is(rig.memory.readU8(SLOT + 255), 0xee);
  assert.is(rig.memory.readU8(SLOT + 256), 0);
});

test('an event flag interrupts when it was clear, and only then', () => {
  const rig = started();
  const { partition, memory } = rig;
  partition.signalEvent(0, SINT, 43);
  partition.signalEvent(0, SINT, 43);
  assert.is(memory.readU8(EVENTS + SINT * 256 + 5), 8);
  assert.equal(rig.events, [
    { k: 'synic_event', vp: 0, sint: 2, bit: 43 },
    { k: 'msi', vp: 0, vector: 0xf3 },
  ]);
  memory.clearU32(EVENTS + SINT * 256 + 4, 1 << 11);
  partition.signalEvent(0, SINT, 43);
  partition.signalEvent(0, SINT, 2047);
  assert.is(memory.readU8(EVENTS + SINT * 256 + 255), 0x80);
  assert.is(rig.interrupts.length, 3);
});

for (const [what, vp, sint, flag] of [
  ['a VP that is not there', 9, 2, 3],
  ['a source that is not there', 0, 16, 3],
  ['a masked source', 0, 3, 3],
  ['a VP with its SynIC off', 1, 2, 3],
  ['flag 2048', 0, 2, 2048],
  ['flag -1', 0, 2, -1],
] as const)
  test(`a signal to ${what} does nothing`, () => {
    const rig = started();
    const before = rig.hex(0, rig.memory.size);
    rig.partition.signalEvent(vp, sint, flag);
    assert.equal(rig.events, []);
    assert.ok(rig.hex(0, rig.memory.size) === before, 'memory changed');
  });

test('pages move with their contents, and what was below comes back', () => {
  const rig = started();
  const { partition, memory } = rig;
  memory.writeU32(0x40000, 0x5555);
  partition.postMessage(0, SINT, 1, payload(7));
  partition.wrmsr(0, 0x40000083, 0x40001n);
  assert.is(memory.readU8(0x40000 + SINT * 256 + 16), 7);
  assert.is(memory.readU32(SLOT), 0);
  partition.wrmsr(0, 0x40000083, 0x40000n);
  assert.is(memory.readU32(0x40000), 0x5555);
  partition.wrmsr(0, 0x40000083, 0x10001n);
  assert.is(memory.readU8(SLOT + 16), 7);
});

test('a page where no memory is faults, and so does a vector below 16', () => {
  const { partition } = started();
  const rows = [
    [0x40000083, 0x7fff_ffff_f001n, false],
    [0x40000082, 0xffff_ffff_ffff_f001n, false],
    [0x40000092, 0xfn, false],
    [0x40000092, 0x1000fn, true],
    [0x40000092, 0x4000fn, true],
    [0x40000092, 0x10n, true],
  ] as const;
  assert.equal(
    rows.map(([msr, value]) => [msr, value, partition.wrmsr(0, msr, value)]),
    rows.map((row) => [...row]),
  );
});

test.run();
