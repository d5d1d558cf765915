import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at } from '../support/captures.js';
import { CLASS, offer, packet, ring, u16, u32, u64, zeros } from '../support/trace-events.js';

interface Read {
  readonly json: JsonRecord;
  readonly tally: Tally;
  readonly codes: string[];
}

function last(events: readonly Event[]): Read {
  const decoder = new Decoder();
  const tally = new Tally();
  let json: JsonRecord = {};
  for (const event of events) {
    const record = decoder.push(event);
    assert.equal(coverageFaults(record), []);
    tally.add(record);
    json = presentRecord(record);
  }
  return { json, tally, codes: (json.issues as { code: string }[]).map((issue) => issue.code) };
}

const slackOf = (json: JsonRecord): unknown[] =>
  ((json.slack ?? []) as { name: string; length: number }[]).map(({ name, length }) => [name, length]).sort();

const frame = suite('packets: descriptor, payload, padding, trailer (COM-02)');

frame('a packet of a class without declared messages: its payload is counted under the name of the class', () => {
  const { json, tally } = last([
    offer(CLASS.HV_NIC_GUID, 3),
    ring('g2h', 3, packet('00112233445566', { flags: 1, transaction: 5 })),
  ]);
  assert.equal(
    [json.name, at(json, 'inner.struct'), at(json, 'inner.value')],
    ['VM_PKT_DATA_INBAND', 'HV_NIC_GUID payload', '0011223344556600'],
  );
  assert.is(at(json, 'facts.class'), 'HV_NIC_GUID');
  assert.equal([tally.ok, tally.classPayload, tally.unattributed], [true, 8, 0]);
  assert.is(at(json, 'value.trans_id'), '0x0000000000000005');
  assert.equal(slackOf(json), [['trailer', 8]]);
});

frame('a class that no header names goes by its GUID', () => {
  const guid = '00112233-4455-6677-8899-aabbccddeeff';
  const { json, tally } = last([offer(guid, 3), ring('g2h', 3, packet(zeros(8)))]);
  assert.equal([at(json, 'inner.struct'), tally.ok], [`payload of class ${guid}`, true]);
});

frame('a channel whose offer was not recorded', () => {
  const { json, tally } = last([ring('g2h', 3, packet(zeros(8)))]);
  assert.equal([at(json, 'inner.struct'), tally.ok], ['payload of a channel without a recorded offer', true]);
});

frame('a completion without a payload', () => {
  const { json, tally } = last([offer(CLASS.HV_NIC_GUID, 3), ring('h2g', 3, packet('', { type: 11 }))]);
  assert.equal([json.name, json.inner, json.direction, tally.ok], ['VM_PKT_COMP', undefined, 'host->guest', true]);
});

frame('ranges of guest memory stand between descriptor and payload', () => {
  const ranges = u32(0) + u32(2) + u32(4096) + u32(0) + u64(0x1234) + u32(100) + u32(4090) + u64(0x1235) + u64(0x1236);
  const { json, tally } = last([
    offer(CLASS.HV_NIC_GUID, 3),
    ring('g2h', 3, packet(u64(7), { type: 9, extra: ranges })),
  ]);
  assert.equal(
    [json.name, json.struct, tally.ok, tally.classPayload],
    ['VM_PKT_DATA_USING_GPA_DIRECT', 'vmdata_gpa_direct', true, 8],
  );
  assert.equal(at(json, 'value.range.1.pfn_array'), ['0x0000000000001235', '0x0000000000001236']);
});

frame('transfer pages stand between descriptor and payload', () => {
  const pages = u16(3) + u16(0) + u32(2) + u32(64) + u32(0) + u32(64) + u32(64);
  const { json, tally } = last([
    offer(CLASS.HV_NIC_GUID, 3),
    ring('h2g', 3, packet(u64(7), { type: 7, extra: pages })),
  ]);
  assert.equal([json.struct, tally.ok], ['vmtransfer_page_packet_header', true]);
  assert.is(at(json, 'value.ranges.1.byte_offset'), 64);
});

frame('a header longer than the struct behind it', () => {
  const { json, tally } = last([offer(CLASS.HV_NIC_GUID, 3), ring('g2h', 3, packet(u64(7), { extra: zeros(8) }))]);
  assert.ok(tally.ok);
  assert.equal(slackOf(json), [
    ['extended header padding', 8],
    ['trailer', 8],
  ]);
});

const FAULTS: readonly (readonly [string, string, offset: number, codes: string[], unattributed: number])[] = [
  ['a trailer that names another start', packet(zeros(8), { offset: 64 }), 72, ['I_TRAILER'], 0],
  ['bytes behind the trailer', `${packet(zeros(8))}aabb`, 0, ['I_TRAILING'], 2],
  ['a trailer cut short', packet(zeros(8)).slice(0, -8), 0, ['I_SHORT'], 0],
  ['a packet cut in its payload', packet(zeros(16)).slice(0, 48), 0, ['I_SHORT'], 0],
  ['a packet cut in its descriptor', packet(zeros(8)).slice(0, 20), 0, ['I_SHORT'], 10],
  ['nothing', '', 0, ['I_SHORT'], 0],
  ['a payload that starts inside the descriptor', `0600010003000000${zeros(24)}`, 0, ['I_COUNT'], 0],
  ['a payload that starts behind the packet', `0600090003000000${zeros(24)}`, 0, ['I_COUNT'], 0],
  ['a length below the descriptor', `0600020001000000${zeros(16)}`, 0, ['I_COUNT'], 0],
];

for (const [title, raw, offset, codes, unattributed] of FAULTS)
  frame(title, () => {
    const found = last([offer(CLASS.HV_NIC_GUID, 3), ring('g2h', 3, raw, offset)]);
    assert.equal([found.codes, found.tally.unattributed], [codes, unattributed]);
  });

frame('a packet type that no one names is reported, its payload stays', () => {
  const { tally, codes, json } = last([offer(CLASS.HV_NIC_GUID, 3), ring('g2h', 3, packet(u64(7), { type: 42 }))]);
  assert.equal([tally.unknown, tally.ok], [1, false]);
  assert.ok(codes.includes('I_UNKNOWN'));
  assert.is(at(json, 'value.type'), 42);
});

frame('a random length never reads beyond the record', () => {
  for (let len8 = 0; len8 < 70; len8 += 3)
    for (let offset8 = 0; offset8 < 12; offset8++)
      last([offer(CLASS.HV_PCIE_GUID, 3), ring('h2g', 3, `${u16(6)}${u16(offset8)}${u16(len8)}${u16(1)}${zeros(40)}`)]);
});

frame.run();

const control = suite('control pages');

control('the first 20 bytes beside a packet', () => {
  const { json, tally } = last([
    { ...ring('g2h', 3, packet(zeros(8))), ctl: u32(96) + u32(64) + u32(1) + u32(0) + u32(0) },
  ]);
  assert.equal(at(json, 'ctl.value'), {
    write_index: 96,
    read_index: 64,
    interrupt_mask: 1,
    pending_send_sz: 0,
    reserved1: '00000000',
  });
  assert.is(json.hex_ctl, u32(96) + u32(64) + u32(1) + zeros(8));
  assert.ok(tally.ok);
});

const PIECES: readonly (readonly [bytes: number, codes: string[]])[] = [
  [1, []],
  [20, []],
  [72, []],
  [4096, []],
  [5000, []],
];

for (const [bytes, codes] of PIECES)
  control(`${bytes} bytes of one`, () => {
    const found = last([{ k: 'ring_control', relid: 3, moment: 'open', raw: zeros(bytes) }]);
    assert.equal([found.codes, found.tally.ok, found.tally.unattributed], [codes, true, 0]);
    assert.is(at(found.json, 'facts.moment'), 'open');
  });

control('one without bytes', () => {
  const { json, tally } = last([{ k: 'ring_control', relid: 3, moment: 'open' }]);
  assert.equal([json.name, tally.withBytes, tally.ok], ['hv_ring_buffer', 0, true]);
});

control.run();
