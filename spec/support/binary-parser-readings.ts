import { Parser } from 'binary-parser';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { hv_interrupt_entry, hv_ioapic_rte } from '../../src/abi/hv/msi.js';
import { hv_send_ipi_ex } from '../../src/abi/hv/vp-set.js';
import { icmsg_hdr } from '../../src/abi/ic/message.js';
import { hv_message_header } from '../../src/abi/synic/message.js';
import { vmbus_channel_gpadl_header } from '../../src/abi/vmbus/gpadl.js';
import { vmbus_channel_offer_channel } from '../../src/abi/vmbus/offer.js';
import { vmpacket_descriptor } from '../../src/abi/vmbus/packet.js';
import { pci_bus_relations2 } from '../../src/abi/vpci/bus.js';
import { pci_create_interrupt3 } from '../../src/abi/vpci/interrupt.js';
import { pick } from '../../src/layout/group.js';
import type { NamedType } from '../../src/layout/types.js';

// binary-parser 2.3.0 reads the same bytes by descriptions written from the kernel's headers. It reads whole words, and
// formatters split them: its own little-endian bit-fields of more than a byte come in another order.

/** Fields of a word, least significant bit first, as `name: width`. */
const split = (fields: Record<string, number>) => (word: number | bigint) => {
  let left = BigInt(word);
  return Object.fromEntries(
    Object.entries(fields).map(([name, width]) => {
      const value = left & ((1n << BigInt(width)) - 1n);
      left >>= BigInt(width);
      return [name, width === 1 ? value === 1n : width <= 32 ? Number(value) : value];
    }),
  );
};

const little = () => new Parser().endianness('little');
const copied = (bytes: Uint8Array) => Uint8Array.from(bytes);
const guid = (bytes: Uint8Array) => {
  const hex = (from: number, to: number, step: number) => {
    let text = '';
    for (let i = from; i !== to; i += step) text += bytes[i]!.toString(16).padStart(2, '0');
    return text;
  };
  return [hex(3, -1, -1), hex(5, 3, -1), hex(7, 5, -1), hex(8, 10, 1), hex(10, 16, 1)].join('-');
};

const descriptor = little().uint16('type').uint16('offset8').uint16('len8').uint16('flags').uint64('trans_id');
const pciMessage = little().uint32('type');
const slot = { formatter: split({ dev: 5, func: 3, reserved: 24 }) };
const channelHeader = little().uint32('msgtype').buffer('padding', { length: 4, formatter: copied });
const version = little().uint16('major').uint16('minor');

export interface Reading {
  readonly type: NamedType;
  readonly parser: Parser;
  readonly size: number;
  /** Makes tags and counts mean something in random bytes. */
  readonly shape?: (view: DataView, next: () => number) => void;
}

export const readings: readonly Reading[] = [
  { type: vmpacket_descriptor, parser: descriptor, size: 16 },
  {
    type: pci_create_interrupt3,
    size: 82,
    parser: little()
      .nest('message_type', { type: pciMessage })
      .uint32('wslot', slot)
      .nest('int_desc', {
        type: little()
          .uint32('vector')
          .uint8('delivery_mode')
          .buffer('reserved', { length: 1, formatter: copied })
          .uint16('vector_count')
          .uint16('processor_count')
          .array('processor_array', { type: 'uint16le', length: 32 }),
      }),
  },
  {
    type: hv_input_map_device_gpa_pages,
    size: 40 + 8 * 7,
    parser: little()
      .nest('device_domain', {
        type: little()
          .uint64('partition_id')
          .uint8('owner_vtl', { formatter: split({ target_vtl: 4, use_target_vtl: 1, reserved_z: 3 }) })
          .buffer('padding', { length: 7, formatter: copied })
          .uint64('domain_id', { formatter: split({ type: 4, reserved: 28, id: 32 }) }),
      })
      .uint8('target_vtl', { formatter: split({ target_vtl: 4, use_target_vtl: 1, reserved_z: 3 }) })
      .buffer('padding', { length: 3, formatter: copied })
      .uint32('map_flags')
      .uint64('target_device_va_base')
      .array('gpa_page_list', { type: 'uint64le', readUntil: 'eof' }),
  },
  {
    type: vmbus_channel_offer_channel,
    size: 196,
    parser: little()
      .nest('header', { type: channelHeader })
      .nest('offer', {
        type: little()
          .buffer('if_type', { length: 16, formatter: guid })
          .buffer('if_instance', { length: 16, formatter: guid })
          .buffer('reserved1', { length: 8, formatter: copied })
          .buffer('reserved2', { length: 8, formatter: copied })
          .uint16('chn_flags')
          .uint16('mmio_megabytes')
          .choice('u', {
            tag(this: Record<string, unknown>) {
              return (this.chn_flags as number) & 0x10;
            },
            choices: {
              0: little().nest('std', { type: little().buffer('user_def', { length: 120, formatter: copied }) }),
              16: little().nest('pipe', {
                type: little().uint32('pipe_mode').buffer('user_def', { length: 116, formatter: copied }),
              }),
            },
          })
          .uint16('sub_channel_index')
          .buffer('reserved3', { length: 2, formatter: copied }),
      })
      .uint32('child_relid')
      .uint8('monitorid')
      .uint8('$monitor', { formatter: split({ monitor_allocated: 1, reserved: 7 }) })
      .uint16('$interrupt', { formatter: split({ is_dedicated_interrupt: 1, reserved1: 15 }) })
      .uint32('connection_id'),
  },
  {
    type: vmbus_channel_gpadl_header,
    size: 20 + 2 * 8 + 3 * 8,
    shape: (view, next) => {
      view.setUint16(18, 2, true);
      // One page from an odd place, then two.
      view.setUint32(20, 1 + (next() % 4000), true);
      view.setUint32(24, next() % 90, true);
      view.setUint32(36, 4096, true);
      view.setUint32(40, 1 + (next() % 4095), true);
    },
    parser: little()
      .nest('header', { type: channelHeader })
      .uint32('child_relid')
      .uint32('gpadl')
      .uint16('range_buflen')
      .uint16('rangecount')
      .array('range', {
        length: 'rangecount',
        type: little()
          .uint32('byte_count')
          .uint32('byte_offset')
          .array('pfn_array', {
            type: 'uint64le',
            length(this: Record<string, unknown>) {
              return Math.ceil(((this.byte_count as number) + (this.byte_offset as number)) / 4096);
            },
          }),
      }),
  },
  {
    type: icmsg_hdr,
    size: 20,
    parser: little()
      .nest('icverframe', { type: version })
      .uint16('icmsgtype')
      .nest('icvermsg', { type: version })
      .uint16('icmsgsize')
      .uint32('status')
      .uint8('ictransaction_id')
      .uint8('icflags')
      .buffer('reserved', { length: 2, formatter: copied }),
  },
  {
    type: pci_bus_relations2,
    size: 24 + 3 * 28,
    shape: (view) => view.setUint32(20, 3, true),
    parser: little()
      .nest('incoming', { type: little().nest('hdr', { type: descriptor }).nest('message_type', { type: pciMessage }) })
      .uint32('device_count')
      .array('func', {
        length: 'device_count',
        type: little()
          .uint16('v_id')
          .uint16('d_id')
          .uint8('rev')
          .uint8('prog_intf')
          .uint8('subclass')
          .uint8('base_class')
          .uint32('subsystem_id')
          .uint32('win_slot', slot)
          .uint32('ser')
          .uint32('flags')
          .uint16('virtual_numa_node')
          .buffer('reserved', { length: 2, formatter: copied }),
      }),
  },
  {
    type: pick(hv_interrupt_entry, { arch: 'x64' }).type,
    size: 16,
    shape: (view) => view.setUint32(0, 1, true),
    parser: little()
      .uint32('source')
      .buffer('reserved1', { length: 4, formatter: copied })
      .nest('u', {
        type: little().nest('msi_entry', {
          type: little().nest('msi', {
            type: little()
              .uint32('address', {
                formatter: split({
                  reserved1: 2,
                  destination_mode: 1,
                  redirection_hint: 1,
                  reserved2: 8,
                  destination_id: 8,
                  msi_base: 12,
                }),
              })
              .uint32('data', {
                formatter: split({
                  vector: 8,
                  delivery_mode: 3,
                  reserved1: 3,
                  level_assert: 1,
                  trigger_mode: 1,
                  reserved2: 16,
                }),
              }),
          }),
        }),
      }),
  },
  {
    type: pick(hv_interrupt_entry, { arch: 'arm64' }).type,
    size: 24,
    shape: (view) => view.setUint32(0, 1, true),
    parser: little()
      .uint32('source')
      .buffer('reserved1', { length: 4, formatter: copied })
      .nest('u', {
        type: little().nest('msi_entry', {
          type: little().nest('msi', {
            type: little().uint64('address').uint32('data').buffer('reserved', { length: 4, formatter: copied }),
          }),
        }),
      }),
  },
  {
    type: hv_ioapic_rte,
    size: 8,
    parser: little().uint64('entry', {
      formatter: split({
        vector: 8,
        delivery_mode: 3,
        destination_mode: 1,
        delivery_status: 1,
        interrupt_polarity: 1,
        remote_irr: 1,
        trigger_mode: 1,
        interrupt_mask: 1,
        reserved1: 15,
        reserved2: 24,
        destination_id: 8,
      }),
    }),
  },
  {
    type: hv_send_ipi_ex,
    size: 24 + 8 * 3,
    shape: (view) => view.setBigUint64(16, 0x8000_0001_0000_0100n, true),
    parser: little()
      .uint32('vector')
      .buffer('reserved', { length: 4, formatter: copied })
      .nest('vp_set', {
        type: little()
          .uint64('format')
          .uint64('valid_bank_mask')
          .array('bank_contents', {
            type: 'uint64le',
            length(this: Record<string, unknown>) {
              return (this.valid_bank_mask as bigint).toString(2).replaceAll('0', '').length;
            },
          }),
      }),
  },
  {
    type: hv_message_header,
    size: 16,
    parser: little()
      .uint32('message_type')
      .uint8('payload_size')
      .uint8('message_flags', { formatter: split({ msg_pending: 1, reserved: 7 }) })
      .buffer('reserved', { length: 2, formatter: copied })
      .nest('origin', { type: little().uint64('sender') }),
  },
];
