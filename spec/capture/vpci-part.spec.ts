import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vpci } from '../../src/abi/vpci/messages.js';
import { Decoder, type DecoderOptions, type Event } from '../../src/capture/decoder.js';
import { LinkWindow } from '../../src/capture/link-window.js';
import { type JsonRecord, presentRecord } from '../../src/capture/present.js';
import { Tally } from '../../src/capture/tally.js';
import { pick } from '../../src/layout/group.js';
import { coverageFaults } from '../support/byte-coverage.js';
import { at } from '../support/captures.js';
import { CLASS, offer, packet, padTo, ring, u16, u32, u64, zeros } from '../support/trace-events.js';

interface Read {
  readonly json: JsonRecord;
  readonly all: JsonRecord[];
  readonly tally: Tally;
  readonly codes: string[];
}

function read(events: readonly Event[], options: DecoderOptions = {}): Read {
  const decoder = new Decoder(options);
  const window = new LinkWindow();
  const tally = new Tally();
  for (const event of events) {
    const record = decoder.push(event);
    assert.equal(coverageFaults(record), []);
    tally.add(record);
    window.push(record);
  }
  const all = Array.from(window.flush(), presentRecord);
  const json = all[all.length - 1]!;
  return { json, all, tally, codes: (json.issues as { code: string }[]).map((issue) => issue.code) };
}

const bus = offer(CLASS.HV_PCIE_GUID, 3);
const ask = (n: number, body = '', transaction = 1): Event =>
  ring('g2h', 3, packet(u32(0x42490000 + n) + body, { flags: 1, transaction }));
const answer = (body: string, transaction = 1): Event => ring('h2g', 3, packet(body, { type: 11, transaction }));
const agreed = (version: number): Event[] => [bus, ask(0x13, u32(version)), answer(u32(0) + u32(0))];

const versions = suite('vPCI: forms by negotiated version (VPCI-02, VPCI-04)');

const CREATES: readonly (readonly [version: number, n: number, size: number, struct: string])[] = [
  [0x10001, 0x14, 24, 'pci_create_interrupt'],
  [0x10002, 0x17, 78, 'pci_create_interrupt2'],
  [0x10003, 0x17, 78, 'pci_create_interrupt2'],
  [0x10004, 0x1b, 82, 'pci_create_interrupt3'],
];

for (const [version, n, size, struct] of CREATES)
  versions(`create interrupt in ${version >>> 16}.${version & 0xffff}`, () => {
    const { json, tally, codes } = read([...agreed(version), ask(n, zeros(size - 4))]);
    assert.equal([at(json, 'inner.struct'), at(json, 'inner.size'), codes, tally.ok], [struct, size, [], true]);
  });

versions('a refused version is not agreed on', () => {
  const events = [bus, ask(0x13, u32(0x10004)), answer(u32(0xc0000059)), ask(0x13, u32(0x10002)), answer(u32(0))];
  const { all, tally } = read([...events, ask(0x17, zeros(74))]);
  assert.is(at(all[2], 'inner.value.status'), 0xc0000059 | 0);
  assert.equal(
    all.slice(1, 5).map((json) => json.links),
    [{ reply: 2 }, { request: 1 }, { reply: 4 }, { request: 3 }],
  );
  assert.is(at(all[5], 'inner.struct'), 'pci_create_interrupt2');
  assert.ok(tally.ok);
});

versions('the version can be told where the negotiation is not in the trace', () => {
  const event = ask(0x17, zeros(74));
  assert.is(at(read([bus, event], { proto: 0x10002 }).json, 'inner.struct'), 'pci_create_interrupt2');
});

versions.run();

const messages = suite('vPCI: every message of the table (VPCI-04, VPCI-05)');

messages('reads its struct in its direction and is complete', () => {
  let seen = 0;
  for (const message of vpci.byName.values())
    for (const form of message.is) {
      if (form.body === undefined) continue;
      const { type } = pick(form.body);
      const inside = form.withDescriptor ? type.minSize - 16 : type.minSize;
      const body = padTo(Math.max(inside, 4), u32(message.code));
      const direction = message.direction === 'host->guest' ? 'h2g' : 'g2h';
      const { json, tally, codes } = read([bus, ring(direction, 3, packet(body))], { proto: form.since ?? 0x10004 });
      assert.is(at(json, 'inner.name'), message.name);
      assert.equal(
        [
          codes.filter((code) => code !== 'I_RESERVED' && code !== 'I_ENUM'),
          tally.decoded,
          tally.identical,
          tally.unattributed,
        ],
        [[], 2, 2, 0],
        message.name,
      );
      seen++;
    }
  assert.ok(seen > 35, `${seen}`);
});

messages('functions of a bus: slots are device and function (VPCI-05)', () => {
  const func = (slot: number): string =>
    u16(0x1414) + u16(0xb111) + u32(0x01080201) + u32(0) + u32(slot) + u32(1) + u32(0) + u32(0);
  const { json } = read([bus, ring('h2g', 3, packet(u32(0x42490019) + u32(2) + func(0x1f) + func(0xe2)))]);
  const slots = (at(json, 'inner.value.func') as unknown[]).map((one) => [
    at(one, 'win_slot.dev'),
    at(one, 'win_slot.func'),
  ]);
  assert.equal(slots, [
    [31, 0],
    [2, 7],
  ]);
});

messages('more functions than the packet holds', () => {
  const { codes } = read([bus, ring('h2g', 3, packet(u32(0x42490019) + u32(3) + zeros(28)))]);
  assert.equal(codes, ['I_COUNT']);
});

messages('a message that goes the wrong way', () => {
  const { codes, tally } = read([bus, ring('g2h', 3, packet(u32(0x4249000b) + u32(0)))]);
  assert.equal([codes, tally.ok], [['I_DIRECTION'], true]);
});

messages('a number that no one names, and one without a struct', () => {
  const unnamed = read([bus, ask(0x99, zeros(12))]);
  assert.equal([unnamed.codes, unnamed.tally.unknown, unnamed.tally.unattributed], [['I_UNKNOWN'], 1, 16]);
  const bare = read([bus, ask(0x0c, zeros(4))]);
  assert.equal(
    [bare.codes, at(bare.json, 'inner.name'), bare.tally.classPayload, bare.tally.ok],
    [[], 'PCI_QUERY_STOP', 8, true],
  );
});

const SHORT: readonly (readonly [string, body: string, codes: string[]])[] = [
  ['a type alone where a slot is needed', u32(0x42490005), []],
  ['most of a create interrupt', u32(0x4249001b) + zeros(60), ['I_SHORT']],
];

for (const [title, body, codes] of SHORT)
  messages(`cut short: ${title}`, () => {
    const found = read([bus, ring('g2h', 3, packet(body))]);
    assert.equal(found.codes, codes);
  });

messages('cut short: less than a type', () => {
  const { codes, tally } = read([bus, ring('g2h', 3, packet(u32(0x42490005)).slice(0, 36))]);
  assert.equal([codes, tally.unattributed], [['I_SHORT', 'I_SHORT'], 2]);
});

messages('bytes behind a message beyond the padding are unattributed', () => {
  const { codes, tally } = read([bus, ask(0x05, u32(0) + zeros(24))]);
  assert.equal([codes, tally.unattributed], [['I_TRAILING'], 24]);
});

messages('a block write has four bytes more', () => {
  const { tally, json } = read([bus, ask(0x0a, u32(0) + u32(0) + u32(128) + zeros(132))]);
  assert.ok(tally.ok);
  assert.match(JSON.stringify(json.slack), /bytes that senders add/);
});

messages('a descriptor longer than 16 bytes: structs that begin with it do not fit', () => {
  const { codes, tally } = read([bus, ring('h2g', 3, packet(zeros(8), { type: 11, extra: zeros(8) }))]);
  assert.ok(codes.includes('I_COUNT'));
  assert.is(tally.unattributed, 8);
});

messages('a trace that begins behind the offer: the number space of vPCI tells', () => {
  const { all, tally } = read([ask(0x05, u32(0)), answer(u32(0) + zeros(24))]);
  assert.equal(
    all.map((json) => at(json, 'inner.name')),
    ['PCI_QUERY_RESOURCE_REQUIREMENTS', 'PCI_QUERY_RESOURCE_REQUIREMENTS'],
  );
  assert.equal([all[1]!.links, tally.ok], [{ request: 0 }, true]);
});

messages.run();

const replies = suite('vPCI: completions carry the reply of their request (VPCI-06)');

const REPLIES: readonly (readonly [
  string,
  n: number,
  request: string,
  reply: string,
  struct: string,
  path: string,
  value: unknown,
])[] = [
  [
    'requirements',
    5,
    u32(0),
    u32(0) + u32(0xffffc004) + u32(0xffffffff) + zeros(16),
    'pci_q_res_req_response',
    'probed_bar.0',
    0xffffc004,
  ],
  ['requirements, refused', 5, u32(0), u32(0xc000000d), 'pci_response', 'status', 0xc000000d | 0],
  ['D0 entry', 7, u32(0) + u64(0xf8000000), u32(0), 'pci_response', 'status', 0],
  [
    'create interrupt 3',
    0x1b,
    zeros(78),
    u32(0) + u32(0) + u16(0) + u16(1) + u32(32) + u64(0xfee01000),
    'pci_create_int_response',
    'int_desc.data',
    32,
  ],
  ['create interrupt 3, refused', 0x1b, zeros(78), u32(0xc0000001), 'pci_response', 'status', 0xc0000001 | 0],
  [
    'a version, with the version of the host behind the status',
    0x13,
    u32(0x10004),
    u32(0) + u32(0x10003),
    'QueryProtocolVersionReply',
    'protocol_version',
    0x10003,
  ],
  ['read block', 9, zeros(12), u32(0) + zeros(128), 'pci_read_block_response', 'status', 0],
];

for (const [title, n, request, reply, struct, path, value] of REPLIES)
  replies(title, () => {
    const { json, all, tally } = read([bus, ask(n, request), answer(reply)]);
    assert.equal(
      [at(json, 'inner.struct'), at(json, `inner.value.${path}`), at(json, 'inner.reply')],
      [struct, value, true],
    );
    assert.equal([all[1]!.links, json.links, tally.ok], [{ reply: 2 }, { request: 1 }, true]);
  });

replies('several open requests are told apart by transaction', () => {
  const events = [bus, ask(5, u32(0), 1), ask(7, u32(0) + u64(0), 2), answer(u32(0), 2), answer(u32(0) + zeros(24), 1)];
  const { all } = read(events);
  assert.equal(
    all.slice(3).map((json) => [json.links, at(json, 'inner.name')]),
    [
      [{ request: 2 }, 'PCI_BUS_D0ENTRY'],
      [{ request: 1 }, 'PCI_QUERY_RESOURCE_REQUIREMENTS'],
    ],
  );
});

replies('transaction numbers of 64 bits', () => {
  const big = 0xffff_ffff_0000_0001n;
  const event = ring('g2h', 3, packet(u32(0x42490005) + u32(0), { flags: 1, transaction: big }));
  const other = ring('h2g', 3, packet(u32(0), { type: 11, transaction: 1 }));
  const right = ring('h2g', 3, packet(u32(0), { type: 11, transaction: big }));
  const { all } = read([bus, event, other, right]);
  assert.equal([all[2]!.links, all[3]!.links], [undefined, { request: 1 }]);
});

replies('a completion without a request', () => {
  const { codes, json, tally } = read([bus, answer(u32(0))]);
  assert.equal([codes, at(json, 'inner.struct'), tally.ok], [['I_NO_REQUEST'], 'pci_response', true]);
});

const UNASKED: readonly (readonly [string, reply: string, struct: string])[] = [
  ['resource requirements', u32(0) + u32(0xffffc004) + zeros(20), 'pci_q_res_req_response'],
  ['an interrupt', u32(0) + u32(0) + u16(0) + u16(1) + u32(32) + u64(0xfee01000), 'pci_create_int_response'],
  ['of a size that no reply has', u32(0) + 'ab'.repeat(60), 'pci_response'],
];

for (const [title, reply, struct] of UNASKED)
  replies(`a completion whose request was not recorded goes by its size: ${title}`, () => {
    const { codes, json, tally } = read([bus, answer(reply)]);
    assert.equal([codes, at(json, 'inner.struct'), at(json, 'inner.name')], [['I_NO_REQUEST'], struct, undefined]);
    assert.ok(tally.ok);
  });

replies('a request that wants no completion is not waited for', () => {
  const { codes } = read([bus, ring('g2h', 3, packet(u32(0x42490005) + u32(0), { transaction: 1 })), answer(u32(0))]);
  assert.equal(codes, ['I_NO_REQUEST']);
});

replies('a new offer of the number forgets the requests of the old channel', () => {
  const { codes } = read([bus, ask(5, u32(0)), bus, answer(u32(0))]);
  assert.equal(codes, ['I_NO_REQUEST']);
});

for (const bytes of [0, 2, 3])
  replies(`a version answer cut to ${bytes} bytes`, () => {
    const raw = packet(u32(0), { type: 11, transaction: 1 }).slice(0, (16 + bytes) * 2);
    const { tally } = read([bus, ask(0x13, u32(0x10004)), ring('h2g', 3, raw)]);
    assert.is(tally.records, 3);
  });

replies.run();
