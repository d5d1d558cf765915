import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_message_type } from '../../src/abi/synic/message.js';
import { Decoder, type DecoderOptions, type Event } from '../../src/capture/decoder.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { bodyOfSynicMessage } from '../../src/capture/synic-bodies.js';
import { Tally } from '../../src/capture/tally.js';
import { pick } from '../../src/layout/group.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at } from '../support/captures.js';
import { padTo, post, slot, u8, u16, u32, u64, vmbusMessage, wireGuid, zeros } from '../support/trace-events.js';

/** The last of some events, read after the others; nothing may be lost. */
function last(
  events: readonly Event[],
  options: DecoderOptions = {},
): { json: JsonRecord; tally: Tally; codes: string[] } {
  const decoder = new Decoder(options);
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

const contact = (version: number, feature = 0): string =>
  vmbusMessage(14, u32(version) + u32(0) + u8(2) + u8(0) + u16(0) + u32(feature) + u64(0x1000) + u64(0x2000));
const response = (supported: number, more = ''): string =>
  vmbusMessage(15, u8(supported) + u8(0) + u16(0) + u32(0x4001) + more);

const nested = suite('messages inside a call and inside a slot');

nested('call, SynIC message, channel message: each with its own place', () => {
  const { json } = last([post(contact(0x50003))]);
  assert.equal([json.name, json.struct, json.offset], ['HVCALL_POST_MESSAGE', 'hv_input_post_message', 0]);
  assert.equal(at(json, 'inner.name'), 'CHANNELMSG_INITIATE_CONTACT');
  assert.equal(
    [at(json, 'inner.offset'), at(json, 'inner.size'), at(json, 'inner.direction')],
    [16, 40, 'guest->host'],
  );
  assert.equal(json.slack, [{ name: 'message slot past its payload', in: 'in', offset: 56, length: 200 }]);
});

nested('a slot is named by the message that it carries', () => {
  const { json } = last([slot(response(1))]);
  assert.equal(
    [json.name, json.struct, at(json, 'inner.struct')],
    ['CHANNELMSG_VERSION_RESPONSE', 'hv_message', 'vmbus_channel_version_response'],
  );
});

nested('an empty slot', () => {
  const { json, tally } = last([slot('', 0)]);
  assert.equal([json.name, json.inner, tally.ok], ['hv_message', undefined, true]);
});

for (const bytes of [1, 8, 15, 16, 20, 100])
  nested(`a slot of which ${bytes} bytes were recorded`, () => {
    const event = slot(response(1));
    const { codes, tally } = last([{ ...event, raw: String(event.raw).slice(0, bytes * 2) }]);
    assert.ok(codes.includes('I_SHORT'));
    assert.is(tally.identical, 1);
  });

nested('bytes behind a slot are unattributed', () => {
  const event = slot(response(1));
  assert.is(last([{ ...event, raw: `${event.raw}0011` }]).tally.unattributed, 2);
});

nested('a payload that claims more than a slot holds', () => {
  const event = slot(response(1));
  const raw = String(event.raw);
  const { codes } = last([{ ...event, raw: `${raw.slice(0, 8)}ff${raw.slice(10)}` }]);
  assert.equal(codes, ['I_TRAILING', 'I_COUNT']);
});

nested.run();

const vmbus = suite('VMBus channel messages (COM-02)');

vmbus('VMBus 6.0 with feature flags: the 40-byte form of the newer kernel', () => {
  const { json, codes } = last([post(contact(0x60000, 0x4))]);
  assert.equal(at(json, 'inner.value.target.signal'), { msg_sint: 2, msg_vtl: 0, feature_flags: 4 });
  assert.equal([at(json, 'inner.size'), codes], [40, []]);
});

vmbus('the older kernel has no feature flags: 6.0 is not its version', () => {
  assert.is(
    at(last([post(contact(0x60000, 0x4))], { abi: 'linux-6.12' }).json, 'inner.value.target.interrupt_page'),
    '0x0000000400000002',
  );
});

const RESPONSES: readonly (readonly [size: number, more: string, struct: string])[] = [
  [16, '', 'vmbus_channel_version_response'],
  [20, u32(0x24), 'VersionResponse2'],
  [40, u32(0x24) + u32(0) + u64(0x3000) + u64(0x4000), 'VersionResponse3'],
];

for (const [size, more, struct] of RESPONSES)
  vmbus(`a version response of ${size} bytes`, () => {
    const { json, tally } = last([post(contact(0x60000)), slot(response(1, more))]);
    assert.equal([at(json, 'inner.struct'), at(json, 'inner.size'), tally.ok], [struct, size, true]);
    assert.equal(json.links, { request: 0 });
  });

vmbus('an open request is longer where the features say so', () => {
  const agreed = [post(contact(0x60000)), slot(response(1, u32(0x3)))];
  const body = u32(3) + u32(3) + u32(0xe1e10) + u32(0) + u32(5) + zeros(120);
  const { json, tally } = last([...agreed, post(vmbusMessage(5, body + u32(9) + u16(1) + u16(0)))]);
  assert.equal([at(json, 'inner.struct'), at(json, 'inner.size'), tally.ok], ['OpenChannel2', 156, true]);
  assert.is(at(last([post(vmbusMessage(5, body))]).json, 'inner.struct'), 'vmbus_channel_open_channel');
});

vmbus('a connection of two sizes to another endpoint', () => {
  const ids = wireGuid('8fd2b1c6-37a9-4e05-b2d4-6a915ce07f18').repeat(2);
  assert.is(at(last([post(vmbusMessage(21, ids))]).json, 'inner.struct'), 'vmbus_channel_tl_connect_request');
  assert.is(at(last([post(vmbusMessage(21, ids + zeros(16)))]).json, 'inner.struct'), 'TlConnectRequest2');
});

const DIRECTIONS: readonly (readonly [string, Event, code: string | undefined])[] = [
  ['a guest that posts an offer', post(vmbusMessage(1, zeros(188))), 'I_DIRECTION'],
  ['a guest that posts a version response', post(response(1)), 'I_DIRECTION'],
  ['a host that asks for offers', slot(vmbusMessage(3)), 'I_DIRECTION'],
  ['a guest that asks for offers', post(vmbusMessage(3)), undefined],
];

for (const [title, event, code] of DIRECTIONS)
  vmbus(`direction: ${title}`, () => {
    const { codes, tally } = last([event]);
    assert.is(codes.includes('I_DIRECTION'), code !== undefined);
    assert.is(tally.decoded, 1);
  });

vmbus('a message that went the wrong way teaches nothing', () => {
  const wrong = [post(contact(0x50003)), post(response(1)), slot(response(1))];
  assert.equal(last(wrong).json.links, { request: 0 });
});

vmbus('a short message of every type neither stops the trace nor teaches', () => {
  for (let type = 0; type < 32; type++)
    for (const bytes of [0, 4, 7, 8, 9, 12, 15]) {
      const event = post(padTo(Math.max(bytes, 8), u32(type)).slice(0, bytes * 2));
      const { tally } = last([event, slot(vmbusMessage(type).slice(0, bytes * 2))]);
      assert.is(tally.records, 2);
    }
});

vmbus('a message of a feature that was not agreed on is read and reported', () => {
  const pages = u64(0x1000) + u64(0x2000);
  const asked = (features: number): Event[] => [
    post(contact(0x60000)),
    slot(response(1, u32(features))),
    post(vmbusMessage(25, pages)),
  ];
  const without = last(asked(0));
  assert.equal(
    [at(without.json, 'inner.struct'), without.codes, without.tally.ok],
    ['ModifyConnection', ['I_VERSION'], true],
  );
  assert.equal(last(asked(4)).codes, []);
});

vmbus('an unknown type is reported and its bytes stay', () => {
  const { json, tally, codes } = last([post(vmbusMessage(77, 'aabbccdd'))]);
  assert.equal([codes, tally.unknown, tally.decoded, tally.unattributed], [['I_UNKNOWN'], 1, 0, 0]);
  assert.is(at(json, 'inner.value'), '4d00000000000000aabbccdd');
  assert.match(JSON.stringify(json.issues), /no source names VMBus message type 77/);
});

vmbus('bytes behind a message are an issue, in a slot they lie in something all the same', () => {
  const { codes, tally } = last([slot(response(1) + 'aabb')]);
  assert.equal([codes, tally.unattributed, tally.ok], [['I_TRAILING'], 0, true]);
});

vmbus.run();

const gpadl = suite('page lists over several messages');

const range = (pages: number): string =>
  u32(pages * 4096) + u32(0) + Array.from({ length: pages }, (_, i) => u64(i)).join('');
const header = (pages: number, sent: number): string =>
  vmbusMessage(8, u32(3) + u32(0xe1e10) + u16(8 + pages * 8) + u16(1) + range(pages).slice(0, 16 + sent * 16));
const body = (sent: number): string =>
  vmbusMessage(9, u32(0) + u32(0xe1e10) + Array.from({ length: sent }, (_, i) => u64(i)).join(''));

gpadl('a header of 26 pages and bodies of 28: no false issue about what comes later', () => {
  const events = [
    post(header(64, 26)),
    post(body(28)),
    post(body(10)),
    slot(vmbusMessage(10, u32(3) + u32(0xe1e10) + u32(0))),
  ];
  for (let i = 1; i <= events.length; i++) {
    const { codes, tally } = last(events.slice(0, i));
    assert.equal([codes, tally.ok], [[], true], `message ${i}`);
  }
  assert.equal(last(events).json.links, { request: 0 });
});

gpadl('each message shows the page numbers that it carries', () => {
  assert.is((at(last([post(header(64, 26))]).json, 'inner.value.range.0.pfn_array') as unknown[]).length, 26);
  assert.is((at(last([post(body(28))]).json, 'inner.value.pfn') as unknown[]).length, 28);
});

gpadl('bytes behind the list of a header, as some firmware sends them', () => {
  const { codes, tally } = last([post(header(10, 10) + zeros(100))]);
  assert.equal([codes, tally.ok], [['I_TRAILING'], true]);
});

gpadl.run();

const links = suite('requests and answers of the channel protocol');

const PAIRS: readonly (readonly [string, Event, Event, answered: boolean])[] = [
  ['version', post(contact(0x50003)), slot(response(1)), true],
  ['offers', post(vmbusMessage(3)), slot(vmbusMessage(4)), true],
  ['open', post(vmbusMessage(5, padTo(140, u32(3) + u32(7)))), slot(vmbusMessage(6, u32(3) + u32(7) + u32(0))), true],
  [
    'an open of another id',
    post(vmbusMessage(5, padTo(140, u32(3) + u32(7)))),
    slot(vmbusMessage(6, u32(3) + u32(8) + u32(0))),
    false,
  ],
  ['page list', post(header(10, 10)), slot(vmbusMessage(10, u32(3) + u32(0xe1e10) + u32(0))), true],
  ['teardown', post(vmbusMessage(11, u32(3) + u32(0xe1e10))), slot(vmbusMessage(12, u32(0xe1e10))), true],
  ['another processor', post(vmbusMessage(22, u32(3) + u32(1))), slot(vmbusMessage(24, u32(3) + u32(0))), true],
  ['unload', post(vmbusMessage(16)), slot(vmbusMessage(17)), true],
  ['an answer without a request', post(vmbusMessage(3)), slot(vmbusMessage(17)), false],
];

for (const [title, request, answer, answered] of PAIRS)
  links(title, () => {
    assert.equal(last([request, answer]).json.links, answered ? { request: 0 } : undefined);
    // One request has one answer.
    assert.is(last([request, answer, answer]).json.links, undefined);
  });

links.run();

const hypervisor = suite("messages of the hypervisor's own");

hypervisor('a timer that expired', () => {
  const { json, tally } = last([slot(u32(1) + u32(0) + u64(0x1234) + u64(0x1240), 0x80000010)]);
  assert.equal(
    [json.name, at(json, 'inner.struct'), tally.ok],
    ['HVMSG_TIMER_EXPIRED', 'hv_timer_message_payload', true],
  );
  assert.is(at(json, 'inner.value.timer_index'), 1);
});

hypervisor('every declared payload reads the bytes of its size, on both architectures', () => {
  let seen = 0;
  for (const arch of ['x64', 'arm64'] as const)
    for (const [name, type] of Object.entries(hv_message_type)) {
      const layout = bodyOfSynicMessage(type, arch);
      if (layout === undefined) continue;
      const { size } = pick(layout, { arch }).type;
      const { json, tally } = last([slot(zeros(size), type)], { arch });
      assert.equal([json.name, at(json, 'inner.size'), tally.ok], [name, size, true]);
      seen++;
    }
  assert.ok(seen >= 25, `${seen}`);
});

hypervisor('memory intercepts differ by architecture', () => {
  const x64 = last([slot(zeros(80), 0x80000000)], { arch: 'x64' });
  const arm64 = last([slot(zeros(64), 0x80000000)], { arch: 'arm64' });
  assert.is(at(x64.json, 'inner.struct'), 'hv_x64_memory_intercept_message');
  assert.is(at(arm64.json, 'inner.struct'), 'hv_arm64_memory_intercept_message');
});

hypervisor('a named type without a declared payload: its bytes are counted as a payload that no one declares', () => {
  const { json, codes, tally } = last([slot(zeros(16), 0x80000040)]);
  assert.equal([json.name, codes, tally.classPayload, tally.ok], ['HVMSG_EVENTLOG_BUFFERCOMPLETE', [], 16, true]);
});

hypervisor('a type that no one names', () => {
  const { codes, tally } = last([slot(zeros(16), 0x80000077)]);
  assert.equal([codes.includes('I_UNKNOWN'), tally.unknown], [true, 1]);
});

hypervisor('types below 0x80000000 are the partitions’ own, and no unknown numbers of the hypervisor', () => {
  const { codes, tally } = last([slot(zeros(16), 2)]);
  assert.equal([codes, tally.classPayload, tally.ok], [[], 16, true]);
});

hypervisor.run();
