import { guids } from '../abi/guids.js';
import { icmsg_hdr, icmsg_negotiate, icmsghdrflag, icmsgtype, vmbuspipe_hdr } from '../abi/ic/message.js';
import { enumMeta } from '../layout/scalar.js';
import { icBody } from './ic-bodies.js';
import { issue, opaque, type Place, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import { type Channel, remember } from './session.js';
import { type PayloadPlace, requestKey } from './vpci-part.js';

const CLASSES = new Set<string>([
  guids.HV_KVP_GUID,
  guids.HV_VSS_GUID,
  guids.HV_FCOPY_GUID,
  guids.HV_SHUTDOWN_GUID,
  guids.HV_HEART_BEAT_GUID,
  guids.HV_TS_GUID,
]);

/** True for the classes whose packets carry integration-component messages. */
export function isIntegrationComponent(classGuid: string): boolean {
  return CLASSES.has(classGuid);
}

/** vmbuspipe_hdr → icmsg_hdr → body; a guest answers in band with the same transaction id. */
export function icPart(
  at: PayloadPlace,
  channel: Channel,
  setting: Setting,
  slack: Slack[],
): { part: Part; request?: number } {
  const { place, direction, n } = at;
  const { view, offset, end } = place;
  const headers = vmbuspipe_hdr.size + icmsg_hdr.size;
  if (end - offset < headers)
    return {
      part: opaque(place, 'short integration-component message', {
        direction,
        unattributed: end - offset,
        issues: [issue('I_SHORT', `needs ${headers} bytes, ${end - offset} are there`, offset)],
      }),
    };
  const icAt = offset + vmbuspipe_hdr.size;
  const type = view.getUint16(icAt + 4, true);
  const size = view.getUint16(icAt + 10, true);
  const isReply = (view.getUint8(icAt + 17) & icmsghdrflag.ICMSGHDRFLAG_RESPONSE) !== 0;
  const name = enumMeta(icmsgtype).names.get(type);
  const bodyAt = icAt + icmsg_hdr.size;
  const bodyEnd = Math.min(bodyAt + size, end);
  const body = { ...place, offset: bodyAt, end: bodyEnd };
  if (type === icmsgtype.ICMSGTYPE_NEGOTIATE && isReply) channel.protocol = agreedVersion(body) ?? channel.protocol;
  const inner = bodyEnd > bodyAt ? bodyPart(type, body, channel, setting, at) : undefined;
  const rest = end - bodyEnd;
  if (rest > 0)
    slack.push({ name: rest < 8 ? 'packet padding' : 'buffer past the message', offset: bodyEnd, length: rest });
  const request = isReply ? channel.pending.get(requestKey(at))?.n : undefined;
  if (isReply) channel.pending.delete(requestKey(at));
  else
    remember(channel.pending, `${direction} ${at.transaction}`, {
      n,
      message: { name: name ?? 'IC', code: type, is: [] },
      form: { source: 'linux' },
    });
  const header = structPart({ ...place, offset: icAt, end: bodyAt }, icmsg_hdr, setting, {
    direction,
    reply: isReply,
    ...(name
      ? { name }
      : { issues: [issue('I_UNKNOWN', `no source names integration message type ${type}`, icAt + 4)] }),
    ...(inner ? { inner } : {}),
  });
  const part = structPart({ ...place, end: icAt }, vmbuspipe_hdr, setting, { direction, inner: header });
  return { part, ...(request === undefined ? {} : { request }) };
}

/** Version of the service in a guest's answer: one framework version, one of the service; counts of 0 refuse. */
function agreedVersion({ view, offset, end }: Place): number | undefined {
  if (end - offset < icmsg_negotiate.size + 8) return undefined;
  if (view.getUint16(offset, true) !== 1 || view.getUint16(offset + 2, true) !== 1) return undefined;
  const second = offset + icmsg_negotiate.size + 4;
  return ((view.getUint16(second, true) << 16) | view.getUint16(second + 2, true)) >>> 0;
}

function bodyPart(type: number, body: Place, channel: Channel, setting: Setting, at: PayloadPlace): Part {
  const { direction } = at;
  const part = icBody(type, body, channel.protocol, setting, { direction });
  if (part === undefined)
    return opaque(body, 'undeclared integration message', {
      direction,
      unattributed: body.end - body.offset,
      issues: [issue('I_UNKNOWN', `type ${type} has no declared body`, body.offset)],
    });
  const last = part.inner ?? part;
  const from = last.offset + last.size;
  return from < body.end
    ? { ...part, slack: [...part.slack, { name: 'message past the struct', offset: from, length: body.end - from }] }
    : part;
}
