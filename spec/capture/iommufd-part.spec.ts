import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iommufd_ioctl as io } from '../../src/abi/iommufd/command.js';
import { iommufdRequests } from '../../src/abi/iommufd/requests.js';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { pick } from '../../src/layout/group.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at } from '../support/captures.js';
import { randomWords } from '../support/random.js';
import { mutated } from '../support/record-mutations.js';
import { u32, u64, zeros } from '../support/trace-events.js';
import { ioctl, last } from './iommufd-trace.js';

const destroy = u32(8) + u32(7);
const hwpt = (dataType: number, dataLength: number): string =>
  u32(48) + u32(0) + u32(1) + u32(6) + u32(0) + u32(0) + u32(dataType) + u32(dataLength) + u64(0x7000n) + u64(0);
const veventq = (id: number, fd: number): string =>
  u32(32) + u32(0) + u32(6) + u32(1) + u32(8) + u32(id) + u32(fd) + u32(0);

const requests = suite('capture: requests of /dev/iommu (E2E-10)');

requests('what was given and what came back', () => {
  const { json, tally } = last(ioctl(io.IOMMU_VEVENTQ_ALLOC, veventq(0, 0), { out: veventq(11, 5) }));
  assert.equal(
    [json.name, json.struct, at(json, 'value.veventq_depth'), at(json, 'out.value.out_veventq_fd')],
    ['IOMMU_VEVENTQ_ALLOC', 'iommu_veventq_alloc', 8, 5],
  );
  assert.equal([at(json, 'facts.fd'), at(json, 'facts.result'), at(json, 'facts.in')], [3, 0, undefined]);
  assert.equal([tally.ok, tally.identical, tally.issues], [true, 1, 0]);
});

requests('a number as text, and a refusal', () => {
  const { json, tally } = last(ioctl(0, destroy, { cmd: '0x3b80', result: -1, errno: 'EBUSY' }));
  assert.equal([json.name, at(json, 'value.id'), at(json, 'facts.errno')], ['IOMMU_DESTROY', 7, 'EBUSY']);
  assert.is(tally.ok, true);
});

for (const { request, struct, minSize } of iommufdRequests) {
  const { size } = pick(struct).type;
  requests(`${struct.name}: of an older caller, of a newer one, and cut anywhere`, () => {
    for (let length = 0; length <= size; length++) {
      const given = length < 4 ? zeros(length) : u32(length) + zeros(length - 4);
      const { tally, issues } = last(ioctl(request, given));
      assert.is(tally.unattributed, 0);
      assert.is(tally.ok, true, tally.line());
      assert.is(issues.length > 0, length > 0 && length < minSize, `${length}: ${issues}`);
      // What the structure says of itself, and fewer bytes than that.
      if (length >= 4) assert.ok(last(ioctl(request, u32(size + 1) + zeros(length - 4))).issues.length > 0);
    }
    const newer = last(ioctl(request, u32(size + 8) + zeros(size + 4)));
    assert.equal([newer.tally.ok, newer.issues], [true, []]);
    assert.equal(
      (newer.json.slack as { name: string; offset: number; length: number }[]).map(({ offset, length }) => [
        offset,
        length,
      ]),
      [[size, 8]],
    );
    const more = last(ioctl(request, u32(size + 8) + zeros(size - 4) + u64(1)));
    assert.equal([more.tally.unattributed, more.issues], [8, [`I_TRAILING ${size}`]]);
  });
}

requests('a size that is less than the bytes', () => {
  const { issues, tally } = last(ioctl(io.IOMMU_HWPT_ALLOC, u32(24) + hwpt(0, 0).slice(8)));
  assert.equal([issues, tally.ok], [['I_TRAILING 24'], true]);
});

requests('a request that no source names, and one of another device', () => {
  for (const cmd of [0x3b80 + 0x40, 0x1234, 0]) {
    const { json, tally } = last(ioctl(cmd, '00112233', { out: '44' }));
    assert.equal([json.name, tally.unattributed, tally.unknown, tally.ok], [undefined, 5, 1, false]);
  }
});

requests('a request without a number, or with bytes that are none', () => {
  for (const event of [
    { k: 'ioctl', in: destroy },
    { k: 'ioctl', cmd: 'x', in: destroy },
    ioctl(io.IOMMU_DESTROY, '0'),
    { k: 'fd_read', raw: 'zz' },
    { k: 'smmu_event', raw: 7 },
  ])
    assert.throws(
      () => new Decoder().push(event),
      (error: { code?: string }) => error.code === 'E_RECORD',
    );
});

requests.run();

const files = suite('capture: queues of /dev/iommu (E2E-10)');

/** A record of the SMMUv3 with its StreamID: F_TRANSLATION, stalled with a tag. */
const smmu = (stream: number, id = 0x10): string => u32(id) + u32(stream) + u64(0x8000_0007n) + u64(0x4000n) + u64(0);
const header = (sequence: number, flags = 0): string => u32(flags) + u32(sequence);
const opened = ioctl(io.IOMMU_VEVENTQ_ALLOC, veventq(0, 0), { out: veventq(11, 5) });
const fault = (cookie: number): string =>
  u32(2) + u32(1) + u32(0) + u32(7) + u32(2) + u32(0) + u64(0x6000_0000n) + u32(0) + u32(cookie);
const read = (raw: string, more: Record<string, unknown> = {}): Event => ({
  k: 'fd_read',
  fd: 5,
  raw,
  result: raw.length / 2,
  ...more,
});

files('VIO-42 events and a lost header: each is a structure of its own in one byte string', () => {
  const raw = header(3) + smmu(0x100) + header(4) + smmu(0x108, 0x13) + header(9, 1);
  const { json, tally, issues } = last(opened, read(raw));
  assert.equal([json.name, json.hex, 'hex_raw[1]' in json], ['iommufd_vevent_header', raw, false]);
  assert.equal([at(json, 'value.sequence'), at(json, 'raw[1].value.sequence'), at(json, 'raw[2].offset')], [3, 4, 80]);
  assert.is(at(json, 'raw[2].name'), 'IOMMU_VEVENTQ_FLAG_LOST_EVENTS');
  assert.equal([at(json, 'inner.struct'), at(json, 'inner.inner.struct')], ['iommu_vevent_arm_smmuv3', 'evtq_ent']);
  assert.equal(
    [at(json, 'inner.inner.name'), at(json, 'raw[1].inner.inner.name')],
    ['EVT_ID_TRANSLATION_FAULT', 'EVT_ID_PERMISSION_FAULT'],
  );
  assert.equal([at(json, 'inner.inner.value.EVTQ_0_SID'), at(json, 'inner.inner.value.EVTQ_1_STAG')], [0x100, 7]);
  assert.equal([tally.ok, tally.identical, issues], [true, 1, []]);
});

files('cut at any byte: what is missing is reported, nothing else changes', () => {
  const raw = header(3) + smmu(0x100) + header(9, 1);
  const whole = [0, 40, 48];
  for (let length = 0; length <= raw.length / 2; length++) {
    const { tally, issues } = last(opened, read(raw.slice(0, length * 2)));
    assert.equal([tally.ok, tally.unattributed], [true, 0], `${length}`);
    // A header without its event is one that is cut.
    const isWhole = whole.includes(length);
    assert.is(
      issues.some((one) => one.startsWith('I_SHORT')),
      !isWhole,
      `${length}: ${issues}`,
    );
  }
});

files('events of other types: those of the Tegra241, and one that no source names', () => {
  const tegra = last(read(header(0) + zeros(16), { object: 'veventq', type: 2 }));
  assert.equal([at(tegra.json, 'inner.struct'), tegra.tally.ok], ['iommu_vevent_tegra241_cmdqv', true]);
  const strange = last(read(header(0) + zeros(16), { object: 'veventq', type: 99 }));
  assert.equal([strange.tally.unattributed, strange.tally.unknown, strange.issues], [16, 1, ['I_UNKNOWN 8']]);
});

files('an event that no source names, behind a header with unknown flags', () => {
  const { tally, issues } = last(opened, read(header(0, 6) + smmu(1, 0xe0)));
  assert.is(tally.ok, true);
  assert.equal(issues, ['I_ENUM 8']);
});

files('page faults, and the response that is linked to the read', () => {
  const queue = ioctl(io.IOMMU_FAULT_QUEUE_ALLOC, u32(16) + zeros(12), { out: u32(16) + u32(0) + u32(5) + u32(5) });
  const both = { ...read(fault(1) + fault(2)), n: 40 };
  const { json, tally } = last(queue, both);
  assert.equal([json.name, at(json, 'value.dev_id'), at(json, 'raw[1].value.cookie')], ['iommu_hwpt_pgfault', 1, 2]);
  assert.is(tally.ok, true);
  const responses = { k: 'fd_write', fd: 5, raw: u32(2) + u32(0) + u32(1) + u32(1), result: 16 };
  const answered = last(queue, both, responses);
  assert.equal([answered.json.name, at(answered.json, 'links.request')], ['iommu_hwpt_page_response', 40]);
  assert.equal([at(answered.json, 'raw[1].value.code'), answered.tally.ok, answered.issues], [1, true, []]);
  // Answered once; and a code that is none.
  const twice = last(queue, both, responses, { ...responses, raw: u32(2) + u32(2) });
  assert.equal([at(twice.json, 'links'), twice.issues], [undefined, ['I_ENUM 4']]);
  for (let length = 0; length < 40; length++)
    assert.is(last(queue, read(fault(1).slice(0, length * 2))).issues.length > 0, length > 0, `${length}`);
});

files('what a descriptor is: by the event itself, by the request before it, not behind close', () => {
  const raw = header(0) + smmu(1);
  assert.is(last(opened, read(raw)).tally.unknown, 0);
  assert.is(last(read(raw, { object: 'veventq', type: 1 })).tally.unknown, 0);
  for (const events of [
    [read(raw)],
    [opened, { k: 'fd_close', fd: 5 }, read(raw)],
    [opened, { k: 'setup' }, read(raw)],
    [opened, { ...read(raw), fd: 6 }],
    [opened, { ...read(raw), k: 'fd_write' }],
    [{ ...opened, errno: 'EINVAL' }, read(raw)],
    // As strace has a refusal, and as a recorder of system calls does.
    [{ ...opened, result: -22 }, read(raw)],
    [{ ...opened, result: '-22' }, read(raw)],
  ]) {
    const { tally } = last(...events);
    assert.equal([tally.unknown, tally.unattributed], [1, 40]);
  }
  assert.equal(last(read('')).tally.ok, true);
});

files(
  'VIO-65 cookies are of an open file: those of one that was closed, or replaced, are not answered by another',
  () => {
    const queue = ioctl(io.IOMMU_FAULT_QUEUE_ALLOC, u32(16) + zeros(12), { out: u32(16) + u32(0) + u32(5) + u32(5) });
    const other = { ...queue, out: u32(16) + u32(0) + u32(6) + u32(9) };
    const faults = { ...read(fault(1)), n: 40 };
    const response = { k: 'fd_write', fd: 5, object: 'fault', raw: u32(1) + u32(0), result: 8 };
    const link = (...events: readonly Event[]): unknown => at(last(...events).json, 'links.request');
    const close = { k: 'fd_close', fd: 5 };
    assert.is(link(queue, faults, response), 40);
    assert.is(link(queue, faults, { k: 'fd_close', fd: 6 }, other, response), 40);
    assert.is(link(queue, faults, close, response), undefined);
    assert.is(link(queue, faults, close, queue, response), undefined);
    assert.is(link(queue, faults, queue, response), undefined);
    assert.is(link(queue, faults, close, queue, { ...faults, n: 50 }, response), 50);
  },
);

files('VIO-42 numbers of events have 31 bits: any other one is reported, in front of an event and for a loss', () => {
  for (const [sequence, issues] of [
    [0, []],
    [0x7fffffff, []],
    [0x80000000, ['I_RESERVED 4']],
    [0xffffffff, ['I_RESERVED 4']],
  ] as const) {
    assert.equal(last(opened, read(header(sequence) + smmu(1))).issues, issues);
    const lost = last(opened, read(header(sequence, 1)));
    assert.equal([lost.issues, lost.tally.ok], [issues, true]);
  }
  const second = last(opened, read(header(1) + smmu(1) + header(0x80000002) + smmu(1)));
  assert.equal(second.issues, ['I_RESERVED 44']);
});

files('a read whose result is not its bytes', () => {
  assert.equal(last(opened, read(header(0, 1), { result: 40 })).issues, ['I_COUNT 0']);
});

files('the record that the SMMU writes: its words, cut, and one behind it', () => {
  const event = { k: 'smmu_event', iommu: 'smmu0', stream: 0x21, raw: smmu(0x21) };
  const { json, tally } = last(event);
  assert.equal([json.name, json.struct, at(json, 'facts.stream')], ['EVT_ID_TRANSLATION_FAULT', 'evtq_ent', 0x21]);
  assert.equal(
    [at(json, 'value.EVTQ_1_STALL'), at(json, 'value.EVTQ_2_ADDR'), tally.ok],
    [true, '0x0000000000004000', true],
  );
  for (let length = 1; length < 32; length++) {
    const cut = last({ ...event, raw: event.raw.slice(0, length * 2) });
    assert.equal([cut.tally.ok, cut.issues.includes('I_SHORT 0')], [true, true], `${length}: ${cut.issues}`);
  }
  assert.is(last({ ...event, raw: '' }).tally.ok, true);
  assert.is(last({ ...event, raw: event.raw.repeat(2) }).tally.ok, true);
  assert.is(last({ ...event, raw: smmu(1, 0xe0) }).json.name, 'evtq_ent');
});

files('3,000 changed events: nothing but a refusal is thrown, no byte is lost, values encode to their bytes', () => {
  const corpus: Event[] = [
    opened,
    ioctl(io.IOMMU_HWPT_ALLOC, hwpt(2, 16), { data: zeros(16) }),
    read(header(0) + smmu(1) + header(5, 1)),
    { ...read(fault(1) + fault(2)), object: 'fault' },
    { k: 'fd_write', fd: 5, object: 'fault', raw: u32(1) + u32(0), result: 8 },
    { k: 'smmu_event', iommu: 'smmu0', stream: 1, raw: smmu(1) },
    ioctl(io.IOMMU_HWPT_INVALIDATE, u32(32) + zeros(28), { data: zeros(32) }),
    ioctl(io.IOMMU_GET_HW_INFO, u32(40) + zeros(36), {
      out: u32(40) + zeros(20) + u32(2) + zeros(12),
      data: zeros(40),
    }),
    ioctl(io.IOMMU_IOAS_IOVA_RANGES, u32(32) + zeros(28), { out: u32(32) + zeros(28), data: zeros(32) }),
    ioctl(io.IOMMU_HWPT_GET_DIRTY_BITMAP, u32(48) + zeros(44), { data: zeros(7) }),
    ...iommufdRequests.map(({ request }) => ioctl(request, u32(40) + zeros(36), { out: u32(40) + zeros(36) })),
  ];
  const draw = randomWords(1110);
  const kinds = ['ioctl', 'fd_read', 'fd_write', 'smmu_event', 'fd_close'];
  let refused = 0;
  let decoder = new Decoder();
  for (let n = 0; n < 3000; n++) {
    if (n % 40 === 0) decoder = new Decoder();
    const event: Record<string, unknown> = { ...mutated(corpus[draw() % corpus.length]!, draw, corpus) };
    if (draw() % 5 === 0) event.k = kinds[draw() % kinds.length];
    if (draw() % 5 === 0) event.cmd = 0x3b80 + (draw() % 24);
    if (draw() % 5 === 0) event.type = draw() % 4;
    try {
      const record = decoder.push(event);
      assert.equal(coverageFaults(record), [], JSON.stringify(event));
      const tally = new Tally();
      tally.add(record);
      const isWhole = kinds.includes(record.kind) && record.bytes > 0 && tally.unattributed === 0;
      if (isWhole) assert.is(tally.identical, 1, JSON.stringify(event));
      JSON.stringify(presentRecord(record));
    } catch (error) {
      if ((error as { code?: string }).code !== 'E_RECORD') throw error;
      refused++;
    }
  }
  assert.ok(refused > 10 && refused < 1500, `${refused} refused`);
});

files.run();
