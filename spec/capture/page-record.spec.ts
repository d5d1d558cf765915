import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { catalog } from '../../src/abi/hypercalls/catalog.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { HV_HYP_PAGE_SIZE } from '../../src/bytes/page.js';
import { pageRecord } from '../../src/capture/page-record.js';
import { PageScan } from '../../src/capture/page-scan.js';
import { decodePlain } from '../../src/capture/plain.js';
import { presentRecord } from '../../src/capture/present.js';
import { Summary } from '../../src/capture/summary.js';
import { Tally } from '../../src/capture/tally.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at } from '../support/captures.js';
import { padTo, u32, u64, zeros } from '../support/trace-events.js';

const labels = suite('pageRecord: what a page is, by its label');

const LABELS: readonly (readonly [label: string, struct: string])[] = [
  ['reference TSC page', 'ms_hyperv_tsc_page'],
  ['hypercall page', 'hypercall page'],
  ['final: SynIC message page, vp 1', 'hv_message_page'],
  ['final: SynIC event flags page, vp 0', 'hv_synic_event_flags_page'],
  ['final: VP assist page, vp 0', 'hv_vp_assist_page'],
  ['final: monitor page 2', 'hv_monitor_page'],
  ['open: ring control, guest to host, relid 3', 'hv_ring_buffer'],
  ['open: ring data 0, host to guest, relid 3', 'open: ring data 0, host to guest, relid 3'],
  ['stage 1 table of domain 3, level 4, iova 0x0', 'stage 1 table of domain 3, level 4, iova 0x0'],
  ['input page of call 0x5c before event 34', 'hv_input_post_message'],
];

for (const [label, struct] of LABELS)
  labels(label, () => {
    const record = pageRecord({ label, gpa: '0x1000' }, 5, new Uint8Array(4096), { arch: 'x64' });
    assert.equal(coverageFaults(record), []);
    const json = presentRecord(record);
    assert.equal([json.n, json.kind, json.struct, record.bytes], [5, 'page', struct, 4096]);
    const tally = new Tally();
    tally.add(record);
    assert.equal([tally.ok, tally.decoded], [true, 1]);
  });

labels('a label that no one knows: nothing accounts for the page', () => {
  const record = pageRecord({ label: 'something else' }, 0, new Uint8Array(4096), { arch: 'x64' });
  const tally = new Tally();
  tally.add(record);
  assert.equal([tally.unattributed, tally.ok], [4096, false]);
});

labels('the message inside the input of a post message', () => {
  const bytes = hexToBytes(padTo(4096, u32(4) + u32(0) + u32(1) + u32(8) + u32(3) + u32(0)));
  const json = presentRecord(
    pageRecord({ label: 'input page of call 0x5c before event 1' }, 0, bytes, { arch: 'x64' }, 0x5cn),
  );
  assert.is(at(json, 'inner.name'), 'CHANNELMSG_REQUESTOFFERS');
});

labels('a call that no one names', () => {
  const record = pageRecord({ label: 'input page of call 0x1234 before event 1' }, 0, new Uint8Array(4096), {
    arch: 'x64',
  });
  assert.is(record.unknown, true);
});

labels.run();

const scan = suite('PageScan');

const map = catalog.find((call) => call.code === 0xb3)!;
const head = u64(0xffffffffffffffffn) + zeros(8) + u32(0) + u32(1) + zeros(4) + u32(3) + u64(0x40000000);
const page = (numbers: readonly number[], header = head): string => padTo(4096, header + numbers.map(u64).join(''));

scan('counts pages, reps and runs as the records do', () => {
  const bytes = hexToBytes(page([16, 17, 18]) + page([19, 20, 99]));
  const control = 0x3000000b3n;
  const found = PageScan.of(map, { control })!;
  found.push(bytes);
  const summary = new Summary();
  for (const record of decodePlain(bytes, { control })) summary.add(record);
  const [row] = summary.sorted();
  assert.equal([found.pages, found.reps, found.bytes], [2, 6, 8192]);
  assert.equal([found.runs.count, found.runs.runs, found.runs.min, found.runs.max], [6, 2, 16n, 99n]);
  assert.equal([row!.reps, row!.runs?.count, row!.runs?.runs], [6, 6, 2]);
});

scan('without a control word the list runs to the end of each page', () => {
  const found = PageScan.of(map)!;
  found.push(hexToBytes(page([16])));
  assert.is(found.reps, 507);
});

scan('pieces of any length and place give the same', () => {
  const bytes = hexToBytes(page([16, 17]) + page([18, 19]) + page([20, 21]));
  for (const size of [1, 3, 4095, 4096, 4097, 10_000]) {
    const found = PageScan.of(map, { control: 0x2000000b3n })!;
    for (let at = 0; at < bytes.length; at += size) found.push(bytes.subarray(at, at + size));
    assert.equal([found.pages, found.runs.count, found.runs.runs, found.left], [3, 6, 1, 0], `${size}`);
  }
});

scan('a last page that is cut is left over', () => {
  const found = PageScan.of(map)!;
  found.push(hexToBytes(page([1])).subarray(0, 100));
  assert.equal([found.pages, found.left], [0, 100]);
});

scan('pages that a strict reader would look at again', () => {
  const found = PageScan.of(map, { control: 0x1000000b3n })!;
  const stale = head.replace(zeros(8), `00${'11'.repeat(7)}`);
  found.push(hexToBytes(page([1]) + page([1], stale) + page([1], head.replace(u64(0x40000000), u64(0x40000001)))));
  assert.equal([found.pages, found.suspicious], [3, 2]);
});

scan('more reps than a page holds', () => {
  const found = PageScan.of(map, { control: 0x3f7000000b3n })!;
  found.push(new Uint8Array(HV_HYP_PAGE_SIZE));
  assert.is(found.reps, 507);
});

scan('calls that it does not fit', () => {
  const fits = catalog.filter((call) => PageScan.of(call) !== undefined).map((call) => call.name);
  assert.ok(fits.includes('HVCALL_MAP_DEVICE_GPA_PAGES') && fits.includes('HVCALL_DEPOSIT_MEMORY'));
  for (const name of [
    'HVCALL_POST_MESSAGE',
    'HVCALL_UNMAP_DEVICE_GPA_PAGES',
    'HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX',
    'HVCALL_SET_VP_REGISTERS',
  ])
    assert.not.ok(fits.includes(name), name);
});

scan.run();
