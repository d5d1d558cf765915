import { vmbus_channel_message_type as TYPE } from '../../../src/abi/vmbus/channel.js';
import { vmbus_channel_rescind_offer } from '../../../src/abi/vmbus/offer.js';
import { OfferChannel, OfferFlags } from '../../../src/abi/vmbus/openvmm-offers.js';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import type { Event } from '../../../src/capture/event.js';
import { decode, encode } from '../../../src/layout/codec.js';
import { SharedGuestMemory } from '../../../src/memory/shared-memory.js';
import type { OutgoingPacket } from '../../../src/ring/outgoing.js';
import { ReceivedPacket } from '../../../src/ring/ring-packet.js';
import type { ChannelDevice, HostChannel } from '../../../src/vsp/vmbus/channel-device.js';
import { ChannelServer, type OfferedChannel } from '../../../src/vsp/vmbus/channel-server.js';
import { FakeHostPort } from '../../support/fake-host-port.js';

// A recorded conversation again, message by message and packet by packet: the guest's side from the record, the host's
// from the server. What the host decides by itself (which devices, when they go) is taken from the record too.

/** One difference: what the record has and what the server did. */
export interface Difference {
  readonly n: number;
  readonly what: string;
  readonly recorded: unknown;
  readonly ours: unknown;
}

const PAGE = 4096;
const text = (event: Event, key: string): string => String(event[key]);
const bytesOfEvent = (event: Event, key: string): Uint8Array => hexToBytes(text(event, key));

class ReplayDevice implements ChannelDevice {
  channel: HostChannel | undefined;
  readonly interfaceId: string;
  readonly instanceId: string;
  readonly mmioMegabytes: number;
  readonly channelFlags: number;

  constructor(payload: Uint8Array) {
    const offer = decode(OfferChannel, payload);
    this.interfaceId = offer.interface_id;
    this.instanceId = offer.instance_id;
    this.mmioMegabytes = offer.mmio_megabytes;
    this.channelFlags = new DataView(encode(OfferFlags, offer.flags).buffer).getUint16(0, true);
  }

  opened(channel: HostChannel): number {
    this.channel = channel;
    return 0;
  }

  signaled(): void {}

  closed(): void {
    this.channel = undefined;
  }
}

/** Runs a record against a server; `maxVersion` is the host's of the record. */
export class Replay {
  readonly port: FakeHostPort;
  readonly differences: Difference[] = [];
  /** Messages of the guest, answers, packets and other events that were compared. */
  compared = 0;
  private readonly events: readonly Event[];
  private readonly server: ChannelServer;
  private readonly devices: ReplayDevice[] = [];
  private readonly offered: OfferedChannel[] = [];
  private readonly packet = new ReceivedPacket(1 << 16);
  private taken = 0;
  private delivered = false;

  constructor(events: readonly Event[], maxVersion: number) {
    this.events = events;
    this.port = new FakeHostPort({ memory: memoryOf(events) });
    this.server = new ChannelServer(this.port, {
      maxVersion,
      relids: { first: 3, step: 1 },
      connectionBase: 0x10000,
      messageConnection: 0x4001,
    });
    const instances = new Set<string>();
    for (const event of events) {
      const payload = messageOf(event);
      if (payload?.[0] !== TYPE.CHANNELMSG_OFFERCHANNEL) continue;
      const device = new ReplayDevice(payload);
      if (instances.has(device.instanceId)) continue;
      instances.add(device.instanceId);
      this.devices.push(device);
      this.offered.push(this.server.offer(device));
    }
    for (const event of events) this.step(event);
  }

  private step(event: Event): void {
    switch (event.k) {
      case 'hypercall':
        return this.call(event);
      case 'synic_message':
        return this.answer(event);
      case 'gpadl':
        return this.traced(event);
      case 'ring_control':
        return this.control(event);
      case 'ring':
        return this.ring(event);
    }
  }

  private call(event: Event): void {
    const code = Number(event.code);
    if (code !== 0x5c && code !== 0x5d) return;
    const input = bytesOfEvent(event, 'in');
    const view = new DataView(input.buffer, input.byteOffset);
    const connection = view.getUint32(0, true);
    if (code === 0x5d) return this.compare(event, 'signal status', Number(event.result), this.port.signal(connection));
    const payload = input.subarray(16, 16 + view.getUint32(12, true));
    const vp = Number(event.vp);
    // The control pages that the record shows at the open were so before it.
    this.compare(event, 'post status', Number(event.result), this.port.post(connection, payload, vp));
  }

  private answer(event: Event): void {
    const payload = messageOf(event)!;
    this.port.queue.advance(0);
    if (payload[0] === TYPE.CHANNELMSG_RESCIND_CHANNELOFFER)
      this.rescind(decode(vmbus_channel_rescind_offer, payload).child_relid);
    if (payload[0] === TYPE.CHANNELMSG_OFFERCHANNEL && this.delivered) {
      const { instanceId } = new ReplayDevice(payload);
      this.offered[this.devices.findIndex((device) => device.instanceId === instanceId)]!.reoffer();
    }
    if (payload[0] === TYPE.CHANNELMSG_ALLOFFERS_DELIVERED) this.delivered = true;
    this.port.queue.advance(0);
    const ours = this.port.messages.shift();
    this.compare(event, 'VP and SINT', [event.vp, event.sint], [ours?.vp, ours?.sint]);
    this.compare(event, 'message', bytesToHex(comparable(payload)), ours && bytesToHex(ours.payload));
  }

  private rescind(relid: number): void {
    const channel = this.offered.find((one) => one.relid === relid)!;
    if (channel.state === 'open') channel.rescind();
  }

  private control(event: Event): void {
    const moment = text(event, 'moment');
    const relid = Number(event.relid);
    const isFirst = event.direction === 'guest to host';
    // Linux may have used the pages for something else when the record of a close that follows a rescind is made.
    const { state } = this.offered.find((one) => one.relid === relid) ?? { state: 'removed' };
    if (moment === 'close' && state !== 'open') return;
    this.write(event, isFirst ? [0, 12] : [4, 8]);
    if (moment === 'open') this.write(event, [0, 4, 8, 12, 64]);
    if (isFirst) return;
    if (moment === 'rescind') this.rescind(relid);
    // All open channels are recorded together; the record has them one after the other.
    if (moment === 'final' && this.port.traced.length === this.taken) {
      for (const other of this.events.filter((one) => one.moment === 'final'))
        this.write(other, other.direction === 'guest to host' ? [0, 12] : [4, 8]);
      this.server.recordRings('final');
    }
    this.port.queue.advance(0);
    this.traced({ ...event, direction: 'guest to host' }, ['raw', 'ctl_gpa', 'data_pages']);
    this.traced(event);
  }

  private ring(event: Event): void {
    this.port.queue.advance(0);
    const device = this.devices[this.offered.findIndex(({ relid }) => relid === event.relid)]!;
    const control = this.control0(event);
    const ctl = bytesOfEvent(event, 'ctl');
    const raw = bytesOfEvent(event, 'raw');
    const index = new DataView(ctl.buffer, ctl.byteOffset);
    if (event.direction === 'g2h') {
      this.port.memory.write(control + PAGE + Number(event.offset), raw);
      this.port.memory.writeU32(control, index.getUint32(0, true));
      this.port.memory.writeU32(control + 12, index.getUint32(12, true));
      this.compare(event, 'packet', 'ok', device.channel?.receive(this.packet));
      this.compare(event, 'payload', bytesToHex(raw.subarray(16, -8)), bytesToHex(this.packet.payload()));
    } else {
      this.port.memory.writeU32(control + 4, index.getUint32(4, true));
      this.port.memory.writeU32(control + 8, index.getUint32(8, true));
      this.compare(event, 'packet', 'ok', device.channel?.send(packetOf(raw)));
    }
    this.traced(event);
  }

  /** GPA of the control page of a channel's ring, from what the server has traced. */
  private control0(event: Event): number {
    const direction = event.direction === 'g2h' ? 'guest to host' : 'host to guest';
    const opened = this.port.traced.findLast(
      (one) => one.k === 'ring_control' && one.relid === event.relid && one.direction === direction,
    );
    return Number(opened?.ctl_gpa);
  }

  /** Stores words of the recorded control page. */
  private write(event: Event, words: readonly number[]): void {
    const raw = bytesOfEvent(event, 'raw');
    const view = new DataView(raw.buffer, raw.byteOffset);
    for (const at of words) this.port.memory.writeU32(Number(event.ctl_gpa) + at, view.getUint32(at, true));
  }

  /** The next event of the server's trace is this one, without `n` and the time. */
  private traced(event: Event, skip: readonly string[] = []): void {
    this.port.queue.advance(0);
    const ours: Event = this.port.traced[this.taken++] ?? {};
    const keys = Object.keys(event).filter((key) => key !== 'n' && key !== 't_us' && !skip.includes(key));
    this.compare(
      event,
      String(event.k),
      keys.map((key) => event[key]),
      keys.map((key) => ours[key]),
    );
  }

  private compare(event: Event, what: string, recorded: unknown, ours: unknown): void {
    this.compared++;
    if (JSON.stringify(recorded) !== JSON.stringify(ours))
      this.differences.push({ n: Number(event.n), what, recorded, ours });
  }
}

/** Payload of a channel message of the host; undefined for other events. */
function messageOf(event: Event): Uint8Array | undefined {
  if (event.k !== 'synic_message') return undefined;
  const slot = bytesOfEvent(event, 'raw');
  return slot.slice(16, 16 + slot[4]!);
}

/** A monitor id that is not allocated says nothing: 0 in the records, 0xff here as in OpenVMM. */
function comparable(payload: Uint8Array): Uint8Array {
  if (payload[0] !== TYPE.CHANNELMSG_OFFERCHANNEL) return payload;
  const offer = decode(OfferChannel, payload);
  return encode(OfferChannel, offer.monitor_allocated === 0 ? { ...offer, monitor_id: 0xff } : offer);
}

function packetOf(raw: Uint8Array): OutgoingPacket {
  const view = new DataView(raw.buffer, raw.byteOffset);
  const payload = raw.subarray(16, -8);
  const transactionId = view.getBigUint64(8, true);
  return view.getUint16(0, true) === 11
    ? { kind: 'completion', payload, transactionId }
    : { kind: 'in-band', payload, transactionId, completion: view.getUint16(6, true) === 1 };
}

/** The pages that the record names, and no others. */
function memoryOf(events: readonly Event[]): SharedGuestMemory {
  const pages = new Set(events.flatMap((event) => (event.k === 'gpadl' ? (event.pfns as string[]).map(Number) : [])));
  const regions = [...pages]
    .sort((a, b) => a - b)
    .map((pfn, i) => ({ gpa: pfn * PAGE, length: PAGE, offset: i * PAGE }));
  return SharedGuestMemory.create(regions, { kernel: false });
}
