import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DecoderOptions, Event } from '../../src/capture/decoder.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at, decodeEvents } from '../support/captures.js';
import { call, u8, u16, u32, u64, zeros } from '../support/trace-events.js';

interface Read {
  readonly json: JsonRecord;
  readonly tally: Tally;
  readonly issues: string[];
}

/** One call, read; nothing of it may be lost. */
function read(event: Event, options: DecoderOptions = {}): Read {
  const [record] = decodeEvents([event], options);
  assert.equal(coverageFaults(record!), []);
  const tally = new Tally();
  tally.add(record!);
  const json = presentRecord(record!);
  return { json, tally, issues: (json.issues as { code: string }[]).map((issue) => issue.code) };
}

/** What --check asks of a record. */
function passes({ tally }: Read): void {
  assert.ok(tally.ok, tally.line());
}

const ALL = u64(0xffffffffffffffffn);
const domain = (type: number, id: number): string => ALL + zeros(8) + u32(type) + u32(id);
const pfns = (count: number): string => Array.from({ length: count }, (_, i) => u64(0x1000 + i)).join('');
const mapInput = (list: string): string => domain(0, 1) + zeros(4) + u32(3) + u64(0x40000000) + list;

const lists = suite('locateCall: rep lists');

lists('a full page of 507 page numbers', () => {
  const found = read(call(0x1fb000000b3n, mapInput(pfns(507)), { result: '0x1fb00000000' }));
  passes(found);
  assert.is((at(found.json, 'value.input.gpa_page_list') as unknown[]).length, 507);
  assert.is(at(found.json, 'value.input.gpa_page_list.506'), '0x00000000000011fa');
  assert.equal(found.issues, []);
});

// The driver of the series writes lists that run over the page; a recorder stops at the page end or goes on.
for (const reps of [508, 512, 1014, 1015]) {
  const control = (BigInt(reps) << 32n) | 0xb3n;
  lists(`${reps} reps on one page, recorded to the page end`, () => {
    const found = read(call(control, mapInput(pfns(507)), { result: '0x4' }));
    passes(found);
    assert.is((at(found.json, 'value.input.gpa_page_list') as unknown[]).length, 507);
    assert.equal(found.issues, ['I_COUNT', 'I_COUNT']);
    assert.match(JSON.stringify(found.json.issues), new RegExp(`${reps} elements are asked for, 507 are there`));
  });
  lists(`${reps} reps on one page, recorded whole`, () => {
    const found = read(call(control, mapInput(pfns(reps)), { result: '0x4' }));
    passes(found);
    assert.is((at(found.json, 'value.input.gpa_page_list') as unknown[]).length, reps);
    assert.equal(found.issues, ['I_COUNT']);
  });
}

lists('a list cut inside an element names the rest', () => {
  const found = read(call(0x3000000b3n, mapInput(pfns(1)) + '0011'));
  passes(found);
  assert.equal(found.json.slack, [{ name: 'cut list element', in: 'in', offset: 48, length: 2 }]);
  assert.ok(found.issues.includes('I_COUNT'));
});

lists('an unmap of 4,096 pages: the count does not fit, bit 44 is set and no rep is left', () => {
  const found = read(call(0x1000000000b4n, domain(0, 1) + u64(0x40000000), { result: '0x3' }));
  passes(found);
  assert.equal(found.issues, ['I_RESERVED', 'I_COUNT']);
  assert.is(at(found.json, 'value.control.rep_count'), 0);
  assert.is(at(found.json, 'value.result.status_name'), 'HV_STATUS_INVALID_HYPERCALL_INPUT');
});

lists('an unmap of no pages', () => {
  const found = read(call(0xb4, domain(0, 1) + u64(0x40000000), { result: '0x3' }));
  passes(found);
  assert.equal(found.issues, ['I_COUNT']);
});

lists('an unmap of 4,095 pages carries no list', () => {
  const found = read(call(0xfff000000b4n, domain(0, 1) + u64(0x40000000), { result: '0xfff00000000' }));
  passes(found);
  assert.equal(found.issues, []);
  assert.is(at(found.json, 'value.result.reps_completed'), 4095);
});

lists('a call that goes on at rep 100 carries the whole list', () => {
  const found = read(call(0x6401fa000000b3n, mapInput(pfns(506)), { result: '0x1fa00000000' }));
  passes(found);
  assert.is(at(found.json, 'value.control.rep_start'), 100);
  assert.is((at(found.json, 'value.input.gpa_page_list') as unknown[]).length, 506);
  assert.equal(found.issues, []);
});

lists('a result with completed reps and a status', () => {
  const found = read(call(0x1fb000000b3n, mapInput(pfns(507)), { result: '0x1f00000000b' }));
  assert.is(at(found.json, 'value.result.status_name'), 'HV_STATUS_INSUFFICIENT_MEMORY');
  assert.is(at(found.json, 'value.result.reps_completed'), 496);
});

lists('an output list has as many elements as there are bytes', () => {
  const names = ALL + u32(0xfffffffe) + u8(0) + zeros(3) + u32(0x90003) + u32(0xa0013);
  const found = read(call(0x200000050n, names, { out: u64(1) + zeros(8), result: '0x10000000b' }));
  passes(found);
  assert.is((at(found.json, 'value.output.values') as unknown[]).length, 1);
});

lists.run();

const versions = suite('locateCall: versions by size, and forced');

const VERSIONS: readonly (readonly [string, Event, DecoderOptions, path: string, version: unknown])[] = [
  [
    'an interrupt map answered with 16 bytes',
    call(0x4007c, mapInterrupt(), { out: zeros(16) }),
    {},
    'value.output_version',
    'linux-6.12',
  ],
  ['answered with 56', call(0x4007c, mapInterrupt(), { out: zeros(56) }), {}, 'value.output_version', 'linux-7.3'],
  [
    '56 read as the older one',
    call(0x4007c, mapInterrupt(), { out: zeros(56) }),
    { abi: 'linux-6.12' },
    'value.output_version',
    'linux-6.12',
  ],
  ['a domain of 28 bytes', call(0xb1, domain(0, 1) + u32(1)), {}, 'version', 'series-root'],
  ['a domain of 32 bytes', call(0xb1, domain(1, 1) + u32(1) + u32(0)), {}, 'version', 'series-pviommu'],
  [
    '32 bytes read as the older one',
    call(0xb1, domain(1, 1) + u32(1) + u32(0)),
    { abi: 'series-root' },
    'version',
    'series-root',
  ],
  [
    '28 bytes read as the newer one',
    call(0xb1, domain(0, 1) + u32(1)),
    { abi: 'series-pviommu' },
    'version',
    'series-pviommu',
  ],
];

function mapInterrupt(): string {
  const target = u32(0x30) + u32(2) + u64(0) + u64(1) + u64(1);
  return (
    u64(1) +
    u64(0x4000000000000018n) +
    u32(0) +
    u32(0) +
    u32(1) +
    zeros(12) +
    u32(0) +
    u32(0) +
    u32(1) +
    u32(0) +
    target
  );
}

for (const [title, event, options, path, version] of VERSIONS)
  versions(title, () => assert.is(at(read(event, options).json, path), version));

versions('the older version of a longer answer leaves bytes that are reported', () => {
  const found = read(call(0x4007c, mapInterrupt(), { out: zeros(56) }), { abi: 'linux-6.12' });
  assert.ok(found.issues.includes('I_TRAILING'));
  assert.is(found.tally.unattributed, 40);
  assert.not.ok(found.tally.ok);
});

versions('the newer version of a shorter input is cut and reported', () => {
  const found = read(call(0xb1, domain(0, 1) + u32(1)), { abi: 'series-pviommu' });
  assert.equal(found.issues, ['I_SHORT']);
  assert.is(at(found.json, 'value.input.device_domain.domain_id.id'), 1);
});

versions.run();

const shapes = suite('locateCall: variable headers, registers, short and long records');

shapes('banks of a processor set end where the control word says', () => {
  const target = u32(0x22) + u32(2) + u64(0) + u64(7) + u64(0) + u64(0) + u64(4);
  const entry = u32(1) + u32(0) + u32(0xfee01000) + u32(0x21);
  const found = read(call(0x8007e, ALL + u64(0x37a94e00) + entry + zeros(8) + target));
  passes(found);
  assert.equal(at(found.json, 'value.input.int_target.u.vp_set.bank_contents'), [u64(0), u64(0), u64(4)].map(asNumber));
  assert.equal(found.issues, []);
});

function asNumber(littleEndian: string): string {
  return `0x${littleEndian.match(/../g)!.reverse().join('')}`;
}

shapes('a mask that names other banks than were sent', () => {
  const target = u32(0x22) + u32(2) + u64(0) + u64(3) + u64(1);
  const entry = u32(1) + u32(0) + u32(0xfee01000) + u32(0x21);
  const found = read(call(0x4007e, ALL + u64(0x37a94e00) + entry + zeros(8) + target));
  passes(found);
  assert.equal(found.issues, ['I_COUNT']);
});

shapes('a flush with banks and a list behind them', () => {
  const input = u64(0x29ee000) + u64(1) + u64(0) + u64(3) + u64(1) + u64(2) + u64(0x5e5000);
  const found = read(call(0x100040014n, input, { result: '0x100000000' }));
  passes(found);
  assert.equal(at(found.json, 'value.input.gva_list'), ['0x00000000005e5000']);
  assert.equal((at(found.json, 'value.input.hv_vp_set.bank_contents') as unknown[]).length, 2);
});

shapes('an arm64 register name in whole registers', () => {
  const input = ALL + u32(0xfffffffe) + u8(0) + zeros(3) + u32(0x90003);
  for (const rest of [0, 4, 12]) {
    const found = read(call(0x100010050n, input + zeros(rest), { out: zeros(16), x: [] }));
    passes(found);
    const slack = rest ? [{ name: 'register rounding', in: 'in', offset: 20, length: rest }] : undefined;
    assert.equal(found.json.slack, slack);
  }
});

shapes('more than a register behind a fast input is not rounding', () => {
  const found = read(call(0x1005d, u64(0x10003) + zeros(16)));
  assert.equal(found.issues, ['I_TRAILING']);
  assert.is(found.tally.unattributed, 16);
});

shapes('bytes behind a simple input are reported and unattributed', () => {
  const found = read(call(0xc5, domain(0, 1) + 'aabb'));
  assert.equal(found.issues, ['I_TRAILING']);
  assert.is(found.tally.unattributed, 2);
  assert.not.ok(found.tally.ok);
});

for (const length of [0, 4, 8, 23])
  shapes(`an input of 24 bytes of which ${length} were recorded`, () => {
    const found = read(call(0xc5, domain(0, 1).slice(0, length * 2)));
    assert.equal(found.issues, ['I_SHORT']);
    passes(found);
  });

shapes('stale bytes in padding are issues and survive', () => {
  const found = read(call(0xb2, domain(0, 1).replace(zeros(8), `00${'11'.repeat(7)}`) + u64(0x4000000000000018n)));
  passes(found);
  assert.equal(found.issues, ['I_RESERVED']);
});

shapes('a status without a name stays a number', () => {
  const found = read(call(0xc5, domain(0, 1), { result: '0x7777' }));
  assert.is(at(found.json, 'value.result.status_name'), null);
  assert.is(at(found.json, 'value.result.status'), 0x7777);
});

shapes.run();

const unknown = suite('locateCall: calls that no one names');

unknown('are reported with all their bytes, never dropped', () => {
  const found = read(call(0x1234, '00112233', { out: '44556677' }));
  assert.is(found.tally.unknown, 1);
  assert.is(found.tally.unattributed, 8);
  assert.not.ok(found.tally.ok);
  assert.is(found.json.hex, '00112233');
  assert.is(found.json.hex_out, '44556677');
  assert.match(JSON.stringify(found.json.issues), /no source names call code 0x1234/);
});

unknown('without bytes they count as unknown all the same', () => {
  const found = read(call(0x1234, ''));
  assert.equal([found.tally.unknown, found.tally.withBytes, found.tally.ok], [1, 0, false]);
});

unknown('bytes of a call that takes none are unattributed', () => {
  const found = read(call(0x46, '0011', { out: u64(1) }));
  assert.is(found.tally.unattributed, 2);
});

unknown.run();

const others = suite('locateCall: what other kernels and scenarios send');

// Bytes of the kind that root, L1VH and guest drivers of the series send: the readable part of the captures' notes.
const OTHERS: readonly (readonly [string, Event, name: string])[] = [
  [
    'a device attached to a partition',
    call(0x82, u64(0x42) + u64(0xa84b42c0) + u32(1) + zeros(4) + u64(0xa84b42c0) + zeros(8)),
    'HVCALL_ATTACH_DEVICE',
  ],
  [
    '… on a root partition',
    call(0x82, u64(0x42) + u64(0x4000000000000018n) + u32(1) + zeros(4) + u64(0x18) + zeros(8)),
    'HVCALL_ATTACH_DEVICE',
  ],
  ['a device detached from it', call(0x83, u64(0x42) + u64(0x18)), 'HVCALL_DETACH_DEVICE'],
  ['a device detached from its domain', call(0xc4, ALL + u64(0x4000000000000020n)), 'HVCALL_DETACH_DEVICE_DOMAIN'],
  ['a null domain', call(0xb2, domain(0, 0xffffffff) + u64(0x4000000000000000n)), 'HVCALL_ATTACH_DEVICE_DOMAIN'],
  [
    'first-stage paging with 5 levels',
    call(0xce, domain(1, 3) + u64(5) + u64(0x6a4000)),
    'HVCALL_CONFIGURE_DEVICE_DOMAIN',
  ],
  [
    'a flush of several ranges',
    call(0x7000000d1n, domain(1, 4) + u64(1) + pfns(7), { result: '0x700000000' }),
    'HVCALL_FLUSH_DEVICE_DOMAIN_LIST',
  ],
  [
    '256 pages deposited',
    call(0x10000000048n, u64(1) + pfns(256), { result: '0x10000000000' }),
    'HVCALL_DEPOSIT_MEMORY',
  ],
  [
    'a processor in a domain of all ones',
    call(0x76, u32(1) + u32(1) + u32(0xffffffff) + u32(0x80000001), { out: zeros(56) }),
    'HVCALL_ADD_LOGICAL_PROCESSOR',
  ],
  [
    'run time of a processor that is not there',
    call(4, u32(1), { out: '', result: '0x41' }),
    'HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME',
  ],
  ['sleep state', call(0x84, u32(5)), 'HVCALL_ENTER_SLEEP_STATE'],
  ['all processors started', call(0x87, u64(4)), 'HVCALL_NOTIFY_PARTITION_EVENT'],
  [
    'a system property, refused',
    call(0x7b, u32(15) + u32(0), { out: '', result: '0x2' }),
    'HVCALL_GET_SYSTEM_PROPERTY',
  ],
  [
    'a property to set, refused',
    call(0x6f, u32(3) + u32(0) + u32(5) + zeros(60), { result: '0x2' }),
    'HVCALL_SET_SYSTEM_PROPERTY',
  ],
  [
    'a partition property, refused',
    call(0x101, ALL + u32(0x90007) + zeros(12), { result: '0x2' }),
    'HVCALL_GET_PARTITION_PROPERTY_EX',
  ],
  ['extended capabilities', call(0x8001, '', { out: u64(0x1f) }), 'HV_EXT_CALL_QUERY_CAPABILITIES'],
  ['a flush of all processors', call(0x13, u64(0) + u64(4) + u64(1) + u64(0)), 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX'],
  ['an IPI to two banks', call(0x40015, u32(0xfb) + u32(0) + u64(0) + u64(3) + u64(1) + u64(1)), 'HVCALL_SEND_IPI_EX'],
  ['a fast IPI', call(0x1000b, u32(0xfb) + u32(0) + u64(1)), 'HVCALL_SEND_IPI'],
  ['spinning', call(0x10008, u64(0x1000)), 'HVCALL_NOTIFY_LONG_SPIN_WAIT'],
  [
    'an interrupt unmapped, 32 bytes',
    call(0x7d, u64(1) + u64(0x18) + u32(1) + u32(0) + u32(0xfee00000) + u32(0xef)),
    'HVCALL_UNMAP_DEVICE_INTERRUPT',
  ],
  [
    'an interrupt unmapped, 36 bytes',
    call(0x7d, u64(1) + u64(0x18) + u32(1) + u32(0) + u32(0xfee00000) + u32(0xef) + u32(0)),
    'HVCALL_UNMAP_DEVICE_INTERRUPT',
  ],
  [
    'a heat hint',
    call(0x100008003n, u8(2) + u8(0) + u16(0) + u32(0) + u64(0x123400), { result: '0x100000000' }),
    'HV_EXT_CALL_MEMORY_HEAT_HINT',
  ],
];

for (const [title, event, name] of OTHERS)
  others(title, () => {
    const found = read(event);
    passes(found);
    assert.is(found.json.name, name);
  });

others.run();
