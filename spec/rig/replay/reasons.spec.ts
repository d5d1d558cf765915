import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import { bytes, DEVICE, domainBytes, qwords, range, words } from '../../hypervisor/iommu/iommu-rig.js';
import { altered, numberOf, outcome } from './alterations.js';
import { RecordedMachine } from './recorded-machine.js';

const test = suite('replay: one altered answer makes no rule, and what no rule says is named');

/** Seven attachments to where the device is, maps that leave their page, unmaps without reps. */
function habits(): readonly Event[] {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  for (let i = 0; i < 7; i++) machine.attach({ id: 1 }, DEVICE);
  for (let i = 0; i < 4; i++) machine.overrun(1);
  return machine.recording();
}

for (const [what, code, from, to] of [
  ['where a device is already', '0xb2', '0x0', '0x66'],
  ['a list that leaves its page', '0xb3', '0x4', '0x3'],
  ['no reps', '0xb4', '0x5', '0x71'],
] as const)
  for (const which of [0, 3])
    test(`rule of ${what}: answer ${which} alone is not the rule, all of them are`, () => {
      const recording = habits();
      const control = code === '0xb4' ? '0xb4' : undefined;
      const isOne = (event: Event) =>
        event.code === code && event.result === from && (control === undefined || event.control === control);
      const all = recording.filter(isOne).map(({ n }) => Number(n));
      const n = all[code === '0xb2' ? which + 1 : which]!;
      const one = recording.map((event) => (event.n === n ? { ...event, result: to } : event));
      const { differences, scripted } = outcome(one);
      assert.equal([differences, scripted], [[`#${n} ${code} ${to}|${from}`], {}]);
      const first = code === '0xb2' ? all[1] : all[0];
      const every = recording.map((event) =>
        isOne(event) && Number(event.n) >= first! ? { ...event, result: to } : event,
      );
      assert.equal(outcome(every).differences, []);
      assert.equal(outcome(every).scripted, { 'another rule': [first] });
    });

/** Lists of three entries, domain 3 unless told otherwise. */
function lists(ids: readonly number[], refuseList: number): readonly Event[] {
  const machine = new RecordedMachine('guest', { refuseList });
  machine.createAny(3);
  machine.configure({ id: 3 }, 1n, 0x8000n);
  for (const id of ids)
    machine.call(0xd1, bytes(domainBytes({ type: 1, id }), words(1, 0), qwords(0x1000n, 0x2000n, 0x3000n)), 3);
  return machine.recording();
}

test('refused lists: one status is a setting; another one among them is altered', () => {
  const recording = lists([3, 3, 3, 3], 5);
  assert.equal(outcome(recording).knobs.refuseList, 5);
  assert.equal(outcome(recording).scripted, {});
  const n = numberOf(recording, '0xd1', 2);
  const { differences, scripted } = outcome(altered(recording, '0xd1', { result: '0x58' }, 2));
  assert.equal([differences, scripted], [[`#${n} 0xd1 0x58|0x5`], {}]);
});

test('refused lists: one of two is as recorded, and named', () => {
  const recording = lists([3, 3], 5);
  const { differences, scripted } = outcome(altered(recording, '0xd1', { result: '0x300000000' }));
  assert.equal([differences, scripted], [[], { 'refused list': [numberOf(recording, '0xd1', 1)] }]);
});

test('a list for a domain that is not there is refused by rule, with its status alone', () => {
  const recording = lists([9], 5);
  assert.equal(outcome(recording).scripted, {});
  const n = numberOf(recording, '0xd1');
  assert.equal(outcome(altered(recording, '0xd1', { result: '0x71' })).differences, [`#${n} 0xd1 0x71|0x5`]);
  assert.equal(outcome(altered(recording, '0xd1', { result: '0x300000000' })).differences, [
    `#${n} 0xd1 0x300000000|0x5`,
  ]);
});

function maps(knobs: ConstructorParameters<typeof RecordedMachine>[1]): readonly Event[] {
  const machine = new RecordedMachine('root', knobs);
  machine.createAny(1);
  for (const page of [0, 0x20, 0x40]) machine.map({ id: 1 }, page, range(0x100, 4));
  return machine.recording();
}

test('a frame that is refused once and mapped later is no setting: the call is named', () => {
  const recording = maps({});
  const n = numberOf(recording, '0xb3', 2);
  const altogether = altered(recording, '0xb3', { result: '0x6' }, 2).slice(0, -1);
  const { differences, scripted, knobs } = outcome(altogether);
  assert.equal([differences, scripted, knobs.domBad], [[], { 'refused page': [n] }, undefined]);
  assert.equal(outcome(altogether, { domBad: [] }).differences, [`#${n} 0xb3 0x6|0x400000000`]);
});

test('a page is not refused with a status of memory', () => {
  const recording = maps({});
  const n = numberOf(recording, '0xb3', 2);
  for (const status of ['0xb', '0x73', '0x75', '0x83'])
    assert.equal(outcome(altered(recording, '0xb3', { result: status }, 2).slice(0, -1)).differences, [
      `#${n} 0xb3 ${status}|0x400000000`,
    ]);
});

test('a result that was followed and that the rest contradicts is the altered one', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.map({ id: 1 }, 0, range(0x100, 4));
  machine.unmap({ id: 1 }, 0, 4);
  const recording = machine.recording();
  const n = numberOf(recording, '0xb3');
  const { differences, scripted } = outcome(altered(recording, '0xb3', { result: '0x200000006' }));
  assert.equal([differences, scripted], [[`#${n} 0xb3 0x200000006|0x400000000`], {}]);
});

test.run();
