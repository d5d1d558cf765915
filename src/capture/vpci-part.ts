import { vmpacket_descriptor } from '../abi/vmbus/packet.js';
import { pci_response } from '../abi/vpci/message.js';
import { vpci } from '../abi/vpci/messages.js';
import { isZero } from '../bytes/span.js';
import type { Issue } from '../layout/describe.js';
import { type Layout, pick } from '../layout/group.js';
import { type Direction, type Message, type MessageForm, pickForm } from '../layout/messages.js';
import { issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import { type Channel, remember } from './session.js';

/** Class GUID of vPCI channels (HV_PCIE_GUID, include/linux/hyperv.h). */
export const VPCI_CLASS = '44c4f61d-4444-4400-9d52-802e27ede19f';

export interface PayloadPlace {
  readonly place: Place;
  /** First byte of the packet descriptor. */
  readonly packetAt: number;
  readonly direction: Direction;
  readonly transaction: string;
  readonly wantsCompletion: boolean;
  readonly n: number;
}

/** True for 0x4249xxxx, the number space of vPCI messages. */
export function isVpciType(code: number): boolean {
  return code >>> 16 === 0x4249;
}

/** A message that carries its type. */
export function vpciMessage(at: PayloadPlace, channel: Channel, setting: Setting, slack: Slack[]): { part: Part } {
  const { place, direction } = at;
  const size = place.end - place.offset;
  if (size < 4)
    return {
      part: opaque(place, 'short vPCI message', {
        direction,
        unattributed: size,
        issues: [issue('I_SHORT', `a vPCI message has 4 bytes at least, ${size} are there`, place.offset)],
      }),
    };
  const code = place.view.getUint32(place.offset, true);
  const message = vpci.byCode.get(code);
  const form = message && formFor(message, at, channel, setting);
  if (message === undefined)
    return {
      part: opaque(place, 'vPCI message that no source names', {
        direction,
        unattributed: size,
        issues: [issue('I_UNKNOWN', `no source names vPCI message 0x${code.toString(16)}`, place.offset)],
      }),
    };
  if (form?.body === undefined) {
    if (message.is.some((one) => one.body !== undefined)) return { part: shifted(at) };
    return {
      part: opaque(place, 'vPCI message without a declared struct', {
        direction,
        name: message.name,
        classPayload: size,
      }),
    };
  }
  const issues: Issue[] = [];
  if (message.direction !== undefined && message.direction !== direction)
    issues.push(issue('I_DIRECTION', `${message.name} goes ${message.direction}`, place.offset));
  if (message.name === 'PCI_QUERY_PROTOCOL_VERSION' && size >= 8)
    channel.asked = place.view.getUint32(place.offset + 4, true);
  if (at.wantsCompletion) remember(channel.pending, `${direction} ${at.transaction}`, { n: at.n, message, form });
  const from = form.withDescriptor ? at.packetAt : place.offset;
  const part = structPart({ ...place, offset: from }, form.body, setting, { name: message.name, direction, issues });
  return { part: settleEnd(part, place, slack, form.slack ?? 0) };
}

/** Size of a form's body as these bytes would fill it. */
function bodySize(layout: Layout, setting: Setting, room: number): number {
  return pick(layout, { arch: setting.arch, size: room }).type.minSize;
}

/** The form of the negotiated version, else of any. */
function formOf(
  message: Message,
  size: number,
  version: number | undefined,
  source: 'linux' | 'openvmm',
): MessageForm | undefined {
  const form = pickForm(message, { version, features: undefined, size, source });
  return (
    form ??
    (version === undefined ? undefined : pickForm(message, { version: undefined, features: undefined, size, source }))
  );
}

/** The form of the negotiated version; Linux's, unless the bytes need another source's longer one. */
function formFor(message: Message, at: PayloadPlace, channel: Channel, setting: Setting): MessageForm | undefined {
  const size = at.place.end - at.place.offset;
  const declared = formOf(message, size, channel.protocol, 'linux');
  // Forms that begin with the descriptor need one right in front of the payload.
  const linux = declared?.withDescriptor && isShifted(at) ? undefined : declared;
  const other = formOf(message, size, channel.protocol, 'openvmm');
  if (linux?.body === undefined) return other;
  if (other?.body === undefined) return linux;
  const head = (form: MessageForm): number => (form.withDescriptor ? at.place.offset - at.packetAt : 0);
  const need = (form: MessageForm, layout: Layout): number => bodySize(layout, setting, size + head(form)) - head(form);
  const a = need(linux, linux.body);
  const b = need(other, other.body);
  if (a > size && b <= size) return other;
  // Ring packets are padded to 8: only more than that, or padding that is not empty, speaks for the longer form.
  return b > a && b <= size && size - a >= 8 + (linux.slack ?? 0) ? other : linux;
}

/** Names the bytes between the structure and the end of the packet. */
function settleEnd(part: Part, place: Place, slack: Slack[], extra: number): Part {
  const from = part.offset + part.size;
  const left = place.end - from;
  if (left <= 0) return part;
  if (left < 8) {
    slack.push({ name: 'packet padding', offset: from, length: left });
    return part;
  }
  if (extra > 0 && left < extra + 8) {
    slack.push({ name: 'bytes that senders add', offset: from, length: left });
    return part;
  }
  return {
    ...part,
    unattributed: part.unattributed + left,
    issues: [...part.issues, issue('I_TRAILING', `${left} bytes behind ${part.struct}`, from)],
  };
}

/** Key of the request that a completion answers: it went the other way. */
export function requestKey(at: Pick<PayloadPlace, 'direction' | 'transaction'>): string {
  return `${at.direction === 'host->guest' ? 'guest->host' : 'host->guest'} ${at.transaction}`;
}

/** A completion: its struct is that of the answer to the request with this transaction id. */
export function vpciCompletion(
  at: PayloadPlace,
  channel: Channel,
  setting: Setting,
  slack: Slack[],
): { part: Part; request?: number } {
  const { place, direction } = at;
  const key = requestKey(at);
  const pending = channel.pending.get(key);
  channel.pending.delete(key);
  const issues = pending ? [] : [issue('I_NO_REQUEST', 'no open request has this transaction id', at.packetAt + 8)];
  if (
    pending?.message.name === 'PCI_QUERY_PROTOCOL_VERSION' &&
    place.end - place.offset >= 4 &&
    place.view.getInt32(place.offset, true) >= 0 &&
    channel.asked !== undefined
  )
    channel.protocol = channel.asked;
  if (isShifted(at)) return { part: shifted(at), ...(pending ? { request: pending.n } : {}) };
  const forms = pending === undefined ? ALL_FORMS : [pending.form, ...pending.message.is];
  const { layout, withDescriptor } = replyFor(forms, at, setting);
  const part = structPart({ ...place, offset: withDescriptor ? at.packetAt : place.offset }, layout, setting, {
    direction,
    issues,
    reply: true,
    ...(pending ? { name: pending.message.name } : {}),
  });
  if (pending === undefined && part.offset + part.size < place.end) {
    const from = part.offset + part.size;
    slack.push({ name: 'reply to a request that was not recorded', offset: from, length: place.end - from });
    return { part };
  }
  return { part: settleEnd(part, place, slack, 0), ...(pending ? { request: pending.n } : {}) };
}

interface Reply {
  readonly layout: Layout;
  readonly withDescriptor: boolean;
}

const STATUS: Reply = { layout: pci_response, withDescriptor: true };

/** Where the request is not known, Linux's replies tell themselves apart by their sizes. */
const ALL_FORMS: readonly MessageForm[] = [...vpci.byName.values()].flatMap((message) =>
  message.is.filter((form) => form.replyWithDescriptor),
);

/** A refused request is answered by the status alone, whatever its full reply would be. */
function replyFor(forms: readonly MessageForm[], at: PayloadPlace, setting: Setting): Reply {
  const { view, offset, end } = at.place;
  let near: Reply | undefined;
  let long: Reply | undefined;
  for (const candidate of forms) {
    if (candidate.reply === undefined) continue;
    const reply = { layout: candidate.reply, withDescriptor: candidate.replyWithDescriptor ?? false };
    const room = end - (reply.withDescriptor ? at.packetAt : offset);
    const left = room - bodySize(reply.layout, setting, room);
    if (left < 0) continue;
    // Packets are padded to 8 with zeros: bytes that are none speak for a longer reply.
    if (left < 8 && isZero(view, end - left, left)) return reply;
    if (left < 8) near ??= reply;
    if (forms !== ALL_FORMS) long ??= reply;
  }
  return near ?? long ?? STATUS;
}

/** What Linux declares with the packet descriptor stands right behind it. */
function isShifted(at: PayloadPlace): boolean {
  return at.place.offset - at.packetAt !== vmpacket_descriptor.size;
}

function shifted(at: PayloadPlace): Part {
  const { place, direction } = at;
  const header = place.offset - at.packetAt;
  return opaque(place, 'vPCI payload behind a longer header', {
    direction,
    unattributed: place.end - place.offset,
    issues: [issue('I_COUNT', `the payload starts at ${header}, vPCI's at ${vmpacket_descriptor.size}`, place.offset)],
  });
}
