import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AbiError, type DecodeError } from '../../src/bytes/errors.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { decodePlain, type PlainOptions, PlainReader } from '../../src/capture/plain.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import type { DecodedRecord } from '../../src/capture/record.js';
import { Tally } from '../../src/capture/tally.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at, readCapture } from '../support/captures.js';
import { packet, padTo, u16, u32, u64, vmbusMessage, zeros } from '../support/trace-events.js';

const records = (hex: string, options: PlainOptions): DecodedRecord[] => {
  const found = [...decodePlain(hexToBytes(hex), options)];
  for (const record of found) assert.equal(coverageFaults(record), []);
  return found;
};
const read = (hex: string, options: PlainOptions): JsonRecord[] => records(hex, options).map(presentRecord);
const tally = (hex: string, options: PlainOptions): Tally => {
  const all = new Tally();
  for (const record of records(hex, options)) all.add(record);
  return all;
};

const domain = u64(0xffffffffffffffffn) + zeros(8) + u32(0) + u32(1);
const page = (first: number, stale = ''): string =>
  padTo(4096, domain + zeros(4) + u32(3) + u64(0x40000000) + u64(first) + u64(first + 1) + stale);

const calls = suite('plain bytes as hypercalls');

calls('a page each; the control word tells how much of it was sent', () => {
  const found = read(page(16) + page(32), { as: 'HVCALL_MAP_DEVICE_GPA_PAGES', control: 0x2000000b3n });
  assert.equal(
    found.map((json) => at(json, 'value.input.gpa_page_list')),
    [
      ['0x0000000000000010', '0x0000000000000011'],
      ['0x0000000000000020', '0x0000000000000021'],
    ],
  );
  assert.equal(found[1]!.slack, [{ name: 'page past the input', in: 'in', offset: 56, length: 4040 }]);
  assert.equal([found[0]!.kind, found[0]!.name], ['bytes', 'HVCALL_MAP_DEVICE_GPA_PAGES']);
});

calls('without a control word a list runs to the end of the page, stale entries and all', () => {
  const [json] = read(page(16, u64(0xdead)), { as: 'HVCALL_MAP_DEVICE_GPA_PAGES' });
  assert.is((at(json, 'value.gpa_page_list') as unknown[]).length, 507);
  assert.is(at(json, 'value.gpa_page_list.2'), '0x000000000000dead');
});

calls('a control word alone names the call', () => {
  assert.is(read(page(16), { control: 0x2000000b3n })[0]!.name, 'HVCALL_MAP_DEVICE_GPA_PAGES');
});

calls('an unknown control word is reported', () => {
  const all = tally(padTo(64, '11'), { control: 0x1234n });
  assert.equal([all.unknown, all.unattributed], [1, 64]);
});

calls('an answer', () => {
  const [json] = read(u64(1), { as: 'HVCALL_GET_PARTITION_ID', direction: 'host->guest' });
  assert.equal([json!.struct, json!.direction], ['hv_output_get_partition_id', 'host->guest']);
});

calls('the last page may be short', () => {
  const all = records(page(16) + domain, { control: 0xb4n });
  assert.equal(
    all.map((record) => record.bytes),
    [4096, 24],
  );
});

calls('the guest’s own pages: those that a recorder saved before each call', () => {
  const event = readCapture('map-device-gpa-pages.jsonl').find((one) => one.n === 257)!;
  const [json] = read(String(event.in), { control: 0x1fb000000b3n });
  assert.is((at(json, 'value.input.gpa_page_list') as unknown[]).length, 507);
});

calls.run();

const structs = suite('plain bytes as structs');

const descriptor = u16(6) + u16(2) + u16(3) + u16(1) + u64(5);

structs('one behind the other', () => {
  const found = read(descriptor + descriptor.replace(u64(5), u64(6)), { as: 'vmpacket_descriptor' });
  assert.equal(
    found.map((json) => at(json, 'value.trans_id')),
    ['0x0000000000000005', '0x0000000000000006'],
  );
  assert.equal([found[0]!.name, found[0]!.struct, found[1]!.offset], ['vmpacket_descriptor', 'vmpacket_descriptor', 0]);
});

structs('a stride longer than the struct: what lies between is named', () => {
  const found = read(padTo(32, descriptor) + padTo(32, descriptor), { as: 'vmpacket_descriptor', stride: 32 });
  assert.is(found.length, 2);
  assert.equal(found[0]!.slack, [{ name: 'bytes behind the struct', in: '', offset: 16, length: 16 }]);
});

structs('a struct with an open end takes all there is', () => {
  const [json, ...more] = read(page(16).slice(0, 96 + 32), { as: 'hv_input_map_device_gpa_pages' });
  assert.equal([(at(json, 'value.gpa_page_list') as unknown[]).length, more.length], [3, 0]);
});

structs('a piece too short for the struct', () => {
  const failed = (hex: string): DecodeError => {
    try {
      read(hex, { as: 'vmpacket_descriptor' });
    } catch (error) {
      return error as DecodeError;
    }
    throw new Error('nothing was thrown');
  };
  assert.equal([failed('0600').code, failed('0600').offset], ['E_TRUNCATED', 0]);
  assert.match(failed(`${descriptor}0600`).message, /vmpacket_descriptor @0x0: needs 16 bytes, 2 are there/);
});

structs('pieces of any length give the same records', () => {
  const whole = hexToBytes(page(16) + page(32) + page(48));
  const options = { control: 0x2000000b3n };
  const expected = [...decodePlain(whole, options)].map((record) => JSON.stringify(presentRecord(record)));
  for (const size of [1, 7, 1000, 4096, 5000]) {
    const reader = new PlainReader(options);
    const found: string[] = [];
    for (let from = 0; from < whole.length; from += size)
      for (const record of reader.push(whole.subarray(from, from + size)))
        found.push(JSON.stringify(presentRecord(record)));
    for (const record of reader.end()) found.push(JSON.stringify(presentRecord(record)));
    assert.equal(found, expected, `pieces of ${size}`);
  }
});

structs('nothing in, nothing out', () => {
  for (const as of ['vmpacket_descriptor', 'hv_input_map_device_gpa_pages', 'ring', 'CHANNELMSG_OPENCHANNEL'])
    assert.equal(read('', { as }), []);
});

structs.run();

const messages = suite('plain bytes as messages');

messages('a VMBus message, its direction from the table', () => {
  const [json] = read(vmbusMessage(12, u32(0xe1e10)), { as: 'CHANNELMSG_GPADL_TORNDOWN' });
  assert.equal(
    [json!.name, json!.direction, at(json, 'value.gpadl')],
    ['CHANNELMSG_GPADL_TORNDOWN', 'host->guest', 0xe1e10],
  );
});

messages('a VMBus message said to go the other way', () => {
  const [json] = read(vmbusMessage(12, u32(0xe1e10)), { as: 'CHANNELMSG_GPADL_TORNDOWN', direction: 'guest->host' });
  assert.equal(at(json, 'issues.0.code'), 'I_DIRECTION');
});

messages('bytes behind one are unattributed', () => {
  assert.is(tally(`${vmbusMessage(12, u32(1))}aabb`, { as: 'CHANNELMSG_GPADL_TORNDOWN' }).unattributed, 2);
});

messages('bytes that are another message than was said are that one', () => {
  assert.is(read(vmbusMessage(3), { as: 'CHANNELMSG_GPADL_TORNDOWN' })[0]!.name, 'CHANNELMSG_REQUESTOFFERS');
});

messages('a vPCI message in the form of its version', () => {
  const bytes = u32(0x42490017) + zeros(74);
  assert.is(read(bytes, { as: 'PCI_CREATE_INTERRUPT_MESSAGE2', proto: 0x10002 })[0]!.struct, 'pci_create_interrupt2');
});

messages('one that Linux declares with the packet descriptor: with it, and without', () => {
  const body = u32(0x42490019) + u32(1) + u16(0x1414) + u16(0xb111) + zeros(24);
  const [bare] = read(body, { as: 'PCI_BUS_RELATIONS2' });
  const [whole] = read(packet(body).slice(0, -16), { as: 'PCI_BUS_RELATIONS2' });
  assert.is(whole!.struct, 'pci_bus_relations2');
  assert.is(at(whole, 'value.func.0.v_id'), 0x1414);
  assert.is(bare!.struct, 'QueryBusRelations2');
});

messages.run();

const rings = suite('plain bytes as a ring');

const traffic =
  packet(u32(0x42490013) + u32(0x10004), { flags: 1, transaction: 1 }) +
  packet(u32(0x42490005) + u32(0), { flags: 1, transaction: 2, offset: 32 });

rings('packets one behind the other, in both directions', () => {
  const asked = read(traffic, { as: 'ring' });
  assert.equal(
    asked.map((json) => [json.kind, json.name, at(json, 'inner.name'), json.direction]),
    [
      ['ring', 'VM_PKT_DATA_INBAND', 'PCI_QUERY_PROTOCOL_VERSION', 'guest->host'],
      ['ring', 'VM_PKT_DATA_INBAND', 'PCI_QUERY_RESOURCE_REQUIREMENTS', 'guest->host'],
    ],
  );
  assert.is(read(traffic, { as: 'ring', direction: 'host->guest' })[0]!.direction, 'host->guest');
});

rings('the first byte of each is known', () => {
  assert.equal(
    records(traffic, { as: 'ring' }).map((record) => record.source),
    [{ at: 0 }, { at: 32 }],
  );
});

rings('a packet that the end cuts off, down to its first byte', () => {
  for (let bytes = 33; bytes < 64; bytes++) {
    const all = tally(traffic.slice(0, bytes * 2), { as: 'ring' });
    assert.equal([all.records, all.withBytes], [2, 2], `${bytes}`);
    assert.ok(all.issues > 0, `${bytes}`);
  }
});

rings('lengths that would never move on', () => {
  assert.is(records(zeros(96), { as: 'ring' }).length, 4);
});

rings('pieces of any length give the same packets', () => {
  const bytes = hexToBytes(traffic.repeat(5));
  for (const size of [1, 5, 16, 33]) {
    const reader = new PlainReader({ as: 'ring' });
    let count = 0;
    for (let from = 0; from < bytes.length; from += size)
      count += [...reader.push(bytes.subarray(from, from + size))].length;
    assert.is(count + [...reader.end()].length, 10, `${size}`);
  }
});

rings.run();

const refused = suite('what PlainReader refuses');

const BAD: readonly (readonly [string, PlainOptions, code: string])[] = [
  ['nothing that says what the bytes are', {}, 'E_FORMAT'],
  ['a name that is none', { as: 'hv_nothing' }, 'E_UNKNOWN_NAME'],
  ['a stride of nothing', { as: 'hv_message', stride: 0 }, 'E_RANGE'],
  ['a stride that goes back', { as: 'hv_message', stride: -8 }, 'E_RANGE'],
  ['half a byte', { as: 'hv_message', stride: 1.5 }, 'E_RANGE'],
];

for (const [title, options, code] of BAD)
  refused(title, () => {
    assert.throws(
      () => new PlainReader(options),
      (error: unknown) => error instanceof AbiError && error.code === code,
    );
  });

refused('bytes given are not kept by reference', () => {
  const bytes = hexToBytes(descriptor);
  const reader = new PlainReader({ as: 'vmpacket_descriptor' });
  const [record] = [...reader.push(bytes)];
  bytes.fill(0);
  assert.is(bytesToHex(new Uint8Array(record!.parts[0]!.view.buffer)).slice(0, 4), '0600');
});

refused.run();
