import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { range } from '../../hypervisor/iommu/iommu-rig.js';
import { altered, numberOf, outcome } from './alterations.js';
import { RecordedMachine } from './recorded-machine.js';

const test = suite('replay: memory that runs out (IOMMU-61 IOMMU-73 DEP-05)');

function mapped(): RecordedMachine {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.map({ id: 1 }, 0x10, [0x1000]);
  machine.map({ id: 1 }, 0x20, [0x1001]);
  machine.unmap({ id: 1 }, 0x20, 1);
  return machine;
}

for (const [what, code, which] of [
  ['an unmap needs no memory', '0xb4', 0],
  ['a page whose tables are there needs none', '0xb3', 1],
] as const)
  test(`${what}: status 0xB is told, with a state at the end and without`, () => {
    const recording = mapped().recording();
    const starved = altered(recording, code, { result: '0xb' }, which);
    const difference = [`#${numberOf(recording, code, which)} ${code} 0xb|0x100000000`];
    assert.equal(outcome(starved).differences, difference);
    assert.equal(outcome(starved.slice(0, -1)).differences, difference);
    assert.equal(outcome(starved).scripted, {});
  });

test('a pool that the state tells to be the usual one never ran out', () => {
  const recording = mapped().recording();
  const starved = altered(recording, '0xb3', { result: '0xb' });
  const n = numberOf(recording, '0xb3');
  assert.equal(outcome(starved).differences, [`#${n} 0xb3 0xb|0x100000000`]);
  assert.equal(outcome(starved.slice(0, -1)).scripted, { 'no memory': [n] });
  const created = altered(recording, '0xb1', { result: '0xb' });
  assert.equal(outcome(created).differences, [`#${numberOf(recording, '0xb1')} 0xb1 0xb|0x0`]);
});

test('a creation that is refused anyway is not refused for want of memory', () => {
  const machine = mapped();
  machine.create({ id: 1 });
  const recording = machine.recording();
  const n = numberOf(recording, '0xb1', 1);
  assert.equal(outcome(altered(recording, '0xb1', { result: '0xb' }, 1).slice(0, -1)).differences, [
    `#${n} 0xb1 0xb|0x5`,
  ]);
});

for (const [pool, cost, pages] of [
  [4, 2, [0x40000, 0]],
  [4, 2, [0, 0, 0x8000000]],
  [5, 2, [0, 0x8000000, 0x200]],
] as const)
  test(`starved maps that are not made again leave tables behind: pool ${pool}, ${cost} a table`, () => {
    const machine = new RecordedMachine('root', { domPool: pool, nodeCost: cost });
    machine.create({ id: 1 });
    for (const page of pages) machine.map({ id: 1 }, page, [0x1000]);
    const recording = machine.recording();
    assert.ok(recording.some(({ result }) => result === '0xb'));
    const { differences, scripted, uncompared } = outcome(recording);
    assert.equal([differences, scripted, uncompared], [[], {}, {}]);
  });

test('two states: each has the pool of its time', () => {
  const machine = new RecordedMachine('root', { domPool: 9, nodeCost: 3 });
  machine.create({ id: 1 });
  machine.map({ id: 1 }, 0x40000, range(0x1000, 500));
  const first = machine.recording();
  machine.depositSome(40);
  machine.map({ id: 1 }, 0x40000, range(0x1000, 500));
  machine.unmap({ id: 1 }, 0x40000, 500);
  machine.delete({ id: 1 });
  machine.create({ id: 2 });
  const second = machine.recording();
  const both = [...first, ...second.slice(first.length - 1)].map((event, n) => ({ ...event, n }));
  const { differences, knobs } = outcome(both);
  assert.equal([differences, knobs.domPool, knobs.nodeCost], [[], 9, 3]);
  const wrong = altered(both, 'device_domains', { pool: 1000 });
  const found = outcome(wrong);
  assert.ok(found.differences.length > 0 || 'pages of the pool' in found.uncompared, 'it is not passed over');
});

test('where no pool explains it, what was not compared is said', () => {
  const machine = new RecordedMachine('root', { domPool: 9, nodeCost: 3 });
  machine.create({ id: 1 });
  for (const page of [0x40000, 0x40000, 0x80000, 0x8000000]) machine.map({ id: 1 }, page, [0x1000 + page]);
  const recording = machine.recording();
  assert.ok(recording.some(({ result }) => result === '0xb'));
  const last = recording.length - 1;
  const { differences, scripted, uncompared } = outcome(recording.with(last, { ...recording[last], pool: 500_000 }));
  assert.equal(differences, []);
  assert.equal(uncompared, { 'pages of the pool': [last] });
  assert.ok('no memory' in scripted);
});

test.run();
