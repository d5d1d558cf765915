import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vpci } from '../../src/abi/vpci/messages.js';
import { AssignedResources, AssignedResources2, AssignedResources3 } from '../../src/abi/vpci/openvmm-resources.js';
import { vpciVersions } from '../../src/abi/vpci/protocol.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { decode, encode } from '../../src/layout/codec.js';
import { type Layout, pick } from '../../src/layout/group.js';
import { type MessageForm, pickForm } from '../../src/layout/messages.js';
import { readProjectText } from '../support/project.js';
import { readTsv } from '../support/tsv.js';

const LINUX = readTsv('fixtures/layout/vpci-messages.tsv');
const only = (layout: Layout | undefined) => layout && pick(layout).type;

/** Protocol versions that a row allows: 'all', '1.1', '1.2-1.4'. */
function allows(protocol: string): (minor: number) => boolean {
  const [from, to] = protocol.split('-').map((v) => Number(v.split('.')[1]));
  return protocol.startsWith('1.') ? (minor) => minor >= from! && minor <= (to ?? from!) : () => true;
}

const table = suite('vpci messages of Linux');

for (const row of LINUX) {
  table(`${row.type} ${row.name}`, () => {
    const message = vpci.byCode.get(Number(row.type))!;
    assert.is(message.name, row.name);
    if (/->/.test(row.direction!)) assert.is(message.direction, row.direction);
    const forms = message.is.filter((form) => form.source === 'linux');
    assert.is(forms.length, 1);
    const [form] = forms as [MessageForm];
    assert.is(only(form.body)?.name, row.struct || undefined);
    assert.is(only(form.body)?.size, row.size ? Number(row.size) : undefined);
    assert.is(form.withDescriptor ?? false, row.withDescriptor === 'yes');
    assert.is(only(form.reply)?.name, row.reply || undefined);
    assert.is(only(form.reply)?.size, row.replySize ? Number(row.replySize) : undefined);
    if (form.reply) assert.is(form.replyWithDescriptor, true, 'Linux declares replies with the descriptor');
    const allowed = allows(row.protocol!);
    for (const minor of [1, 2, 3, 4])
      assert.is(
        pickForm(message, { version: 0x10000 + minor, source: 'linux' }) !== undefined,
        allowed(minor),
        `1.${minor}`,
      );
  });
}

table('bodies and replies that say so begin with the packet descriptor, others with the type or the status', () => {
  for (const message of vpci.byCode.values()) {
    for (const form of message.is) {
      for (const [layout, described] of [
        [form.body, form.withDescriptor],
        [form.reply, form.replyWithDescriptor],
      ] as const) {
        let type = only(layout);
        while (
          type?.kind === 'struct' &&
          type.slots[0]?.type.kind === 'struct' &&
          type.name !== 'vmpacket_descriptor'
        ) {
          type = type.slots[0].type;
        }
        if (type) assert.is(type.name === 'vmpacket_descriptor', described ?? false, `${message.name} ${layout!.name}`);
      }
    }
  }
});

table('what a sender adds behind the struct', () => {
  assert.is(vpci.byName.get('PCI_WRITE_BLOCK')!.is[0]!.slack, 4);
});

table.run();

/** Sizes of OpenVMM's messages and replies, without descriptor (vm/devices/pci/vpci_protocol/src/lib.rs, vpci/src/device.rs). */
const OPENVMM: readonly [type: number, size: number, reply: number | undefined][] = [
  [0x00, 8, undefined],
  [0x01, 4, undefined],
  [0x04, 12, 4],
  [0x05, 8, 28],
  [0x06, 32, 128],
  [0x07, 16, 4],
  [0x08, 4, 4],
  [0x0b, 8, undefined],
  [0x0f, 8, undefined],
  [0x10, 136, 136],
  [0x11, 8, 4],
  [0x13, 8, 8],
  [0x14, 24, 24],
  [0x15, 24, 4],
  [0x16, 136, 136],
  [0x17, 80, 24],
  [0x18, 24, 4],
  [0x19, 8, undefined],
  [0x1a, 136, 136],
  [0x1b, 84, 24],
  [0x1c, 8, 4],
  [0x1d, 16, 16],
];

const openvmm = suite('vpci messages of OpenVMM');

for (const [type, size, reply] of OPENVMM) {
  openvmm(`0x${type.toString(16)}: ${size} bytes, answered by ${reply ?? 'nothing'}`, () => {
    const message = vpci.byCode.get(0x42490000 + type)!;
    const form = message.is.find((f) => f.source === 'openvmm')!;
    assert.is(only(form.body)!.size - (form.withDescriptor ? 16 : 0), size);
    assert.is(form.reply && only(form.reply)!.size - (form.replyWithDescriptor ? 16 : 0), reply);
  });
}

openvmm('bus relations by version: the first below 1.3, the second from 1.3 on', () => {
  const form = (code: number, version: number) => pickForm(vpci.byCode.get(code)!, { version, source: 'openvmm' });
  for (const { version } of vpciVersions) {
    assert.is(form(0x42490000, version) !== undefined, version < 0x10003, `0x${version.toString(16)}`);
    assert.is(form(0x42490019, version) !== undefined, version >= 0x10003, `0x${version.toString(16)}`);
  }
});

openvmm('resource messages carry 16, 72 or 80 bytes for each MSI', () => {
  for (const [type, entry] of [
    [AssignedResources, 16],
    [AssignedResources2, 72],
    [AssignedResources3, 80],
  ] as const) {
    const raw = new Uint8Array(136 + 2 * entry).fill(0x5a);
    new DataView(raw.buffer).setUint32(128, 2, true);
    const value = decode(type, raw);
    assert.is(value.msi.length, 2);
    assert.is(bytesToHex(encode(type, value)), bytesToHex(raw));
  }
});

openvmm('the newest version a host can name is 1.6', () => {
  assert.is(vpciVersions.at(-1)!.version, 0x10006);
  assert.is(new Set(vpciVersions.map((v) => v.version)).size, 7);
});

openvmm.run();

const slot = { dev: 1, func: 2, reserved: 0 };
const hdr = { type: 0, offset8: 0, len8: 0, flags: 0, trans_id: 0n };
const processors = (...vps: number[]) => [...vps, ...new Array<number>(32 - vps.length).fill(0)];

/** The values that OpenVMM's bytes stand for: the request of a message, or the reply to it. */
const VALUES: Record<string, { readonly code: number; readonly reply?: true; readonly value: object }> = {
  QueryProtocolVersionReply: { code: 0x13, reply: true, value: { status: 0, protocol_version: 0x10003 } },
  BusRelations: {
    code: 0x00,
    value: {
      message_type: 0x42490000,
      device_count: 1,
      device: [
        {
          pnp_id: {
            vendor_id: 0x1414,
            device_id: 0xb111,
            revision_id: 1,
            prog_if: 2,
            sub_class: 8,
            base_class: 1,
            sub_vendor_id: 0x1111,
            sub_system_id: 0x2222,
          },
          slot: { dev: 1, func: 2, reserved: 0 },
          serial_num: 0x1234,
        },
      ],
    },
  },
  QueryResourceRequirementsReply: {
    code: 0x05,
    reply: true,
    value: { hdr, status: 0, probed_bar: [0xffffc004, 0xffffffff, 0, 0, 0, 0] },
  },
  CreateInterrupt: {
    code: 0x14,
    value: {
      message_type: { type: 0x42490014 },
      wslot: slot,
      int_desc: { vector: 0x41, delivery_mode: 0, vector_count: 1, cpu_mask: 3n },
    },
  },
  CreateInterrupt2: {
    code: 0x17,
    value: {
      message_type: 0x42490017,
      slot,
      interrupt: {
        vector: 0x41,
        delivery_mode: 0,
        vector_count: 1,
        processor_count: 2,
        processor_array: processors(1, 5),
      },
    },
  },
  EjectComplete: { code: 0x0f, value: { message_type: { type: 0x4249000f }, wslot: slot } },
};

interface Vectors {
  readonly messages: { readonly msg: string; readonly size: number; readonly hex: string }[];
}

const bytes = suite('vpci messages: bytes that OpenVMM writes');
const VECTORS = JSON.parse(readProjectText('fixtures/vectors/vpci-messages.json')) as Vectors;

for (const { msg, size, hex } of VECTORS.messages) {
  bytes(msg, () => {
    const { code, reply, value } = VALUES[msg]!;
    const form = vpci.byCode.get(0x42490000 + code)!.is.find((f) => f.source === 'openvmm')!;
    const type = only(reply ? form.reply : form.body)!;
    // OpenVMM prints what follows the descriptor; a struct that declares one gets an empty one.
    const described = reply ? form.replyWithDescriptor : form.withDescriptor;
    const whole = (described ? '00'.repeat(16) : '') + hex;
    assert.is(hex.length / 2, size);
    assert.equal(decode(type, hexToBytes(whole)), value, 'the bytes give the values');
    assert.is(bytesToHex(encode(type, value as never)), whole, 'the values give the bytes');
  });
}

bytes.run();
