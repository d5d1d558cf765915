import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, domainBytes, qwords, range, words } from '../../hypervisor/iommu/iommu-rig.js';
import { altered, numberOf, outcome } from './alterations.js';
import { RecordedMachine } from './recorded-machine.js';

const test = suite('replay: calls that are done in parts (IOMMU-73)');

const list = (count: number) =>
  bytes(
    domainBytes({ type: 1, id: 3 }),
    words(1, 0),
    qwords(...range(0x40000, count).map((page) => BigInt(page) << 12n)),
  );

function guest(knobs: ConstructorParameters<typeof RecordedMachine>[1]): RecordedMachine {
  const machine = new RecordedMachine('guest', knobs);
  machine.createAny(3);
  machine.configure({ id: 3 }, 1n, 0x8000n);
  return machine;
}

test('a flush list in parts: the reps of a part are found, and one that was refused midway is', () => {
  const machine = guest({ domChunk: 3 });
  for (const start of [0, 3]) machine.call(0xd1, list(5), 5, start);
  const recording = machine.recording();
  assert.equal(
    recording.filter(({ code }) => code === '0xd1').map(({ result }) => result),
    ['0x300000000', '0x500000000'],
  );
  const { differences, scripted, knobs } = outcome(recording);
  assert.equal([differences, scripted, knobs.domChunk], [[], {}, 3]);
  const refused = altered(recording, '0xd1', { result: '0x400000005' }, 1);
  assert.equal(outcome(refused).differences, []);
  assert.equal(outcome(refused).scripted['refused list'], [numberOf(recording, '0xd1', 1)]);
});

test('a flush list in parts with a knob that says otherwise differs', () => {
  const machine = guest({ domChunk: 3 });
  for (const start of [0, 3]) machine.call(0xd1, list(5), 5, start);
  const recording = machine.recording();
  const n = numberOf(recording, '0xd1');
  assert.equal(outcome(recording, { domChunk: 4 }).differences, [`#${n} 0xd1 0x300000000|0x400000000`]);
});

test('a deposit in parts: the second part is no deposit of the same pages', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.deposit(1n, ...range(0x100, 8));
  const recording = machine.recording();
  const at = recording.findIndex(({ code }) => code === '0x48');
  const whole = recording[at]!;
  const parts = [
    ...recording.slice(0, at),
    { ...whole, result: '0x300000000' },
    { ...whole, n: 90, control: '0x3000800000048', start: 3 },
    ...recording.slice(at + 1),
  ];
  assert.equal(outcome(recording).differences, []);
  const { differences, scripted } = outcome(parts);
  assert.equal([differences, scripted], [[], { 'in parts': [Number(whole.n)] }]);
  const twice = parts.toSpliced(at + 2, 0, { ...whole, n: 91 });
  assert.equal(outcome(twice).differences, ['#91 0x48 0x800000000|0x5']);
});

test('a part that nobody goes on with is none: the call is named', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.map({ id: 1 }, 0, range(0x1000, 8));
  machine.unmap({ id: 1 }, 0, 8);
  machine.create({ id: 2 });
  const recording = machine.recording();
  for (const code of ['0xb3', '0xb4']) {
    const { differences, scripted } = outcome(altered(recording, code, { result: '0x700000000' }));
    assert.equal([differences, scripted], [[`#${numberOf(recording, code)} ${code} 0x700000000|0x800000000`], {}]);
  }
});

test('of many parts the one with other reps is altered', () => {
  const machine = new RecordedMachine('root', { domChunk: 10 });
  machine.createAny(1);
  machine.mapAll(1, 0, range(0x1000, 45), 1);
  machine.unmapAll(1, 0, 45);
  const recording = machine.recording();
  assert.equal(outcome(recording).knobs.domChunk, 10);
  const n = numberOf(recording, '0xb4', 1);
  const { differences, scripted, knobs } = outcome(altered(recording, '0xb4', { result: '0x1300000000' }, 1));
  assert.equal([differences, scripted, knobs.domChunk], [[`#${n} 0xb4 0x1300000000|0x1400000000`], {}, 10]);
});

test('parts that no number explains, but what follows does, are as recorded: each is named', () => {
  const machine = new RecordedMachine('root', { domChunk: 10 });
  machine.createAny(1);
  machine.mapAll(1, 0, range(0x1000, 28), 1);
  const recording = machine.recording();
  const one = altered(recording, '0xb3', { result: '0x700000000' });
  const other = altered(one, '0xb3', { control: '0x7001c000000b3', start: 7 }, 1);
  const { differences, scripted } = outcome(other);
  assert.equal(
    [differences, scripted],
    [[], { 'in parts': [0, 1].map((which) => numberOf(recording, '0xb3', which)) }],
  );
});

test.run();
