import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../../src/bytes/hex.js';
import type { Event } from '../../../src/capture/event.js';
import { compareRootDriver, ROOT_CALLS, type RootSessionOptions } from '../../../src/rig/compare/compare-root.js';
import { callsOf } from '../../../src/rig/compare/driver-calls.js';
import { notesOf, vfioSession } from '../../../src/rig/compare/vfio-operations.js';
import { CODES } from '../../guest/root-iommu/fake-hypervisor.js';
import { readCapture } from '../../support/captures.js';
import { hexOfRuns } from '../../support/word-runs.js';
import { lineOf, rootRecording } from './recordings.js';

function compareSession(recorded: readonly Event[], options: RootSessionOptions = {}) {
  const found = compareRootDriver(recorded, options);
  return { ...found, differences: found.differences.map(lineOf) };
}

function readSession(recorded: readonly Event[]) {
  const calls = callsOf(recorded, ROOT_CALLS);
  return { calls, ...vfioSession(notesOf(recorded), calls) };
}

const linux = suite('root IOMMU: as the Linux series does');

const events = rootRecording();
/** Behind the conventional bridge 00:04.0, whose address its requests carry. */
const requesters = { '0000:01:06.0': '0000:00:04.0' };

linux(
  'E2E-03: for the same devices, VFIO maps, unmaps and closings all 311 calls: code, control word, input, order',
  () => {
    const { calls, same, requests, differences } = compareSession(events);
    assert.equal(differences, []);
    assert.equal([calls, same, requests], [311, 311, 31]);
  },
);

linux('the recording is the whole session', () => {
  const { calls, groups, operations } = readSession(events);
  const count = (code: number): number => calls.filter((call) => call.code === code).length;
  assert.equal(
    [CODES.capabilities, CODES.attach, CODES.create, CODES.map, CODES.unmap, CODES.delete, CODES.deposit].map(count),
    [1, 17, 2, 207, 82, 2, 0],
  );
  assert.is(groups.flat().length, 9);
  const maps = operations.flatMap((one) => (one.op === 'map' ? [one] : []));
  assert.equal(
    maps.map(({ frames, writable }) => `${frames.length} ${writable ? 'rw' : 'ro'}`),
    [
      '1 rw',
      '16 ro',
      '1 rw',
      '506 rw',
      '507 rw',
      '506 ro',
      '508 ro',
      '512 rw',
      '1014 rw',
      '1015 rw',
      '4096 rw',
      '48 rw',
      '65536 rw',
      '1 rw',
      '16 ro',
      '1 rw',
    ],
  );
  const unmaps = operations.flatMap((one) => (one.op === 'unmap' ? [one] : []));
  assert.ok(unmaps.length > 8 && unmaps.every(({ pages, unmapped }) => pages === unmapped));
});

linux('the small capture in the fixtures is part of the same recording', () => {
  const inputs = new Map(readSession(events).calls.map((call) => [call.n, call.input]));
  let found = 0;
  for (const event of readCapture('map-device-gpa-pages.jsonl')) {
    if (!inputs.has(Number(event.n))) continue;
    assert.is(bytesToHex(inputs.get(Number(event.n))!), event.in);
    found++;
  }
  assert.is(found, 9);
});

linux('the habits of the newest driver change nothing where nothing fails', () => {
  assert.equal(compareSession(events, { requesters, habits: 'newest' }).differences, []);
});

linux('another generation is told: the third version asks for no capabilities and detaches eight times', () => {
  const { differences } = compareSession(events, { requesters, generation: 'v3' });
  assert.equal(differences, [
    '- #67 125 ffffffffffffffff0000000000000000 = 0',
    ...Array.from({ length: 8 }, () => '+ c4 ffffffffffffffff1800000000000040'),
  ]);
});

linux('a bridge that nobody knows of is told: the device behind it would go by its own address', () => {
  const { differences } = compareSession(events, { requesters: {} });
  assert.equal(
    differences.map((line) => line.slice(0, 5)),
    ['+ b2 ', '- #74'],
  );
});

linux('unmaps without the limit of a call are told', () => {
  const { differences } = compareSession(events, { requesters, habits: 'v3' });
  assert.ok(differences.includes('+ 1000000000b4 ffffffffffffffff000000000000000000000000010000000000000002000000'));
});

/** The recording with one map answered otherwise, and the calls that the recorded driver would make then. */
function spoilt(n: number, change: (event: Event) => readonly Event[]): Event[] {
  return events.flatMap((event) => (event.n === n ? change(event) : [event]));
}

linux('IOMMU-47: deposits are compared as well: the same frames to partition 1, then the rest of the pages', () => {
  const list = hexOfRuns([['0x5000', 256]]);
  const lowMemory = spoilt(255, (event) => [
    { ...event, result: '0x1f00000000b' },
    { n: 255, k: 'hypercall', control: '0x10000000048', in: `0100000000000000${list}`, result: '0x10000000000' },
    {
      ...event,
      control: '0xa000000b3',
      in: `${String(event.in).slice(0, 64)}0000204000000000${hexOfRuns([['0x1ff0', 10]])}`,
      result: '0xa00000000',
    },
  ]);
  const { differences, calls } = compareSession(lowMemory, { requesters });
  assert.equal(differences, []);
  assert.is(calls, 313);
  const given = readSession(lowMemory).calls.find(({ code }) => code === CODES.deposit);
  assert.is(given!.header.getBigUint64(0, true), 1n);
});

linux('COM-08: a map that is done in parts goes on with its start in the control word', () => {
  const inParts = spoilt(255, (event) => [
    { ...event, result: '0x6400000000' },
    { ...event, control: '0x6401fa000000b3' },
  ]);
  assert.equal(compareSession(inParts, { requesters }).differences, []);
});

linux(
  'IOMMU-48: a page that is refused: exactly the mapped ones are taken back, where the newest driver unmaps all',
  () => {
    const head = 'ffffffffffffffff000000000000000000000000010000000000014000000000';
    const refused = spoilt(255, (event) => [
      { ...event, result: '0xc800000005' },
      { n: 255, k: 'hypercall', control: '0x1fa000000b4', in: head, result: '0xc800000005' },
    ]).filter(({ n, text }) => n !== 259 && !(n === 261 && text !== undefined));
    assert.equal(compareSession(refused, { requesters, habits: 'newest' }).differences, []);
    const ours = compareSession(refused, { requesters }).differences;
    assert.equal(ours, [`+ c8000000b4 ${head}`, `- #255 1fa000000b4 ${head} = c800000005`]);
  },
);

/** Maps that failed in their first stretch: what was asked for behind it is in no call. */
const STRETCHES = [
  {
    note: 'shorter than a call',
    n: 255,
    page: '0000014000000000',
    map: '0x3',
    reps: 3,
    unmap: '0x3',
    gone: [259, 261],
  },
  {
    note: 'longer than a call',
    n: 269,
    page: '0000000001000000',
    map: '0x1fb',
    reps: 507,
    unmap: '0x258',
    gone: [270, 463, 465],
  },
] as const;

for (const { note, n, page, map, reps, unmap, gone } of STRETCHES)
  linux(`IOMMU-48: a map of several stretches fails in the first one, ${note}`, () => {
    const failed = spoilt(n, (event) => [
      {
        ...event,
        control: `${map}000000b3`,
        in: String(event.in).slice(0, 80 + 16 * reps),
        result: '0x100000005',
      },
      {
        n,
        k: 'hypercall',
        control: `${unmap}000000b4`,
        in: `ffffffffffffffff00000000000000000000000001000000${page}`,
        result: '0x100000005',
      },
    ]).filter((event) => !gone.some((number) => number === event.n));
    const { differences } = compareSession(failed, { habits: 'newest' });
    assert.equal(differences, []);
  });

linux.run();
