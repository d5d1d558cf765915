import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import { readCallFixture } from '../../hypervisor/iommu/call-fixture.js';
import { DEVICE, LOGICAL, OTHER, range } from '../../hypervisor/iommu/iommu-rig.js';
import { altered, numberOf, outcome } from './alterations.js';
import { RecordedMachine } from './recorded-machine.js';

const test = suite('replay: a recording that contradicts itself, or its host');

const isAttach = ({ control }: Event) => control === '0xb2';
const { events } = readCallFixture('root-iommu-linux-7.2.calls.jsonl');
const state = Number(events.at(-1)!.n);

test('the host counted a call that is missing, and did not count one that is there twice', () => {
  const at = events.findIndex(isAttach);
  assert.equal(outcome(events.toSpliced(at, 1)).differences, [
    `#${state} device_domains 0xb2/0x0 17 times|0xb2/0x0 16 times`,
  ]);
  assert.equal(outcome(events.toSpliced(at, 0, events[at]!)).differences, [
    `#${state} device_domains 0xb2/0x0 17 times|0xb2/0x0 18 times`,
  ]);
});

test('calls that are refused for their form may be counted or not', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.overrun(1);
  const recording = machine.recording();
  const results = recording.filter(({ k }) => k === 'hypercall').map(({ code, result }) => `${code}/${result}`);
  assert.equal(results, ['0xb1/0x0', '0xb3/0x4', '0xb4/0x5', '0xb4/0x3']);
  const count = (calls: Event) => outcome(altered(recording, 'device_domains', { calls })).differences;
  const n = numberOf(recording, 'device_domains');
  assert.equal(count({ '0xb1/0x0': 1, '0xb3/0x4': 1, '0xb4/0x5': 1, '0xb4/0x3': 1 }), []);
  assert.equal(count({ '0xb1/0x0': 1 }), []);
  assert.equal(count({ '0xb1/0x0': 1, '0xb3/0x4': 2 }), [`#${n} device_domains 0xb3/0x4 2 times|0xb3/0x4 1 times`]);
  assert.equal(count({ '0xb1/0x0': 1, '0xb3/0x0': 1 }), [`#${n} device_domains 0xb3/0x0 1 times|0xb3/0x0 0 times`]);
});

test('the end says how many hypercalls there are', () => {
  const end = (hypercall: number) => [...events, { n: 674, k: 'end', seen: { hypercall } }];
  assert.equal(outcome(end(312)).differences, []);
  assert.equal(outcome(end(313)).differences, ['#674 end 313 hypercalls|312 hypercalls']);
});

test('code, reps, start and fast are those of the control word', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.map({ id: 1 }, 0, [1, 2]);
  const recording = machine.recording();
  const n = numberOf(recording, '0xb3');
  const told = (changes: Event) => outcome(altered(recording, '0xb3', changes)).differences;
  assert.equal(told({ code: '0xb3', reps: 2, start: '0x0', fast: false }), []);
  assert.equal(told({ code: '0xb4', reps: 3, start: 1, fast: 1 }), [
    `#${n} 0xb3 code 0xb4|code 0xb3 in the control word`,
    `#${n} 0xb3 reps 3|reps 2 in the control word`,
    `#${n} 0xb3 start 1|start 0 in the control word`,
    `#${n} 0xb3 fast 1|fast 0 in the control word`,
  ]);
});

test('a call that was done has its whole list', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.map({ id: 1 }, 0, [1, 2]);
  const recording = machine.recording();
  const input = String(recording.find(({ code }) => code === '0xb3')!.in);
  const n = numberOf(recording, '0xb3');
  for (const bytes of [40, 55])
    assert.equal(outcome(altered(recording, '0xb3', { in: input.slice(0, 2 * bytes) })).differences.slice(0, 1), [
      `#${n} 0xb3 in of ${bytes} bytes|in of 56 bytes`,
    ]);
});

function attached(): readonly Event[] {
  const machine = new RecordedMachine('root', {});
  machine.createAny(0xa1);
  machine.attach({ id: 0xa1 }, DEVICE);
  machine.attach({ id: 0 }, OTHER);
  return machine.recording();
}

test('a device that was attached is in the state, wherever it is', () => {
  const recording = attached();
  const n = numberOf(recording, 'device_domains');
  const devices = (...pairs: readonly (readonly [string, string])[]) =>
    outcome(altered(recording, 'device_domains', { devices: Object.fromEntries(pairs) })).differences;
  const one = ['0x4000000000000018', '0:0xa1'] as const;
  const other = ['0x4000000000000020', '0:0x0'] as const;
  assert.equal(devices(one, other), []);
  assert.equal(devices(one), [
    `#${n} device_domains device 0x4000000000000020 in none|device 0x4000000000000020 in 0:0x0`,
  ]);
  assert.equal(devices(other), [
    `#${n} device_domains device 0x4000000000000018 in none|device 0x4000000000000018 in 0:0xa1`,
  ]);
});

test('a guest whose device went with its channel has it in no domain', () => {
  const machine = new RecordedMachine('guest', {});
  machine.create({ id: 1, type: 1 });
  machine.configure({ id: 1 }, 1n, 0x8000n);
  machine.attach({ id: 1, type: 1 }, LOGICAL);
  const recording = altered(machine.recording(), 'device_domains', { devices: {} });
  const n = numberOf(recording, 'device_domains');
  const message = (type: number) => ({
    n: 90,
    k: 'synic_message',
    raw: `010000000800000002000000000000000${type}00000007000000`,
  });
  const missing = `#${n} device_domains device 0x37a94e00 in none|device 0x37a94e00 in 1:0x1`;
  assert.equal(outcome(recording).differences, [missing]);
  for (const [type, differences] of [
    [2, []],
    [4, [missing]],
  ] as const)
    assert.equal(outcome(recording.toSpliced(-1, 0, message(type))).differences, differences);
});

test('names of devices and domains in other words, and words that are no names', () => {
  const recording = attached();
  const n = numberOf(recording, 'device_domains');
  const told = (changes: Event) => outcome(altered(recording, 'device_domains', changes)).differences;
  const names = { '0000:00:03.0': '0:A1', '00:04.0': '0:0X0' };
  assert.equal(told({ devices: names, domains: { '0:0XA1': '0x0', '0:0': 0, '0:0xFFFFFFFF': 0 } }), []);
  assert.equal(told({ devices: { '18': '0:0xa1', '0020': '0:0x0' } }), []);
  assert.equal(told({ devices: { ...names, nvme0: '0:0x0' } }), [
    `#${n} device_domains device nvme0 in 0:0x0|device nvme0 in no name of a device`,
  ]);
  assert.equal(told({ domains: { '0:0xa1': 0, '0:0x0': 0, '0:0xffffffff': 0, default: 0 } }), [
    `#${n} device_domains domain default there|domain default no name of a domain`,
  ]);
});

test('a pool is compared in any form, and one that is no number is told', () => {
  const recording = attached();
  const n = numberOf(recording, 'device_domains');
  const told = (pool: unknown) => outcome(altered(recording, 'device_domains', { pool }));
  assert.equal(told('0x3fffffff').differences, []);
  assert.equal(told('0x3ffffffe').differences, [`#${n} device_domains pool 1073741822|pool 1073741823`]);
  assert.equal(told(null).differences, [`#${n} device_domains pool null|pool no number of pages`]);
  assert.equal(told('many').differences, [`#${n} device_domains pool "many"|pool no number of pages`]);
});

test('a refused deposit is as recorded, and named', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.deposit(1n, ...range(0x100, 8));
  const recording = machine.recording().slice(0, -1);
  const n = numberOf(recording, '0x48');
  const { differences, scripted } = outcome(altered(recording, '0x48', { result: '0x300000005' }));
  assert.equal([differences, scripted], [[], { 'refused deposit': [n] }]);
  assert.equal(outcome(altered(recording, '0x48', { result: '0x30000000b' })).differences, [
    `#${n} 0x48 0x30000000b|0x800000000`,
  ]);
});

test.run();
