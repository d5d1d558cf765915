import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbus } from '../../src/abi/vmbus/messages.js';
import { Version } from '../../src/abi/vmbus/openvmm-offers.js';
import { VmbusEventConnection, vmbusVersions } from '../../src/abi/vmbus/protocol.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { parseVmbusMessage, type VmbusParseOptions } from '../../src/capture/vmbus-parse.js';
import { decode, encode } from '../../src/layout/codec.js';
import { pick } from '../../src/layout/group.js';
import { pickForm } from '../../src/layout/messages.js';
import { readProjectText } from '../support/project.js';
import { readTsv } from '../support/tsv.js';

const ROWS = readTsv('fixtures/layout/vmbus-messages.tsv');
const LINUX = ROWS.filter((row) => row.origin!.includes('linux'));
const OPENVMM = ROWS.filter((row) => row.origin!.includes('openvmm'));

const FEATURES: Record<string, number> = {
  '': 0,
  'check_size:true': 0,
  'features:(guest_specified_signal_parameters | channel_interrupt_redirection)': 0x3,
  'features:modify_connection': 0x4,
  'features:pause_resume': 0x20,
};

/** A message of `size` bytes: the type, then zeros. */
function blank(type: number, size: number): DataView {
  const view = new DataView(new ArrayBuffer(Math.max(size, 8)));
  view.setUint32(0, type, true);
  return view;
}

const parse = (type: number, size: number, options: VmbusParseOptions) =>
  parseVmbusMessage(blank(type, size), 0, size, options);

const table = suite('vmbus messages: numbers, structs, directions');

for (const row of LINUX) {
  table(`Linux ${row.type} ${row.name}`, () => {
    const message = vmbus.byCode.get(Number(row.type))!;
    assert.is(message.name, row.name);
    assert.is(message.direction, row.direction);
    const form = pickForm(message, { source: 'linux' });
    assert.is(form?.body && pick(form.body).type.name, row.struct || undefined);
    assert.is(form?.body && pick(form.body).type.size, row.size ? Number(row.size) : undefined);
  });
}

for (const row of OPENVMM) {
  table(`OpenVMM ${row.type} ${row.struct}`, () => {
    const message = vmbus.byCode.get(Number(row.type))!;
    const features = FEATURES[row.condition!]!;
    const size = Number(row.size);
    const since = row.since === '0' ? 0 : Version[row.since as keyof typeof Version];
    assert.ok([message.name, ...(message.alias ?? [])].includes(row.name!), `${row.name} names it`);
    const form = pickForm(message, { source: 'openvmm', version: since, features, size });
    assert.is(form?.body && pick(form.body).type.size, size, 'size with the header');
    assert.is(form?.since ?? 0, since, 'first version');
    if (since > 0) {
      const older = pickForm(message, { source: 'openvmm', version: since - 1, features, size });
      assert.ok(older === undefined || pick(older.body!).type.size < size, 'not before');
    }
  });
}

table('every body starts with the message header', () => {
  for (const message of vmbus.byCode.values()) {
    for (const { body } of message.is) {
      if (body === undefined) continue;
      let { type } = pick(body);
      while (type.name !== 'vmbus_channel_message_header') {
        assert.is(type.kind, 'struct', message.name);
        if (type.kind !== 'struct') break;
        assert.is(type.slots[0]!.offset, 0);
        type = type.slots[0]!.type as typeof type;
      }
      assert.is(type.size, 8, message.name);
    }
  }
});

table('versions have both names', () => {
  assert.equal(
    vmbusVersions.map((row) => [row.openvmm, row.version]),
    Object.entries(Version),
  );
});

table.run();

interface Matrix {
  readonly matrix: Record<string, Record<string, [number, string][]>>;
}

const matrix = suite('vmbus messages: type, version and length as OpenVMM parses them');
const { matrix: PARSED } = JSON.parse(readProjectText('fixtures/vectors/vmbus-parse.json')) as Matrix;
const SIZE_OF = new Map(OPENVMM.map((row) => [`${row.type} ${row.struct}`, Number(row.size)]));

function contextOf(name: string): VmbusParseOptions {
  if (name === 'None') return { source: 'openvmm', version: 0, features: 0 };
  if (name === 'Copper_noflags') return { source: 'openvmm', version: Version.Copper, features: 0 };
  if (name === 'Copper_all') return { source: 'openvmm', version: Version.Copper, features: 0xff };
  return { source: 'openvmm', version: Version[name as keyof typeof Version], features: 0 };
}

for (const [type, versions] of Object.entries(PARSED)) {
  matrix(`type ${type}`, () => {
    for (const [version, steps] of Object.entries(versions)) {
      for (let size = 8; size <= 240; size += 4) {
        const expected = steps.filter(([from]) => from <= size).at(-1)![1];
        const got = parse(Number(type), size, contextOf(version));
        const where = `type ${type}, ${version}, ${size} bytes`;
        if (got.ok) {
          assert.is(
            pick(got.form.body!, { size }).type.size,
            SIZE_OF.get(`${type} ${expected}`),
            `${where}: ${expected}`,
          );
        } else {
          assert.is(got.error, expected, where);
        }
      }
    }
  });
}

matrix('one byte short of each form is too small, or the form before it', () => {
  for (const row of OPENVMM) {
    const size = Number(row.size);
    if (size === 8) continue;
    const options = { source: 'openvmm', version: Version.Copper, features: FEATURES[row.condition!]! };
    assert.ok(parse(Number(row.type), size, options).ok, `${row.struct} at ${size}`);
    const shorter = parse(Number(row.type), size - 1, options);
    if (row.condition === 'check_size:true') assert.ok(shorter.ok, `${row.struct} falls back`);
    else assert.equal(shorter.ok ? 'ok' : shorter.error, 'TooSmall', row.struct);
  }
});

matrix('an open request is 156 bytes with either feature, 148 without; unknown features leave it to the length', () => {
  const size = (got: ReturnType<typeof parse>) => (got.ok ? pick(got.form.body!).type.size : got.error);
  for (const features of [0x1, 0x2, 0x3]) {
    const options = { source: 'openvmm', version: Version.Copper, features };
    assert.is(size(parse(5, 147, options)), 'TooSmall');
    assert.is(size(parse(5, 148, options)), 'TooSmall');
    assert.is(size(parse(5, 155, options)), 'TooSmall');
    assert.is(size(parse(5, 156, options)), 156);
  }
  assert.is(size(parse(5, 156, { source: 'openvmm', version: Version.Copper, features: 0x4 })), 148);
  assert.is(size(parse(5, 156, { source: 'openvmm', version: Version.Iron, features: 0x3 })), 148);
  assert.is(size(parse(5, 156, {})), 156);
  assert.is(size(parse(5, 148, {})), 148);
});

matrix('a wrong direction is an error value, before the length is looked at', () => {
  const wrong = parse(15, 8, { direction: 'guest->host' });
  assert.is(wrong.ok ? 'ok' : wrong.error, 'WrongDirection');
  assert.ok(parse(15, 16, { direction: 'host->guest' }).ok);
  const unknown = parse(30, 8, { direction: 'guest->host' });
  assert.is(unknown.ok ? 'ok' : unknown.error, 'Invalid');
});

matrix('bytes outside the view are missing bytes, never an exception', () => {
  const view = blank(1, 196);
  for (const [offset, length] of [
    [0, 1000],
    [8, 196],
    [196, 8],
    [197, 8],
    [-1, 8],
    [0, -8],
    [Number.NaN, 8],
    [0, Number.NaN],
  ] as const) {
    const got = parseVmbusMessage(view, offset, length);
    assert.is(got.ok, offset === 0 && length === 1000, `${offset} ${length}`);
  }
});

matrix.run();

interface Vectors {
  readonly messages: { readonly msg: string; readonly hex: string }[];
  readonly shortHeader: { readonly name: string; readonly r: string }[];
  readonly connectionIds: {
    readonly channel: number;
    readonly vtl: number;
    readonly sint: number;
    readonly value: string;
  }[];
}

const bytes = suite('vmbus messages: bytes that OpenVMM writes');
const VECTORS = JSON.parse(readProjectText('fixtures/vectors/vmbus-messages.json')) as Vectors;

const contact = {
  header: { msgtype: 14 },
  vmbus_version_requested: Version.Copper,
  target_vcpu: 3,
  target: { signal: { msg_sint: 2, msg_vtl: 0, feature_flags: 0x2f } },
  monitor_page1: 0x1000n,
  monitor_page2: 0x2000n,
};
const client = '11223344-5566-7788-99aa-bbccddeeff00';
const answer = { header: { msgtype: 15 }, version_supported: 1, connection_state: 0, msg_conn_id: 1 };

/** The values that the bytes stand for, by the struct taken when no source is asked for. */
const VALUES: Record<string, { readonly struct: string; readonly value: object }> = {
  InitiateContact: { struct: 'vmbus_channel_initiate_contact', value: contact },
  InitiateContact2: { struct: 'InitiateContact2', value: { initiate_contact: contact, client_id: client } },
  VersionResponse: { struct: 'vmbus_channel_version_response', value: answer },
  VersionResponse2: { struct: 'VersionResponse2', value: { version_response: answer, supported_features: 0x2f } },
  OfferChannel: {
    struct: 'vmbus_channel_offer_channel',
    value: {
      header: { msgtype: 1 },
      offer: {
        if_type: '44c4f61d-4444-4400-9d52-802e27ede19f',
        if_instance: client,
        chn_flags: 1,
        mmio_megabytes: 3,
        u: { std: { user_def: new Uint8Array(120) } },
        sub_channel_index: 0,
      },
      child_relid: 5,
      monitorid: 0xff,
      monitor_allocated: false,
      reserved: 0,
      is_dedicated_interrupt: true,
      reserved1: 0,
      connection_id: 0x2005,
    },
  },
  OpenChannel: {
    struct: 'vmbus_channel_open_channel',
    value: {
      header: { msgtype: 5 },
      child_relid: 5,
      openid: 1,
      ringbuffer_gpadlhandle: 0xe1e10,
      target_vp: 2,
      downstream_ringbuffer_pageoffset: 16,
      userdata: new Uint8Array(120),
    },
  },
  OpenResult: {
    struct: 'vmbus_channel_open_result',
    value: { header: { msgtype: 6 }, child_relid: 5, openid: 1, status: 0 },
  },
  CloseChannel: { struct: 'vmbus_channel_close_channel', value: { header: { msgtype: 7 }, child_relid: 5 } },
  RescindChannelOffer: { struct: 'vmbus_channel_rescind_offer', value: { header: { msgtype: 2 }, child_relid: 5 } },
  RelIdReleased: { struct: 'vmbus_channel_relid_released', value: { header: { msgtype: 13 }, child_relid: 5 } },
  ModifyChannelResponse: {
    struct: 'vmbus_channel_modifychannel_response',
    value: { header: { msgtype: 24 }, child_relid: 5, status: 0 },
  },
  Unload: { struct: 'vmbus_channel_message_header', value: { msgtype: 16 } },
  UnloadComplete: { struct: 'vmbus_channel_message_header', value: { msgtype: 17 } },
};

for (const { msg, hex } of VECTORS.messages) {
  bytes(msg, () => {
    const raw = hexToBytes(hex);
    const view = new DataView(raw.buffer);
    const { struct, value } = VALUES[msg]!;
    for (const source of [undefined, 'openvmm']) {
      const got = parseVmbusMessage(
        view,
        0,
        raw.length,
        source ? { source, version: Version.Copper, features: 0 } : {},
      );
      assert.ok(got.ok, `${msg} parses`);
      assert.is(got.message.code, Number(OPENVMM.find((row) => row.struct === msg)!.type));
      const { type } = pick(got.form.body!, { size: raw.length });
      assert.is(type.size, raw.length);
      assert.is(bytesToHex(encode(type, decode(type, raw) as never)), hex, `${type.name} keeps the bytes`);
      if (source) continue;
      assert.is(type.name, struct);
      assert.is(bytesToHex(encode(type, value as never)), hex, 'the values give the bytes');
      assert.equal(decode(type, raw), value, 'the bytes give the values');
    }
  });
}

bytes('headers of 0 and 4 bytes are too small', () => {
  for (const { name, r } of VECTORS.shortHeader) {
    assert.match(r, /MessageTooSmall/);
    const length = Number(name.split('_').at(-1));
    const got = parseVmbusMessage(blank(1, 8), 0, length);
    assert.is(got.ok ? 'ok' : got.error, 'TooSmall', name);
  }
});

bytes('event connections: channel, SINT, VTL', () => {
  for (const { channel, sint, vtl, value } of VECTORS.connectionIds) {
    const raw = encode(VmbusEventConnection, { channel, sint, vtl });
    assert.is(new DataView(raw.buffer).getUint32(0, true), Number(value));
    assert.equal(decode(VmbusEventConnection, raw), { channel, sint, vtl, reserved: 0 });
  }
});

bytes.run();
