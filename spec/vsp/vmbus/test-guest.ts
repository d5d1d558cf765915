import {
  vmbus_channel_message_type as TYPE,
  vmbus_channel_close_channel,
  vmbus_channel_message_header,
  vmbus_channel_modifychannel,
  vmbus_channel_open_channel,
  vmbus_channel_relid_released,
} from '../../../src/abi/vmbus/channel.js';
import { vmbus_channel_initiate_contact } from '../../../src/abi/vmbus/contact.js';
import {
  vmbus_channel_gpadl_body,
  vmbus_channel_gpadl_header,
  vmbus_channel_gpadl_teardown,
} from '../../../src/abi/vmbus/gpadl.js';
import { TargetInfo } from '../../../src/abi/vmbus/openvmm-offers.js';
import { vmbus_version } from '../../../src/abi/vmbus/version.js';
import { parseVmbusMessage } from '../../../src/capture/vmbus-parse.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { pick } from '../../../src/layout/group.js';
import type { AnyType, Declared, InputOf } from '../../../src/layout/types.js';
import type { LogLine } from '../../../src/ports/log-sink.js';
import { ringInGuest } from '../../../src/ring/guest-ring.js';
import { RingReader } from '../../../src/ring/ring-reader.js';
import { RingWriter } from '../../../src/ring/ring-writer.js';
import { ChannelServer } from '../../../src/vsp/vmbus/channel-server.js';
import type { ServerOptions } from '../../../src/vsp/vmbus/server-options.js';
import { FakeHostPort } from '../../support/fake-host-port.js';

export interface ContactOptions {
  readonly vp?: number;
  readonly sint?: number;
  readonly vtl?: number;
  readonly features?: number;
  /** Instead of SINT, VTL and features. */
  readonly interruptPage?: bigint;
  readonly monitorPages?: readonly [bigint, bigint];
  readonly clientId?: boolean;
  readonly connection?: number;
}

/** A guest that says what a spec wants and keeps what the server answers. */
export class TestGuest {
  readonly port: FakeHostPort;
  readonly server: ChannelServer;
  readonly log: LogLine[] = [];
  version = 0;
  features = 0;

  constructor(options: ServerOptions = {}, port = new FakeHostPort()) {
    this.port = port;
    this.server = new ChannelServer(port, { log: (line) => this.log.push(line), ...options });
  }

  /** Posts bytes and lets the server act on them. */
  post(bytes: Uint8Array, connection = 1): number {
    const status = this.port.post(connection, bytes);
    this.port.queue.advance(0);
    return status;
  }

  say<T extends Declared>(type: T, value: InputOf<T>, connection = 1): void {
    this.post(encode(type, value), connection);
  }

  plain(msgtype: number, connection = 1): void {
    this.say(vmbus_channel_message_header, { msgtype }, connection);
  }

  contact(version: number, options: ContactOptions = {}): void {
    const [monitor_page1, monitor_page2] = options.monitorPages ?? [0n, 0n];
    const bytes = new Uint8Array(options.clientId === true ? 56 : 40);
    bytes.set(
      encode(vmbus_channel_initiate_contact.of['linux-7.3'], {
        header: { msgtype: TYPE.CHANNELMSG_INITIATE_CONTACT },
        // The arm of the target goes by the version; the bytes of either are put in below.
        vmbus_version_requested: vmbus_version.VERSION_WIN10,
        target_vcpu: options.vp ?? 0,
        target: { interrupt_page: 0n },
        monitor_page1,
        monitor_page2,
      }),
    );
    const view = new DataView(bytes.buffer);
    view.setUint32(8, version, true);
    if (options.interruptPage !== undefined) view.setBigUint64(16, options.interruptPage, true);
    else
      bytes.set(
        encode(TargetInfo, {
          sint: options.sint ?? 2,
          vtl: options.vtl ?? 0,
          _padding: 0,
          feature_flags: options.features ?? 0,
        }),
        16,
      );
    this.version = version;
    this.features = options.features ?? 0;
    this.post(bytes, options.connection ?? (version >= vmbus_version.VERSION_WIN10_V5 ? 4 : 1));
  }

  /** Agrees on a version and takes the offers; what was said on the way is forgotten. */
  connect(version: number = vmbus_version.VERSION_WIN10_V5_3, options: ContactOptions = {}): this {
    this.contact(version, { ...(version < vmbus_version.VERSION_WIN10_V5 ? { interruptPage: 0n } : {}), ...options });
    this.plain(TYPE.CHANNELMSG_REQUESTOFFERS);
    this.forget();
    return this;
  }

  /** Hands pages over, in as few messages as there can be. */
  gpadl(relid: number, id: number, pfns: readonly number[], offset = 0, bytes = pfns.length * 4096 - offset): void {
    for (const message of gpadlMessages(relid, id, 1, rangeWords(bytes, offset, pfns))) this.post(message);
  }

  teardown(relid: number, gpadl: number): void {
    const header = { msgtype: TYPE.CHANNELMSG_GPADL_TEARDOWN };
    this.say(vmbus_channel_gpadl_teardown, { header, child_relid: relid, gpadl });
  }

  openMessage(relid: number, gpadl: number, downstream: number, vp = 0): Uint8Array {
    return encode(vmbus_channel_open_channel, {
      header: { msgtype: TYPE.CHANNELMSG_OPENCHANNEL },
      child_relid: relid,
      openid: (relid + 0x100) >>> 0,
      ringbuffer_gpadlhandle: gpadl,
      target_vp: vp,
      downstream_ringbuffer_pageoffset: downstream,
      userdata: new Uint8Array(120).fill(0x5a),
    });
  }

  open(relid: number, gpadl: number, downstream: number, vp = 0): void {
    this.post(this.openMessage(relid, gpadl, downstream, vp));
  }

  /** Hands four pages from `pfn` on over and opens a channel with a page of data each way. */
  openRings(relid: number, pfn: number, vp = 0): { writer: RingWriter; reader: RingReader } {
    this.port.memory.clear(pfn * 4096, 4 * 4096);
    this.gpadl(relid, pfn, [pfn, pfn + 1, pfn + 2, pfn + 3]);
    this.open(relid, pfn, 2, vp);
    return {
      writer: new RingWriter(ringInGuest(this.port.memory, [pfn, pfn + 1])),
      reader: new RingReader(ringInGuest(this.port.memory, [pfn + 2, pfn + 3]), { interrupts: 'leave' }),
    };
  }

  close(relid: number): void {
    this.say(vmbus_channel_close_channel, {
      header: { msgtype: TYPE.CHANNELMSG_CLOSECHANNEL },
      child_relid: relid,
    });
  }

  release(relid: number): void {
    this.say(vmbus_channel_relid_released, {
      header: { msgtype: TYPE.CHANNELMSG_RELID_RELEASED },
      child_relid: relid,
    });
  }

  modify(relid: number, target_vp: number): void {
    this.say(vmbus_channel_modifychannel, {
      header: { msgtype: TYPE.CHANNELMSG_MODIFYCHANNEL },
      child_relid: relid,
      target_vp,
    });
  }

  signal(connection: number): number {
    const status = this.port.signal(connection);
    this.port.queue.advance(0);
    return status;
  }

  forget(): void {
    this.port.messages.length = 0;
    this.port.events.length = 0;
    this.log.length = 0;
  }

  /** The messages since the last look, one text each: name, fields, and `@vp.sint` where that is not 0.2. */
  hear(): string[] {
    return this.port.messages.splice(0).map(({ vp, sint, type, payload }) => {
      if (type !== 1) return `message type ${type}`;
      return `${spell(payload, this.version, this.features)}${vp === 0 && sint === 2 ? '' : ` @${vp}.${sint}`}`;
    });
  }

  /** Why messages were not acted on since the last look. */
  drops(): string[] {
    return this.log
      .splice(0)
      .filter(({ code }) => code === 'vmbus-message-dropped')
      .map(({ fields }) => `${String(fields?.type)} ${String(fields?.why)}`);
  }
}

/** A message of the host in one line. */
export function spell(payload: Uint8Array, version: number, features = 0): string {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const parsed = parseVmbusMessage(view, 0, view.byteLength, { direction: 'host->guest', source: 'openvmm' });
  if (!parsed.ok) return `${parsed.error} ${view.getUint32(0, true)} in ${version}/${features}`;
  const name = parsed.message.name.replace('CHANNELMSG_', '');
  if (parsed.form.body === undefined) return name;
  const type: AnyType = pick(parsed.form.body, { size: payload.length }).type;
  return [name, ...fieldsOf(decode(type as unknown as Declared, payload))].join(' ');
}

function fieldsOf(value: unknown): string[] {
  return Object.entries(value as Record<string, unknown>).flatMap(([key, field]) => {
    if (key === 'header' || key === 'msgtype' || field instanceof Uint8Array) return [];
    if (typeof field === 'object' && field !== null && key !== 'flags') return fieldsOf(field);
    if (typeof field === 'object' && field !== null) {
      const set = Object.entries(field).filter(([, bit]) => bit === true || (typeof bit === 'number' && bit !== 0));
      return [`${key}=${set.map(([name]) => name).join('|')}`];
    }
    return [`${key}=${typeof field === 'number' && field > 9 ? `0x${field.toString(16)}` : String(field)}`];
  });
}

/** The words behind a GPADL header for one range. */
export function rangeWords(bytes: number, offset: number, pfns: readonly number[]): bigint[] {
  return [BigInt(bytes) | (BigInt(offset) << 32n), ...pfns.map(BigInt)];
}

/** A GPADL in its messages: `first` words behind the header (26 as Linux sends them, at most 27), 28 behind each body. */
export function gpadlMessages(
  relid: number,
  id: number,
  ranges: number,
  words: readonly bigint[],
  options: { first?: number; rangeBytes?: number } = {},
): Uint8Array[] {
  const first = options.first ?? 27;
  const header = encode(vmbus_channel_gpadl_header, {
    header: { msgtype: TYPE.CHANNELMSG_GPADL_HEADER },
    child_relid: relid,
    gpadl: id,
    range_buflen: options.rangeBytes ?? words.length * 8,
    rangecount: ranges,
    range: [],
  });
  const messages = [withWords(header, words.slice(0, first))];
  for (let at = first, number = 1; at < words.length; at += 28, number++) {
    const body = encode(vmbus_channel_gpadl_body, {
      header: { msgtype: TYPE.CHANNELMSG_GPADL_BODY },
      msgnumber: number,
      gpadl: id,
      pfn: [],
    });
    messages.push(withWords(body, words.slice(at, at + 28)));
  }
  return messages;
}

function withWords(head: Uint8Array, words: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(head.length + words.length * 8);
  bytes.set(head);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setBigUint64(head.length + i * 8, word, true);
  return bytes;
}
