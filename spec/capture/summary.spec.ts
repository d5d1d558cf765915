import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/capture/decoder.js';
import { Summary } from '../../src/capture/summary.js';
import { decodeEvents, readCapture } from '../support/captures.js';
import { call, post, u32, u64, vmbusMessage, zeros } from '../support/trace-events.js';

const summaryOf = (events: readonly Event[]): Summary => {
  const summary = new Summary();
  for (const record of decodeEvents(events)) summary.add(record);
  return summary;
};

interface Row {
  readonly kind: string;
  readonly name: string;
}

const rowsOf = (summary: Summary): Row[] => (summary.toJson() as { rows: Row[] }).rows;
const rowOf = (summary: Summary, name: string): Row | undefined => rowsOf(summary).find((row) => row.name === name);

const domain = u64(0xffffffffffffffffn) + zeros(8) + u32(0) + u32(1);
const map = (control: bigint, list: bigint[], result = '0x0'): Event =>
  call(control, domain + zeros(4) + u32(3) + u64(0x40000000) + list.map(u64).join(''), { result });

const count = suite('Summary');

count('nothing', () => assert.equal(new Summary().toJson(), { records: 0, bytes: 0, unknown: 0, issues: 0, rows: [] }));

count('calls by name: count, bytes, reps, status, entries and their runs', () => {
  const summary = summaryOf([
    map(0x3000000b3n, [10n, 11n, 12n], '0x300000000'),
    map(0x2000000b3n, [13n, 99n], '0x10000000b'),
    call(0x46, '', { out: u64(1) }),
  ]);
  assert.equal(rowOf(summary, 'HVCALL_MAP_DEVICE_GPA_PAGES'), {
    kind: 'hypercall',
    name: 'HVCALL_MAP_DEVICE_GPA_PAGES',
    count: 2,
    bytes: 120,
    reps: 5,
    status: { HV_STATUS_SUCCESS: 1, HV_STATUS_INSUFFICIENT_MEMORY: 1 },
    entries: 5,
    min: '0xa',
    max: '0x63',
    // 13 goes on where the call before stopped.
    runs: 2,
  });
});

count('errors of system calls by name', () => {
  const ask = (more: Record<string, unknown>): Event => ({
    k: 'ioctl',
    fd: 3,
    cmd: '0x3b80',
    in: u32(8) + u32(7),
    result: 0,
    ...more,
  });
  const refused = (errno: string): Event => ask({ result: -1, errno });
  const summary = summaryOf([ask({}), refused('EBUSY'), refused('ENOENT'), refused('EBUSY')]);
  assert.equal(rowOf(summary, 'IOMMU_DESTROY'), {
    kind: 'ioctl',
    name: 'IOMMU_DESTROY',
    count: 4,
    bytes: 32,
    errors: { EBUSY: 2, ENOENT: 1 },
  });
});

count('addresses beyond 2^53 keep all their digits', () => {
  const summary = summaryOf([map(0x1000000b3n, [0xffff888012345fffn])]);
  const row = rowOf(summary, 'HVCALL_MAP_DEVICE_GPA_PAGES') as unknown as { min: string; max: string };
  assert.equal([row.min, row.max], ['0xffff888012345fff', '0xffff888012345fff']);
});

count('messages go by the path that they came', () => {
  const rows = rowsOf(summaryOf(readCapture('vpci-probe.jsonl')));
  const names = rows.map((row) => `${row.kind}: ${row.name}`);
  for (const name of [
    'hypercall: HVCALL_POST_MESSAGE › CHANNELMSG_INITIATE_CONTACT',
    'hypercall: HVCALL_RETARGET_INTERRUPT',
    'ring: VM_PKT_COMP › PCI_BUS_D0ENTRY (reply)',
    'ring: VM_PKT_DATA_INBAND › PCI_BUS_RELATIONS2',
    'synic_message: CHANNELMSG_OFFERCHANNEL',
    'wrmsr: HV_X64_MSR_GUEST_OS_ID',
  ])
    assert.ok(names.includes(name), name);
});

count('sums are those of the rows, over every trace', () => {
  const summary = summaryOf(readCapture('mmio-calls.jsonl'));
  const rows = rowsOf(summary) as unknown as { count: number; bytes: number; issues?: number }[];
  const sum = (key: 'count' | 'bytes' | 'issues'): number => rows.reduce((all, row) => all + (row[key] ?? 0), 0);
  assert.equal([sum('count'), sum('bytes'), sum('issues')], [summary.records, summary.bytes, summary.issues]);
  assert.equal([summary.records, summary.issues], [15, 14]);
});

count('unknown calls and kinds without a name', () => {
  const summary = summaryOf([call(0x1234, '00'), post(vmbusMessage(77)), { k: 'marker' }]);
  assert.is(summary.unknown, 2);
  assert.ok(rowsOf(summary).some((row) => row.kind === 'marker' && row.name === '-'));
});

count('a status without a name is its number', () => {
  const row = rowOf(summaryOf([call(0xc5, domain, { result: '0x7777' })]), 'HVCALL_DELETE_DEVICE_DOMAIN');
  assert.equal((row as unknown as { status: object }).status, { '0x7777': 1 });
});

count('rows stand by kind, then by count, then by name', () => {
  const summary = summaryOf([{ k: 'b' }, call(0x46, ''), call(0xc5, ''), call(0xc5, ''), call(0x84, ''), { k: 'a' }]);
  assert.equal(
    rowsOf(summary).map((row) => [row.kind, row.name]),
    [
      ['a', '-'],
      ['b', '-'],
      ['hypercall', 'HVCALL_DELETE_DEVICE_DOMAIN'],
      ['hypercall', 'HVCALL_ENTER_SLEEP_STATE'],
      ['hypercall', 'HVCALL_GET_PARTITION_ID'],
    ],
  );
});

count.run();
