import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import { decodePlain, type PlainOptions, PlainReader } from '../../src/capture/plain.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at } from '../support/captures.js';
import { u32, u64, zeros } from '../support/trace-events.js';

interface Read {
  readonly rows: readonly JsonRecord[];
  readonly tally: Tally;
}

function read(hex: string, options: PlainOptions): Read {
  const tally = new Tally();
  const rows = [...decodePlain(hexToBytes(hex), options)].map((record) => {
    assert.equal(coverageFaults(record), []);
    tally.add(record);
    return presentRecord(record);
  });
  return { rows, tally };
}

const codes = (row: JsonRecord): string[] => (row.issues as { code: string }[]).map(({ code }) => code);

const header = (sequence: number, flags = 0): string => u32(flags) + u32(sequence);
const smmu = (stream: number, id = 0x10): string => u32(id) + u32(stream) + u64(0) + u64(0x4000n) + u64(0);
// What a reader of the descriptor gets: two events, the word that some were lost, one more.
const QUEUE = header(3) + smmu(0x100) + header(4) + smmu(0x108, 0x13) + header(9, 1) + header(10) + smmu(0x100);
const STARTS = [0, 40, 80, 88];

const events = suite('plain bytes of a vEVENTQ');

events('VIO-42 each header with its event, a loss without one', () => {
  const { rows, tally } = read(QUEUE, { as: 'veventq' });
  assert.equal(
    rows.map((row) => [row.kind, row.name, at(row, 'value.sequence'), at(row, 'inner.inner.name')]),
    [
      ['veventq', 'iommufd_vevent_header', 3, 'EVT_ID_TRANSLATION_FAULT'],
      ['veventq', 'iommufd_vevent_header', 4, 'EVT_ID_PERMISSION_FAULT'],
      ['veventq', 'IOMMU_VEVENTQ_FLAG_LOST_EVENTS', 9, undefined],
      ['veventq', 'iommufd_vevent_header', 10, 'EVT_ID_TRANSLATION_FAULT'],
    ],
  );
  assert.is(at(rows[1]!, 'inner.inner.value.EVTQ_0_SID'), 0x108);
  assert.equal([tally.ok, tally.identical, tally.unattributed, tally.issues], [true, 4, 0, 0]);
});

events('the same in pieces of any size', () => {
  const bytes = hexToBytes(QUEUE);
  const whole = read(QUEUE, { as: 'veventq' }).rows;
  for (const size of [1, 7, 39, 41, 200]) {
    const reader = new PlainReader({ as: 'veventq' });
    const rows: JsonRecord[] = [];
    for (let from = 0; from < bytes.length; from += size)
      rows.push(...[...reader.push(bytes.subarray(from, from + size))].map(presentRecord));
    rows.push(...[...reader.end()].map(presentRecord));
    assert.equal(rows, whole, `${size}`);
  }
});

events('cut at any byte: what is missing is reported', () => {
  for (let length = 0; length <= QUEUE.length / 2; length++) {
    const { rows, tally } = read(QUEUE.slice(0, length * 2), { as: 'veventq' });
    const isWhole = [...STARTS, QUEUE.length / 2].includes(length);
    assert.is(rows.length, STARTS.filter((start) => start < length).length);
    assert.is(codes(rows.at(-1) ?? { issues: [] }).includes('I_SHORT'), !isWhole, `${length}`);
    assert.equal([tally.ok, tally.unattributed], [true, 0]);
  }
});

events('the type of the queue says what the events are', () => {
  const tegra = header(0) + zeros(16) + header(1) + zeros(16);
  const { rows, tally } = read(tegra, { as: 'IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV' });
  assert.equal(
    rows.map((row) => at(row, 'inner.struct')),
    ['iommu_vevent_tegra241_cmdqv', 'iommu_vevent_tegra241_cmdqv'],
  );
  assert.is(tally.ok, true);
  assert.equal(read(QUEUE, { as: 'IOMMU_VEVENTQ_TYPE_ARM_SMMUV3' }).rows, read(QUEUE, { as: 'veventq' }).rows);
});

events('headers alone are read so, and a queue that is taken for some is reported', () => {
  const alone = read(QUEUE, { as: 'iommufd_vevent_header' });
  assert.equal([alone.rows.length, alone.tally.ok], [16, true]);
  assert.ok(alone.tally.issues > 0);
  assert.equal(codes(alone.rows[0]!), ['I_SHORT']);
  assert.is(read(header(9, 1), { as: 'iommufd_vevent_header' }).tally.issues, 0);
});

events.run();

const faults = suite('plain bytes of a fault queue');

const fault = (cookie: number): string =>
  u32(2) + u32(1) + u32(0) + u32(7) + u32(2) + u32(0) + u64(0x6000_0000n) + u32(0) + u32(cookie);

faults('one fault behind the other, the last one cut', () => {
  const { rows, tally } = read(fault(1) + fault(2) + fault(3).slice(0, 40), { as: 'faultq' });
  assert.equal(
    rows.map((row) => [row.kind, row.name, at(row, 'value.cookie') ?? null, codes(row)]),
    [
      ['faultq', 'iommu_hwpt_pgfault', 1, []],
      ['faultq', 'iommu_hwpt_pgfault', 2, []],
      ['faultq', 'iommu_hwpt_pgfault', null, ['I_SHORT']],
    ],
  );
  assert.equal([tally.ok, tally.unattributed], [true, 0]);
});

faults.run();
