import {
  vmbus_packet_type,
  vmdata_gpa_direct,
  vmpacket_descriptor,
  vmtransfer_page_packet_header,
} from '../abi/vmbus/packet.js';
import { hv_ring_buffer } from '../abi/vmbus/ring.js';
import type { Issue } from '../layout/describe.js';
import type { Layout } from '../layout/group.js';
import type { Direction } from '../layout/messages.js';
import { enumMeta } from '../layout/scalar.js';
import { deviceClass } from './device-class.js';
import { icPart, isIntegrationComponent } from './ic-part.js';
import { headPart, issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import type { Channel, Session } from './session.js';
import { isVpciType, requestKey, VPCI_CLASS, vpciCompletion, vpciMessage } from './vpci-part.js';

/** Bytes of the descriptor, and of the trailer behind a packet ({0, start offset}, drivers/hv/ring_buffer.c). */
export const DESCRIPTOR = 16;
export const TRAILER = 8;

export interface LocatedPacket {
  readonly part: Part;
  readonly name: string | undefined;
  /** Record number of the request that this packet answers. */
  readonly request?: number;
}

export interface PacketPlace {
  readonly view: DataView;
  /** First byte of the descriptor, and one past the trailer. */
  readonly offset: number;
  readonly end: number;
  /** Where the packet starts in the ring data; the trailer repeats it. */
  readonly ringOffset?: number;
}

/** One packet as it lies in a ring: descriptor, extra header, payload, padding, trailer. */
export function locatePacket(
  at: PacketPlace,
  direction: Direction,
  relid: number,
  n: number,
  setting: Setting,
  session: Session,
): LocatedPacket {
  const { view, offset } = at;
  const room = at.end - offset;
  const place: Place = { label: 'raw', view, offset, end: at.end };
  if (room < DESCRIPTOR)
    return {
      name: undefined,
      part: opaque(place, 'cut packet', {
        direction,
        unattributed: room,
        issues: [issue('I_SHORT', `a packet has 16 bytes at least, ${room} are there`, offset)],
      }),
    };
  const type = view.getUint16(offset, true);
  const dataAt = view.getUint16(offset + 2, true) * 8;
  const length = view.getUint16(offset + 4, true) * 8;
  const bodyEnd = Math.min(length, room);
  const name = nameOf(type);
  const issues: Issue[] = [];
  const slack: Slack[] = [];
  if (name === undefined) issues.push(issue('I_UNKNOWN', `no source names packet type ${type}`, offset));
  if (length > room) issues.push(issue('I_SHORT', `the packet has ${length} bytes, ${room} are there`, offset + 4));
  if (dataAt < DESCRIPTOR || dataAt > length)
    issues.push(issue('I_COUNT', `data offset ${dataAt} is outside the packet of ${length} bytes`, offset + 2));
  const payloadAt = offset + Math.min(Math.max(dataAt, DESCRIPTOR), Math.max(bodyEnd, DESCRIPTOR));
  const payloadEnd = offset + Math.max(bodyEnd, payloadAt - offset);
  const unattributed = trailer(view, payloadEnd, at, slack, issues);
  const head: Layout =
    type === vmbus_packet_type.VM_PKT_DATA_USING_XFER_PAGES
      ? vmtransfer_page_packet_header
      : type === vmbus_packet_type.VM_PKT_DATA_USING_GPA_DIRECT
        ? vmdata_gpa_direct
        : vmpacket_descriptor;
  const channel = session.channel(relid);
  const payload =
    payloadEnd > payloadAt
      ? payloadPart(
          { ...place, offset: payloadAt, end: payloadEnd },
          offset,
          type,
          direction,
          channel,
          n,
          setting,
          slack,
        )
      : undefined;
  const outer = structPart({ ...place, end: payloadAt }, head, setting, {
    direction,
    slack,
    issues,
    unattributed,
    ...(name ? { name } : {}),
    ...(payload?.part ? { inner: payload.part } : {}),
  });
  const behind = payloadAt - offset - outer.size;
  const part =
    behind > 0
      ? {
          ...outer,
          slack: [...outer.slack, { name: 'extended header padding', offset: offset + outer.size, length: behind }],
        }
      : outer;
  return { part, name, ...(payload?.request === undefined ? {} : { request: payload.request }) };
}

function nameOf(type: number): string | undefined {
  return enumMeta(vmbus_packet_type).names.get(type);
}

/** Accounts for the trailer; returns bytes that nothing accounts for. */
function trailer(view: DataView, at: number, packet: PacketPlace, slack: Slack[], issues: Issue[]): number {
  const left = packet.end - at;
  if (left < TRAILER) {
    // A packet that is cut itself has been reported.
    if (issues.every((one) => one.code !== 'I_SHORT'))
      issues.push(issue('I_SHORT', `the trailer has 8 bytes, ${left} are there`, at));
    if (left > 0) slack.push({ name: 'cut trailer', offset: at, length: left });
    return 0;
  }
  slack.push({ name: 'trailer', offset: at, length: TRAILER });
  const start = view.getUint32(at + 4, true);
  if (packet.ringOffset !== undefined && start !== packet.ringOffset)
    issues.push(
      issue('I_TRAILER', `the trailer says the packet starts at ${start}, it starts at ${packet.ringOffset}`, at + 4),
    );
  if (left === TRAILER) return 0;
  issues.push(issue('I_TRAILING', `${left - TRAILER} bytes behind the trailer`, at + TRAILER));
  return left - TRAILER;
}

interface LocatedPayload {
  readonly part: Part;
  readonly request?: number;
}

function payloadPart(
  place: Place,
  packetAt: number,
  type: number,
  direction: Direction,
  channel: Channel,
  n: number,
  setting: Setting,
  slack: Slack[],
): LocatedPayload {
  const { view, offset, end } = place;
  const flags = view.getUint16(packetAt + 6, true);
  const transaction = `${view.getUint32(packetAt + 12, true)}:${view.getUint32(packetAt + 8, true)}`;
  const at = { place, packetAt, direction, transaction, wantsCompletion: (flags & 1) !== 0, n };
  const isVpci =
    channel.classGuid === VPCI_CLASS ||
    (channel.classGuid === undefined &&
      (type === vmbus_packet_type.VM_PKT_COMP
        ? channel.protocol !== undefined || channel.pending.has(requestKey(at))
        : end - offset >= 4 && isVpciType(view.getUint32(offset, true))));
  if (isVpci && type === vmbus_packet_type.VM_PKT_COMP) return vpciCompletion(at, channel, setting, slack);
  if (isVpci && type === vmbus_packet_type.VM_PKT_DATA_INBAND) return vpciMessage(at, channel, setting, slack);
  if (
    channel.classGuid !== undefined &&
    isIntegrationComponent(channel.classGuid) &&
    type === vmbus_packet_type.VM_PKT_DATA_INBAND
  ) {
    return icPart(at, channel, setting, slack);
  }
  const known = deviceClass(channel.classGuid);
  const what = known
    ? `${known} payload`
    : channel.classGuid
      ? `payload of class ${channel.classGuid}`
      : 'payload of a channel without a recorded offer';
  return { part: opaque(place, what, { direction, classPayload: end - offset }) };
}

/** The start of a control page, as recorded beside a packet or at a moment of a channel's life. */
export function ringControlPart(label: string, view: DataView, setting: Setting): Part {
  return headPart({ label, view, offset: 0, end: view.byteLength }, hv_ring_buffer, setting);
}
