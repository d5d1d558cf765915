import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, type Event } from '../../src/capture/decoder.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at } from '../support/captures.js';
import { CLASS, offer, packet, padTo, ring, u8, u16, u32, u64, zeros } from '../support/trace-events.js';

// Integration components: vmbuspipe_hdr, icmsg_hdr, body, by hand from include/linux/hyperv.h and include/uapi/linux/hyperv.h;
// what a guest answers follows drivers/hv/channel_mgmt.c and hv_util.c.

interface Read {
  readonly json: JsonRecord;
  readonly all: JsonRecord[];
  readonly tally: Tally;
  readonly codes: string[];
}

function read(events: readonly Event[]): Read {
  const decoder = new Decoder();
  const tally = new Tally();
  const all = events.map((event) => {
    const record = decoder.push(event);
    assert.equal(coverageFaults(record), []);
    tally.add(record);
    return presentRecord(record);
  });
  const json = all[all.length - 1]!;
  return { json, all, tally, codes: (json.issues as { code: string }[]).map((issue) => issue.code) };
}

const REQUEST = 3;
const RESPONSE = 5;

interface Message {
  readonly type: number;
  readonly body: string;
  readonly flags?: number;
  /** icmsgsize; the length of the body where it is not given. */
  readonly size?: number;
  /** What the sender's buffer has behind the message. */
  readonly behind?: string;
  readonly transaction?: number;
}

/** One packet of an integration component; the host asks, the guest answers in band. */
function message({
  type,
  body,
  flags = REQUEST,
  size = body.length / 2,
  behind = '',
  transaction = 1,
}: Message): Event {
  const frame = u16(3) + u16(0) + u16(type) + u16(1) + u16(0) + u16(size) + u32(0) + u8(1) + u8(flags) + u16(0);
  const pipe = u32(1) + u32(20 + body.length / 2);
  const direction = (flags & 4) === 0 ? 'h2g' : 'g2h';
  return ring(direction, 7, packet(pipe + frame + body + behind, { transaction }));
}

const versions = (...all: (readonly [number, number])[]): string =>
  all.map(([major, minor]) => u16(major) + u16(minor)).join('');
/** The host offers two framework versions and three of the service; the guest writes its choice over them and leaves the rest. */
const offered = u16(2) + u16(3) + u32(0) + versions([3, 0], [1, 0], [4, 0], [3, 0], [1, 0]);
const chosen = (major: number): Event =>
  message({
    type: 0,
    flags: RESPONSE,
    size: 16,
    body: u16(1) + u16(1) + u32(0) + versions([3, 0], [major, 0]),
    behind: versions([4, 0], [3, 0], [1, 0]),
  });
const negotiated = (major: number): Event[] => [message({ type: 0, body: offered }), chosen(major)];

const path = 'inner.inner.inner';

const frames = suite('integration components: frames and negotiation');

frames('a negotiation and its answer in band', () => {
  const { all, tally, json } = read([offer(CLASS.HV_HEART_BEAT_GUID, 7), ...negotiated(3)]);
  assert.equal(
    [all[1]!.name, at(all[1], 'inner.struct'), at(all[1], 'inner.inner.name')],
    ['VM_PKT_DATA_INBAND', 'vmbuspipe_hdr', 'ICMSGTYPE_NEGOTIATE'],
  );
  assert.is(at(all[1], `${path}.struct`), 'icmsg_negotiate');
  assert.is((at(all[1], `${path}.value.icversion_data`) as unknown[]).length, 5);
  assert.equal(at(json, `${path}.value.icversion_data`), [
    { major: 3, minor: 0 },
    { major: 3, minor: 0 },
  ]);
  assert.equal([json.links, at(json, 'inner.inner.reply')], [{ request: 1 }, true]);
  assert.match(JSON.stringify(json.slack), /buffer past the message","in":"raw","offset":60,"length":12/);
  assert.equal([tally.ok, tally.classPayload], [true, 0]);
});

frames('the class decides: the same bytes of a network card are its payload', () => {
  const { tally } = read([offer(CLASS.HV_NIC_GUID, 7), message({ type: 0, body: offered })]);
  assert.equal([tally.ok, tally.classPayload], [true, 56]);
});

frames('a type that no one names', () => {
  const { codes, tally } = read([offer(CLASS.HV_HEART_BEAT_GUID, 7), message({ type: 9, body: zeros(16) })]);
  assert.ok(codes.includes('I_UNKNOWN'));
  assert.equal([tally.unknown, tally.unattributed, tally.ok], [1, 16, false]);
});

frames('a packet too short for the headers', () => {
  const { codes, tally } = read([offer(CLASS.HV_HEART_BEAT_GUID, 7), ring('h2g', 7, packet(zeros(24)))]);
  assert.equal([codes, tally.unattributed], [['I_SHORT'], 24]);
});

frames('a size beyond the packet ends with it', () => {
  const { tally } = read([
    offer(CLASS.HV_HEART_BEAT_GUID, 7),
    message({ type: 1, body: u64(5) + zeros(32), size: 4000 }),
  ]);
  assert.ok(tally.ok);
});

frames('a size of nothing: no body', () => {
  const { json, tally } = read([offer(CLASS.HV_HEART_BEAT_GUID, 7), message({ type: 1, body: '', size: 0 })]);
  assert.equal([at(json, path), tally.ok], [undefined, true]);
});

frames('a completion on such a channel is its payload', () => {
  const { tally } = read([offer(CLASS.HV_KVP_GUID, 7), ring('g2h', 7, packet(zeros(8), { type: 11 }))]);
  assert.equal([tally.ok, tally.classPayload], [true, 8]);
});

frames.run();

const bodies = suite('integration components: bodies');

bodies('heartbeat, its answer tied to it by transaction', () => {
  const beat = (n: number, flags: number): Event =>
    message({ type: 1, flags, transaction: 40 + n, body: u64(n) + zeros(32) });
  const { all, tally } = read([
    offer(CLASS.HV_HEART_BEAT_GUID, 7),
    beat(5, REQUEST),
    beat(6, REQUEST),
    beat(6, RESPONSE),
    beat(5, RESPONSE),
  ]);
  assert.is(at(all[1], `${path}.value.seq_num`), '0x0000000000000005');
  assert.equal([all[3]!.links, all[4]!.links, tally.ok], [{ request: 2 }, { request: 1 }, true]);
});

bodies('shutdown', () => {
  const text = Buffer.from('Bye').toString('hex');
  const { json, tally } = read([
    offer(CLASS.HV_SHUTDOWN_GUID, 7),
    message({ type: 3, body: padTo(2060, u32(9) + u32(60) + u32(1) + text) }),
  ]);
  assert.equal(
    [at(json, `${path}.struct`), at(json, `${path}.value.reason_code`), at(json, `${path}.value.flags`)],
    ['shutdown_msg_data', 9, 1],
  );
  assert.ok(tally.ok);
});

bodies('a shutdown whose text is cut', () => {
  const { codes, tally, json } = read([
    offer(CLASS.HV_SHUTDOWN_GUID, 7),
    message({ type: 3, body: u32(9) + u32(60) + u32(1) + zeros(20) }),
  ]);
  assert.equal([codes, at(json, `${path}.value.timeout_seconds`), tally.ok], [['I_SHORT'], 60, true]);
});

const old = u64(0x1db) + u64(0x1da) + u64(7) + u8(1);
const reference = u64(0x1db) + u64(0x555) + u8(2) + u8(0) + u8(1) + zeros(3);
const TIMES: readonly (readonly [string, Event[], body: string, struct: string])[] = [
  ['version 3', negotiated(3), old, 'ictimesync_data'],
  ['version 1', negotiated(1), old, 'ictimesync_data'],
  ['version 4', negotiated(4), reference, 'ictimesync_ref_data'],
  [
    'version 4 in a buffer that the older struct fills too',
    negotiated(4),
    reference + zeros(10),
    'ictimesync_ref_data',
  ],
  ['not in the trace: the longer one', [], old, 'ictimesync_data'],
  ['not in the trace: the shorter one', [], reference, 'ictimesync_ref_data'],
];

for (const [title, before, body, struct] of TIMES)
  bodies(`time, ${title}`, () => {
    const { json, tally } = read([offer(CLASS.HV_TS_GUID, 7), ...before, message({ type: 4, body })]);
    assert.equal([at(json, `${path}.struct`), at(json, `${path}.value.parenttime`)], [struct, '0x00000000000001db']);
    assert.ok(tally.ok);
  });

bodies('a refused negotiation agrees on nothing', () => {
  const refusal = message({
    type: 0,
    flags: RESPONSE,
    size: 16,
    body: u16(0) + u16(0) + u32(0) + versions([0, 0], [4, 0]),
  });
  const { json } = read([
    offer(CLASS.HV_TS_GUID, 7),
    message({ type: 0, body: offered }),
    refusal,
    message({ type: 4, body: old }),
  ]);
  assert.is(at(json, `${path}.struct`), 'ictimesync_data');
});

const key = Buffer.from('OSVersion', 'utf16le').toString('hex');
const exchange = u32(1) + u32(20) + u32(8) + padTo(512, key) + padTo(2048, '410042004300');

bodies('key-value pairs in the whole C struct', () => {
  const body = padTo(7432, u8(0) + u8(1) + u16(0) + exchange);
  const { json, tally } = read([offer(CLASS.HV_KVP_GUID, 7), message({ type: 2, body })]);
  assert.equal([at(json, `${path}.struct`), at(json, `${path}.size`)], ['hv_kvp_msg', 7432]);
  assert.is(at(json, `${path}.value.body.kvp_get.data.key_size`), 20);
  assert.ok(tally.ok);
});

const OPERATIONS: readonly (readonly [op: number, arm: string, struct: string])[] = [
  [0, exchange, 'hv_kvp_msg_get'],
  [1, exchange, 'hv_kvp_msg_set'],
  [2, u32(20) + padTo(512, key), 'hv_kvp_msg_delete'],
  [3, u32(0) + exchange, 'hv_kvp_msg_enumerate'],
];

for (const [op, arm, struct] of OPERATIONS)
  bodies(`key-value pairs no longer than operation ${op} needs`, () => {
    const { json, tally, codes } = read([
      offer(CLASS.HV_KVP_GUID, 7),
      message({ type: 2, body: u8(op) + u8(1) + u16(0) + arm }),
    ]);
    assert.equal([at(json, `${path}.struct`), at(json, `${path}.inner.struct`)], ['hv_kvp_hdr', struct]);
    assert.equal([codes, tally.ok], [[], true]);
  });

bodies('file copy: the operation tells the struct, not the room', () => {
  const copy = (op: number, size: number): JsonRecord =>
    read([offer(CLASS.HV_FCOPY_GUID, 7), message({ type: 7, body: padTo(size, u32(op) + zeros(32)) })]).json;
  assert.is(at(copy(0, 1088), `${path}.struct`), 'hv_start_fcopy');
  assert.is(at(copy(0, 7000), `${path}.struct`), 'hv_start_fcopy');
  assert.is(at(copy(1, 6196), `${path}.struct`), 'hv_do_fcopy');
  assert.is(at(copy(2, 36), `${path}.struct`), 'hv_fcopy_hdr');
});

bodies('volume snapshots', () => {
  const { json, tally } = read([offer(CLASS.HV_VSS_GUID, 7), message({ type: 5, body: padTo(24, u8(2)) })]);
  assert.equal([at(json, `${path}.struct`), tally.ok], ['hv_vss_msg', true]);
});

bodies.run();
