import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, DEVICE, LOGICAL, qwords, range, SELF, words } from '../../hypervisor/iommu/iommu-rig.js';
import { altered, numberOf, outcome } from './alterations.js';
import { RecordedMachine } from './recorded-machine.js';

const test = suite('replay: what a recording tells of its host');

test('an L1VH that has domains, and one whose detach is answered', () => {
  const machine = new RecordedMachine('l1vh', {}, { hasL1vhDomains: true });
  machine.create({ id: 1 });
  machine.attach({ id: 1 }, LOGICAL);
  machine.map({ id: 1 }, 0, [0x100, 0x101]);
  machine.unmap({ id: 1 }, 0, 2);
  machine.detach(LOGICAL);
  const recording = machine.recording();
  assert.equal(
    recording.filter(({ k }) => k === 'hypercall').map(({ result }) => result),
    ['0x0', '0x0', '0x200000000', '0x200000000', '0x0'],
  );
  const { domains: _, ...state } = recording.at(-1)!;
  for (const last of [recording.at(-1)!, { ...state, domains: { '0:0x1': 0 } }])
    assert.equal(outcome([...recording.slice(0, -1), last]).differences, []);
  const detached = recording.filter(({ code, k }) => k === 'setup' || code === '0xc4');
  assert.equal(outcome(detached).differences, []);
  const n = numberOf(recording, '0xc4');
  assert.equal(outcome(altered(recording, '0xc4', { result: '0x57' })).differences, [`#${n} 0xc4 0x57|0x0`]);
});

test('an L1VH without domains answers 2', () => {
  const machine = new RecordedMachine('l1vh', {});
  machine.create({ id: 1 });
  machine.detach(LOGICAL);
  const recording = machine.recording();
  assert.equal(outcome(recording).differences, []);
  assert.equal(outcome(recording).scripted, {});
});

test('who may ask for its partition id, and what it is', () => {
  const asked = (out: string) => ({ k: 'hypercall', n: 1, control: '0x46', in: '', out, result: '0x0' });
  const direct = {
    k: 'hypercall',
    n: 2,
    control: '0x82',
    in: hex(bytes(qwords(0x42n, LOGICAL), words(1, 0), qwords(LOGICAL, 0n))),
    result: '0x0',
  };
  assert.equal(outcome([asked('0100000000000000'), direct]), outcome([asked('0100000000000000'), direct]));
  assert.equal(outcome([asked('0100000000000000'), direct]).differences, []);
  assert.equal(outcome([asked('0100000000000000'), direct]).scripted, {});
  const five = outcome([asked('0500000000000000'), direct]);
  assert.equal([five.differences, five.scripted], [[], { 'another rule': [1] }]);
  const both = outcome([asked('0500000000000000'), { ...asked('0600000000000000'), n: 3 }]);
  assert.equal(both.differences.length, 2);
});

test('devices that are not there are told by all that names them', () => {
  const machine = new RecordedMachine('root', {});
  machine.attach({ id: 0 }, DEVICE);
  machine.detach(0x4000_0000_0000_0077n);
  machine.detach(DEVICE);
  const recording = machine.recording();
  const n = numberOf(recording, '0xc4');
  const unknown = outcome(altered(recording, '0xc4', { result: '0x57' }));
  assert.equal([unknown.differences, unknown.scripted], [[], { 'unknown device': [n] }]);
  const known = outcome(altered(recording, '0xc4', { result: '0x57' }, 1));
  assert.equal(known.differences, [`#${numberOf(recording, '0xc4', 1)} 0xc4 0x57|0x0`]);
});

test('a property of a device that is not there', () => {
  const machine = new RecordedMachine('guest', {});
  machine.call(0x127, bytes(qwords(SELF, LOGICAL), words(10, 0)));
  const recording = machine.recording();
  const { differences, scripted } = outcome(altered(recording, '0x127', { result: '0x57', out: '' }));
  assert.equal([differences, scripted], [[], { 'unknown device': [numberOf(recording, '0x127')] }]);
});

test('the recorded host takes page tables of five levels, announced or not', () => {
  const machine = new RecordedMachine('guest', { iovaWidth: 57, caps: 5n });
  machine.create({ id: 1, type: 1 });
  assert.is(machine.configure({ id: 1 }, 5n, 0x8000n), 0);
  assert.equal(outcome(machine.recording()).differences, []);
});

test('many devices that are not there do not make a replay endless', () => {
  const detach = (n: number) => ({
    k: 'hypercall',
    n,
    control: '0xc4',
    in: hex(qwords(SELF, DEVICE + BigInt(n))),
    result: '0x57',
  });
  const attach = { k: 'hypercall', n: 0, control: '0xb3', in: '', result: '0x5' };
  const { differences, scripted } = outcome([attach, ...range(1, 1200).map(detach)]);
  assert.ok(scripted['unknown device']!.length >= 64);
  assert.is(scripted['unknown device']!.length + differences.length, 1200);
});

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex');
}

test.run();
