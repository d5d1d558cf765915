import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/capture/decoder.js';
import { replayDeviceDomains } from '../../../src/rig/replay/device-domain-replay.js';
import { DEVICE, LOGICAL, range } from '../../hypervisor/iommu/iommu-rig.js';
import { differencesOf } from './alterations.js';
import { RecordedMachine } from './recorded-machine.js';

const test = suite('replay: accesses of devices (IOMMU-75)');

/** Pages 0x10 (read only), 0x11 and 0x12 at neighbouring frames, 0x13 elsewhere, 0x14 not mapped. */
const machine = new RecordedMachine('root', {});
machine.createAny(1);
machine.map({ id: 1 }, 0x10, [0x777], 1);
machine.map({ id: 1 }, 0x11, [0x800, 0x801, 0x300]);
machine.attach({ id: 1 }, DEVICE);
const recording = machine.recording();

function accesses(...events: readonly Event[]) {
  const dma = events.map((event, at) => ({ n: 90 + at, k: 'dma', ...event }));
  const replay = replayDeviceDomains([...recording, ...dma]);
  const { accesses: compared, uncompared } = replay;
  return { compared, uncompared: Object.fromEntries(uncompared), differences: differencesOf(replay) };
}

test('a device by any of its names', () => {
  for (const name of [
    { rid: '0x18' },
    { rid: 24 },
    { rid: '0018' },
    { bdf: '0000:00:03.0' },
    { requester: '00:03.0' },
    { bus: 0, devfn: 24 },
    { bus: '0x0', devfn: '0x18' },
    { device: '0x4000000000000018' },
    { device_id: '4000000000000018' },
  ]) {
    const right = accesses({ ...name, iova: '0x11123', gpa: '0x800123' });
    assert.equal([right.compared, right.differences, right.uncompared], [1, [], {}], JSON.stringify(name));
    const wrong = accesses({ ...name, iova: '0x11123', gpa: '0x900123' });
    assert.equal(wrong.differences, ['#90 dma 0x900123|0x800123'], JSON.stringify(name));
  }
});

test('the offset in the page counts; a host may tell the page alone', () => {
  const { differences } = accesses(
    { rid: '0x18', iova: '0x11123', gpa: '0x800456' },
    { rid: '0x18', iova: '0x11123', gpa: '0x800000' },
    { rid: '0x18', iova: '0x11000', gpa: '0x800004' },
  );
  assert.equal(differences, ['#90 dma 0x800456|0x800123', '#92 dma 0x800004|0x800000']);
});

test('an access is translated to its last byte', () => {
  const { compared, differences } = accesses(
    { rid: '0x18', iova: '0x11000', len: 0x3000, gpa: '0x800000' },
    { rid: '0x18', iova: '0x13000', len: 0x1001, gpa: '0x300000' },
    { rid: '0x18', iova: '0x13000', size: '0x1000', gpa: '0x300000' },
    { rid: '0x18', iova: '0x13ff0', length: 0x20, gpa: null },
  );
  assert.equal([compared, differences], [4, ['#91 dma 0x300000|not mapped']]);
});

test('a write by any of its names needs permission', () => {
  for (const name of [
    { dir: 'w' },
    { write: '0x1' },
    { write: 1 },
    { write: true },
    { access: 'write' },
    { rw: 'W' },
    { dir: 'from_device' },
  ])
    assert.equal(
      accesses({ rid: '0x18', iova: '0x10000', gpa: '0x777000', ...name }).differences,
      ['#90 dma 0x777000|not writable'],
      JSON.stringify(name),
    );
  for (const name of [{ dir: 'r' }, { write: '0x0' }, { write: false }, { access: 'read' }, {}])
    assert.equal(accesses({ rid: '0x18', iova: '0x10000', gpa: '0x777000', ...name }).differences, []);
});

test('refused accesses', () => {
  const { compared, differences } = accesses(
    { rid: '0x18', iova: '0x14000', gpa: null },
    { rid: '0x18', iova: '0x14000', fault: 'not mapped' },
    { k: 'iommu_fault', device: '0x4000000000000018', iova: '0x10000', access: 'write', reason: 'not writable' },
    { rid: '0x18', iova: '0x11000', ok: false },
  );
  assert.equal([compared, differences], [4, ['#93 dma refused|0x800000']]);
});

test('interrupts go where they are addressed to, whatever is mapped', () => {
  const { compared, differences } = accesses(
    { rid: '0x18', iova: '0xfee01000', len: 4, gpa: '0xfee01000', write: true },
    { rid: '0x18', iova: '0xfee01000', len: 4, gpa: '0x1000', write: true },
    { rid: '0x18', iova: '0xfef00000', len: 4, gpa: '0xfef00000', write: true },
  );
  assert.equal([compared, differences], [3, ['#91 dma 0x1000|not mapped', '#92 dma 0xfef00000|not mapped']]);
});

test('what nobody understands is said, and no difference', () => {
  const strange = [
    { iova: '0x11000', gpa: '0x800000' },
    { rid: 'nvme0', iova: '0x11000', gpa: '0x800000' },
    { rid: '0x18', gpa: '0x800000' },
    { rid: '0x18', iova: '0x11000' },
    { rid: '0x18', iova: '0x11000', gpa: '0x800000', dir: 'sideways' },
    { rid: '0x18', iova: '0x11000', gpa: '0x800000', access: 1 },
    { rid: '0x18', iova: '0x11000', gpa: '0x800000', write: 'perhaps' },
    { rid: '0x18', iova: '0x11000', gpa: '0x800000', len: 'all' },
    { rid: '00:25.0', iova: '0x11000', gpa: '0x800000' },
  ];
  assert.equal(accesses(...strange), {
    compared: 0,
    uncompared: { 'access not understood': range(90, strange.length) },
    differences: [],
  });
});

test("a guest's page tables are not in a recording: its identity and blocked domains alone are compared", () => {
  const guest = new RecordedMachine('guest', {});
  for (const [id, flags] of [
    [1, 0n],
    [2, 3n],
    [3, 1n],
  ] as const) {
    guest.create({ id, type: 1 });
    guest.configure({ id }, flags, 0x8000n);
    guest.attach({ id, type: 1 }, LOGICAL + BigInt(id));
  }
  const at = (id: number, gpa: string | null) => ({
    k: 'dma',
    device: `0x${(LOGICAL + BigInt(id)).toString(16)}`,
    iova: '0x5123',
    gpa,
  });
  const replay = replayDeviceDomains(
    [...guest.recording(), at(1, '0x5123'), at(1, '0x6123'), at(2, null), at(3, '0x9123')].map((event, n) => ({
      ...event,
      n,
    })),
  );
  const first = guest.recording().length;
  assert.equal(differencesOf(replay), [`#${first + 1} dma 0x6123|0x5123`]);
  assert.equal([...replay.uncompared], [['access by page tables', [first + 3]]]);
});

test.run();
