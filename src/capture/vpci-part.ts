import { pci_response } from '../abi/vpci/message.js';
import { vpci } from '../abi/vpci/messages.js';
import type { Issue } from '../layout/describe.js';
import { type Layout, pick } from '../layout/group.js';
import { type Direction, type Message, type MessageForm, pickForm } from '../layout/messages.js';
import { issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import type { Channel } from './session.js';

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
      part: opaque(place, 'short vPCI message', setting, {
        direction,
        unattributed: size,
        issues: [issue('I_SHORT', `a vPCI message has 4 bytes at least, ${size} are there`, place.offset)],
      }),
    };
  const code = place.view.getUint32(place.offset, true);
  const message = vpci.byCode.get(code);
  const form = message && formFor(message, at, channel, setting);
  if (message === undefined || form?.body === undefined) {
    const text = message
      ? `${message.name} has no declared form of ${size} bytes`
      : `no source names vPCI message 0x${code.toString(16)}`;
    return {
      part: opaque(place, 'vPCI message without a declared struct', setting, {
        direction,
        ...(message ? { name: message.name } : {}),
        unattributed: message ? size : 0,
        issues: [issue('I_UNKNOWN', text, place.offset)],
      }),
    };
  }
  const issues: Issue[] = [];
  if (message.direction !== undefined && message.direction !== direction)
    issues.push(issue('I_DIRECTION', `${message.name} goes ${message.direction}`, place.offset));
  if (message.name === 'PCI_QUERY_PROTOCOL_VERSION' && size >= 8)
    channel.asked = place.view.getUint32(place.offset + 4, true);
  if (at.wantsCompletion) channel.pending.set(`${direction} ${at.transaction}`, { n: at.n, message, form });
  const from = form.withDescriptor ? at.packetAt : place.offset;
  const part = structPart({ ...place, offset: from }, form.body, setting, { name: message.name, direction, issues });
  return { part: settleEnd(part, place, slack, form.slack ?? 0) };
}

/** Size of a form's body as these bytes would fill it. */
function bodySize(layout: Layout, setting: Setting, room: number): number {
  return pick(layout, { arch: setting.arch, size: room }).type.minSize;
}

/** The form of the negotiated version; Linux's, unless the bytes need another source's longer one. */
function formFor(message: Message, at: PayloadPlace, channel: Channel, setting: Setting): MessageForm | undefined {
  const size = at.place.end - at.place.offset;
  const context = { size, ...(channel.protocol === undefined ? {} : { version: channel.protocol }) };
  const linux = pickForm(message, { ...context, source: 'linux' }) ?? pickForm(message, { size, source: 'linux' });
  const other = pickForm(message, { ...context, source: 'openvmm' }) ?? pickForm(message, { size, source: 'openvmm' });
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

/** A completion: its struct is that of the answer to the request with this transaction id. */
export function vpciCompletion(
  at: PayloadPlace,
  channel: Channel,
  setting: Setting,
  slack: Slack[],
): { part: Part; request?: number } {
  const { place, direction } = at;
  const room = place.end - at.packetAt;
  const key = `${direction === 'host->guest' ? 'guest->host' : 'host->guest'} ${at.transaction}`;
  const pending = channel.pending.get(key);
  channel.pending.delete(key);
  const issues = pending ? [] : [issue('I_NO_REQUEST', 'no open request has this transaction id', at.packetAt + 8)];
  if (
    pending?.message.name === 'PCI_QUERY_PROTOCOL_VERSION' &&
    place.view.getInt32(place.offset, true) >= 0 &&
    channel.asked !== undefined
  )
    channel.protocol = channel.asked;
  const { layout, withDescriptor } = replyFor(pending?.form, pending?.message, room, place.end - place.offset, setting);
  const part = structPart({ ...place, offset: withDescriptor ? at.packetAt : place.offset }, layout, setting, {
    direction,
    issues,
    reply: true,
    ...(pending ? { name: pending.message.name } : {}),
  });
  return { part: settleEnd(part, place, slack, 0), ...(pending ? { request: pending.n } : {}) };
}

/** A refused request is answered by the status alone, whatever its full reply would be. */
function replyFor(
  form: MessageForm | undefined,
  message: Message | undefined,
  room: number,
  payload: number,
  setting: Setting,
): { layout: Layout; withDescriptor: boolean } {
  const status = { layout: pci_response, withDescriptor: true };
  const candidates = [form, ...(message?.is ?? [])].filter((f) => f?.reply !== undefined);
  for (const candidate of candidates) {
    const withDescriptor = candidate!.replyWithDescriptor ?? false;
    const size = bodySize(candidate!.reply!, setting, withDescriptor ? room : payload);
    const left = (withDescriptor ? room : payload) - size;
    if (left >= 0 && left < 8) return { layout: candidate!.reply!, withDescriptor };
  }
  const first = candidates[0];
  if (
    first?.reply !== undefined &&
    bodySize(first.reply, setting, room) <= (first.replyWithDescriptor ? room : payload)
  )
    return { layout: first.reply, withDescriptor: first.replyWithDescriptor ?? false };
  return status;
}
