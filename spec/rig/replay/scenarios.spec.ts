import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import type { RecordedHostKnobs } from '../../../src/hypervisor/iommu/recorded-host.js';
import { replayDeviceDomains } from '../../../src/rig/replay/device-domain-replay.js';
import { bytes, DEVICE, OTHER, qwords, range, SELF, words } from '../../hypervisor/iommu/iommu-rig.js';
import { RecordedMachine } from './recorded-machine.js';

// Recordings are made by a host that has the knobs; the replay is told none of them.
const test = suite('replay: what a host did for reasons of its own is told by the recording (IOMMU-73)');

function check(events: readonly Event[], scripted: readonly string[], knobs?: RecordedHostKnobs) {
  const replay = replayDeviceDomains(events, knobs === undefined ? {} : { knobs });
  assert.equal(replay.differences, []);
  assert.equal([...replay.scripted.keys()].sort(), [...scripted].sort());
  return replay;
}

test('low memory in parts: pool and cost of a table are found, and give the recorded answers by rule', () => {
  const knobs = { domChunk: 100, domPool: 9, nodeCost: 3 };
  const machine = new RecordedMachine('root', knobs);
  machine.createAny(1);
  assert.is(machine.mapAll(1, 512 - 496, range(0x1000, 3000), 4), 3000);
  const recording = machine.recording();
  const { hosts } = check(recording, []);
  const { domChunk, domPool, nodeCost } = hosts[0]!.knobs;
  assert.equal({ domChunk, domPool, nodeCost }, knobs);
  check(recording, [], knobs);
  const other = replayDeviceDomains(recording, { knobs: { ...knobs, domPool: 10 } });
  assert.ok(other.differences.length > 0, 'another pool is not the recorded one');
});

test('memory that no pool explains is scripted', () => {
  const machine = new RecordedMachine('root', {});
  for (let round = 0; round < 2; round++) {
    machine.create({ id: 1 });
    machine.map({ id: 1 }, 0, [1]);
    machine.delete({ id: 1 });
  }
  const recording = machine.recording();
  const last = recording.findLastIndex(({ code }) => code === '0xb3');
  check(recording, []);
  const starved = recording.with(last, { ...recording[last], result: '0xb' });
  const { scripted } = check(starved.slice(0, -1), ['no memory']);
  assert.equal(scripted.get('no memory'), [recording[last]!.n]);
});

test('refused pages: the map ends at one, the unmap of the whole range ends there too', () => {
  const knobs = { domBad: [0x1100, 0x2001], domBadStatus: 6, domChunk: 64 };
  const machine = new RecordedMachine('root', knobs);
  machine.createAny(1);
  for (const frame of [0x1000, 0x2000, 0x3000]) {
    machine.mapAll(1, 0x40010, range(frame, 506), 1);
    machine.overrun(1);
  }
  machine.map({ id: 1 }, 0x40000, range(0x5000, 40));
  const recording = machine.recording();
  const { hosts } = check(recording, []);
  const { domBad, domBadStatus, domChunk } = hosts[0]!.knobs;
  assert.equal({ domBad, domBadStatus, domChunk }, knobs);
  check(recording, [], knobs);
});

test("a page that is mapped, one beyond the width and one that is not mapped are the host's to find", () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  for (const page of [2 ** 36 - 3, 5, 3, 5]) machine.map({ id: 1 }, page, range(0, 6));
  machine.unmap({ id: 1 }, 0, 4095);
  const recording = machine.recording();
  assert.ok(recording.filter(({ result }) => String(result).endsWith('5')).length >= 4);
  check(recording, []);
});

const direct = (id: bigint, logical: bigint) => bytes(qwords(0x42n, id), words(1, 0), qwords(logical, 0n));

test('starved attachments of a root and of an L1VH, whose deposits are for the guest', () => {
  for (const [caller, id, logical] of [
    ['root', DEVICE, 0x18n],
    ['l1vh', 0xa84b42c0n, 0xa84b42c0n],
  ] as const) {
    const machine = new RecordedMachine(caller, { starveAttach: 2, guests: [0x42n] });
    for (let i = 0; i < 3; i++) {
      machine.call(0x82, direct(id, logical));
      machine.deposit(0x42n, 0x50 + i);
    }
    machine.call(0x83, qwords(0x42n, logical));
    const replay = check(machine.recording(), []);
    const { knobs, caller: found } = replay.hosts[0]!;
    assert.equal([found, knobs.guests, knobs.starveAttach], [caller, [0x42n], 2]);
    check(machine.recording(), [], { starveAttach: 2 });
    const pool = 2 ** 30 + 3;
    check([...machine.recording().slice(0, -1), { ...machine.recording().at(-1), pool }], []);
  }
});

test('refused flush lists, five levels, 4K only, a device beside the IOMMU', () => {
  const machine = new RecordedMachine('guest', { refuseList: 0x71, iovaWidth: 57, pgSizes: 0x1000n });
  machine.call(0x125, qwords(SELF, 0n));
  machine.createAny(3);
  machine.configure({ id: 3 }, 5n, 0x8000n);
  machine.attach({ id: 3, type: 1 }, 0x37a94e00n);
  machine.flushList({ id: 3 }, [0x4000000an]);
  machine.flush({ id: 3 });
  machine.call(0x127, bytes(qwords(SELF, 0x37a94e00n), words(10, 0)));
  const recording = machine.recording();
  const { caller, knobs } = check(recording, []).hosts[0]!;
  assert.equal([caller, knobs.iovaWidth, knobs.pgSizes, knobs.refuseList], ['guest', 57, 0x1000n, 0x71]);
  check(recording, [], { refuseList: 0x71 });
  const asked = recording.findIndex(({ code }) => code === '0x127');
  check(recording.with(asked, { ...recording[asked], out: '00'.repeat(16) }), []);
});

test('calls that the host did not have are answered as it did', () => {
  const machine = new RecordedMachine('root', {});
  machine.attach({ id: 0 }, OTHER);
  machine.detach(OTHER);
  const recording = machine.recording();
  const detached = recording.findIndex(({ code }) => code === '0xc4');
  const { scripted } = check(recording.with(detached, { ...recording[detached], result: '0x2' }), ['call not served']);
  assert.equal(scripted.get('call not served'), [recording[detached]!.n]);
});

test('rules of another host are told by its answers, and counted', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.attach({ id: 0 }, DEVICE);
  machine.attach({ id: 1 }, DEVICE);
  machine.createAny(1);
  machine.delete({ id: 1 });
  machine.overrun(1);
  const recording = machine.recording();
  check(recording, []);
  const others: Record<string, string> = {
    '0x0 0xb2': '0x66',
    '0x5 0xb1': '0x8',
    '0x8 0xc5': '0x58',
    '0x4 0xb3': '0x3',
    '0x5 0xb4': '0x0',
  };
  const seen = new Set<string>();
  const changed = recording.map((event) => {
    const key = `${event.result} ${event.code}`;
    if (seen.has(key) || others[key] === undefined) return event;
    seen.add(key);
    return { ...event, result: others[key] };
  });
  assert.is(seen.size, 5);
  assert.is(check(changed, ['another rule']).scripted.get('another rule')!.length, 5);
});

test('accesses of devices come out where they did', () => {
  const machine = new RecordedMachine('root', {});
  machine.createAny(1);
  machine.map({ id: 1 }, 0x10, [0x777], 1);
  machine.attach({ id: 1 }, DEVICE);
  const recording = machine.recording();
  const dma = (n: number, more: Event) => ({ n, k: 'dma', rid: '0x18', iova: '0x10123', ...more });
  const all = [
    dma(90, { gpa: '0x777123', write: false }),
    dma(91, { gpa: '0x778123' }),
    dma(92, { gpa: '0x777123', write: true }),
    dma(93, { gpa: null, iova: '0x20000' }),
    dma(94, { gpa: '0x10123', rid: '0x20' }),
    { n: 95, k: 'dma', rid: '0x18' },
  ];
  const { accesses, differences } = replayDeviceDomains([...recording, ...all]);
  assert.is(accesses, 5);
  assert.equal(differences, [
    { n: 91, code: 'dma', expected: '0x778123', got: '0x777123' },
    { n: 92, code: 'dma', expected: '0x777123', got: 'not writable' },
  ]);
});

test('events that are none are an error with a code; calls of others and calls without an end are left out', () => {
  for (const event of [
    { k: 'hypercall', control: 'b3', result: '0x0' },
    { k: 'hypercall', control: '0xb4', in: 'zz', result: '0x0' },
    { k: 'hypercall', control: '0xb4', in: '', rdx: -1.5, result: '0x0' },
    { k: 'hypercall', control: '0xb4', in: '', vp: 4096, result: '0x0' },
  ])
    assert.throws(
      () => replayDeviceDomains([event]),
      (error: Error & { code?: string }) => error.code === 'E_RECORD',
    );
  const others = [
    { k: 'hypercall', control: '0xb4', in: '' },
    { k: 'hypercall', control: '0x5c', in: '', result: '0x0' },
    { k: 'end' },
  ];
  const { calls, differences, hosts } = replayDeviceDomains(others);
  assert.equal([calls, differences, hosts], [0, [], []]);
  for (const strange of [
    { rdx: '0xffffffffffffffff', r8: '0xffffffffffffffff' },
    { rdx: '0xffffffffff000', vp: 4095 },
    { rdx: '0x1ff8' },
    { in: '' },
    { control: '0x1000100b4' },
  ]) {
    const event = { k: 'hypercall', control: '0x1000000b4', in: '00'.repeat(32), result: '0x0', ...strange };
    assert.ok(replayDeviceDomains([event]).differences.length > 0, JSON.stringify(strange));
  }
});

test.run();
