import { hv_message_type } from '../abi/synic/message.js';
import { vmbus } from '../abi/vmbus/messages.js';
import { codecOf } from '../layout/codec.js';
import type { Issue } from '../layout/describe.js';
import { pick } from '../layout/group.js';
import type { Direction, Message, MessageForm } from '../layout/messages.js';
import { pickForm } from '../layout/messages.js';
import { enumMeta } from '../layout/scalar.js';
import { issue, opaque, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import type { Session } from './session.js';
import { bodyOfSynicMessage } from './synic-bodies.js';

/** Payload bytes of a message slot (HV_MESSAGE_PAYLOAD_BYTE_COUNT, include/hyperv/hvgdk_mini.h). */
const PAYLOAD_BYTES = 240;
const PAYLOAD_AT = 16;
/** Messages of this type carry VMBus channel messages (drivers/hv/connection.c posts type 1). */
const VMBUS_MESSAGE = 1;

/** The VMBus message that a post-message input carries. */
export function messageInPost(
  view: DataView,
  at: number,
  length: number,
  setting: Setting,
  session: Session,
  slack: Slack[],
): Part | undefined {
  if (length < at + PAYLOAD_AT) return undefined;
  const type = view.getUint32(at + 8, true);
  const size = view.getUint32(at + 12, true);
  return payloadPart('in', view, at, length, type, size, 'guest->host', setting, session, slack);
}

/** The body of a message in a SynIC slot. */
export function messageInSlot(
  view: DataView,
  at: number,
  setting: Setting,
  session: Session,
  slack: Slack[],
): Part | undefined {
  const type = view.getUint32(at, true);
  const size = view.getUint8(at + 4);
  if (type === hv_message_type.HVMSG_NONE) return undefined;
  return payloadPart('raw', view, at, view.byteLength, type, size, 'host->guest', setting, session, slack);
}

function payloadPart(
  label: string,
  view: DataView,
  at: number,
  length: number,
  type: number,
  size: number,
  direction: Direction,
  setting: Setting,
  session: Session,
  slack: Slack[],
): Part | undefined {
  const from = at + PAYLOAD_AT;
  const end = Math.min(from + Math.min(size, PAYLOAD_BYTES), length);
  const full = Math.min(from + PAYLOAD_BYTES, length);
  if (end < full) slack.push({ name: 'message slot past its payload', offset: end, length: full - end });
  if (end <= from) return undefined;
  const part = carried(label, view, from, end, type, direction, setting, session);
  if (size <= PAYLOAD_BYTES) return part;
  const much = issue('I_COUNT', `a message carries ${PAYLOAD_BYTES} bytes at most, this one claims ${size}`, from);
  return { ...part, issues: [...part.issues, much] };
}

function carried(
  label: string,
  view: DataView,
  from: number,
  end: number,
  type: number,
  direction: Direction,
  setting: Setting,
  session: Session,
): Part {
  if (type === VMBUS_MESSAGE) return vmbusPart(label, view, from, end, direction, setting, session);
  const known = enumMeta(hv_message_type).names.get(type);
  const name = known === undefined ? {} : { name: known };
  const place = { label, view, offset: from, end };
  const layout = bodyOfSynicMessage(type, setting.arch);
  if (layout === undefined) {
    // Types with bit 31 clear belong to the partitions that exchange them (TLFS, SynIC messages): nobody else can know them.
    if (known === undefined && type >= 0x80000000)
      return opaque(place, 'payload of an unknown message type', {
        direction,
        issues: [issue('I_UNKNOWN', `no source names message type 0x${type.toString(16)}`, from)],
      });
    return opaque(place, 'payload of an undeclared message type', { direction, ...name, classPayload: end - from });
  }
  return structPart(place, layout, setting, { direction, ...name });
}

/** A VMBus channel message of `end - from` bytes. */
export function vmbusPart(
  label: string,
  view: DataView,
  from: number,
  end: number,
  direction: Direction,
  setting: Setting,
  session: Session,
): Part {
  const place = { label, view, offset: from, end };
  const size = end - from;
  if (size < 8)
    return opaque(place, 'short VMBus message', {
      direction,
      issues: [issue('I_SHORT', `a VMBus message has 8 bytes at least, ${size} are there`, from)],
    });
  const code = view.getUint32(from, true);
  const message = vmbus.byCode.get(code);
  if (message === undefined)
    return opaque(place, 'VMBus message that no source names', {
      direction,
      issues: [issue('I_UNKNOWN', `no source names VMBus message type ${code}`, from)],
    });
  const issues: Issue[] = [];
  let form = vmbusForm(message, size, session, setting);
  if (form?.body === undefined) {
    form = message.is.find((one) => one.body !== undefined);
    issues.push(issue('I_VERSION', `${message.name} is no part of what was agreed on`, from));
  }
  if (form?.body === undefined)
    return opaque(place, message.name, { direction, name: message.name, classPayload: size });
  if (message.direction !== undefined && message.direction !== direction)
    issues.push(issue('I_DIRECTION', `${message.name} goes ${message.direction}`, from));
  const part = structPart(place, form.body, setting, { name: message.name, direction, issues });
  if (part.size >= size) return part;
  return {
    ...part,
    issues: [...part.issues, issue('I_TRAILING', `${size - part.size} bytes behind ${part.struct}`, from + part.size)],
  };
}

/** Linux's form, unless a longer one of another source is needed to account for the bytes. */
function vmbusForm(message: Message, size: number, session: Session, setting: Setting): MessageForm | undefined {
  const features = session.vmbusFeatures;
  const linux = pickForm(message, { version: undefined, features, size, source: 'linux' });
  const newest = pickForm(message, { version: undefined, features, size, source: undefined });
  if (linux?.body === undefined || newest?.body === undefined) return newest?.body ? newest : linux;
  if (newest === linux) return linux;
  const a = pick(linux.body, { arch: setting.arch, size }).type;
  const b = pick(newest.body, { arch: setting.arch, size }).type;
  return !a.flexible && a.size < size && b.minSize <= size && b.size > a.size ? newest : linux;
}

/** A message that was cut short, or that its sender cannot send, says nothing about the channel. */
function isNoFact({ code }: { code: string }): boolean {
  return code === 'I_SHORT' || code === 'I_DIRECTION';
}

/** Learns from a channel message what later records need; returns the record number of the request that it answers. */
export function learn(part: Part, n: number, session: Session): number | undefined {
  if (part.type === undefined || part.name === undefined || part.issues.some(isNoFact)) return undefined;
  const at = (offset: number): number => part.view.getUint32(part.offset + offset, true);
  switch (part.name) {
    case 'CHANNELMSG_INITIATE_CONTACT':
      session.vmbusAsked = at(8);
      session.expect('version', n);
      return undefined;
    case 'CHANNELMSG_VERSION_RESPONSE':
      if (part.view.getUint8(part.offset + 8) !== 0) {
        session.vmbusVersion = session.vmbusAsked;
        session.vmbusFeatures = part.size >= 20 ? at(16) : 0;
      }
      return session.answer('version');
    case 'CHANNELMSG_REQUESTOFFERS':
      session.expect('offers', n);
      return undefined;
    case 'CHANNELMSG_ALLOFFERS_DELIVERED':
      return session.answer('offers');
    case 'CHANNELMSG_OFFERCHANNEL': {
      const value = codecOf(part.type).decodeAt(part.view, part.offset, part.limits) as {
        child_relid: number;
        offer: { if_type: string; if_instance: string };
      };
      session.offer(value.child_relid, value.offer.if_type, value.offer.if_instance);
      return undefined;
    }
    case 'CHANNELMSG_RELID_RELEASED':
      session.forget(at(8));
      return undefined;
    case 'CHANNELMSG_OPENCHANNEL':
      session.expect(`open ${at(8)} ${at(12)}`, n);
      return undefined;
    case 'CHANNELMSG_OPENCHANNEL_RESULT':
      return session.answer(`open ${at(8)} ${at(12)}`);
    case 'CHANNELMSG_GPADL_HEADER':
      session.expect(`gpadl ${at(12)}`, n);
      return undefined;
    case 'CHANNELMSG_GPADL_CREATED':
      return session.answer(`gpadl ${at(12)}`);
    case 'CHANNELMSG_GPADL_TEARDOWN':
      session.expect(`teardown ${at(12)}`, n);
      return undefined;
    case 'CHANNELMSG_GPADL_TORNDOWN':
      return session.answer(`teardown ${at(8)}`);
    case 'CHANNELMSG_MODIFYCHANNEL':
      session.expect(`modify ${at(8)}`, n);
      return undefined;
    case 'CHANNELMSG_MODIFYCHANNEL_RESPONSE':
      return session.answer(`modify ${at(8)}`);
    case 'CHANNELMSG_UNLOAD':
      session.expect('unload', n);
      return undefined;
    case 'CHANNELMSG_UNLOAD_RESPONSE':
      return session.answer('unload');
    default:
      return undefined;
  }
}
