import { guids } from '../abi/guids.js';
import { hv_do_fcopy, hv_fcopy_hdr, hv_start_fcopy } from '../abi/ic/fcopy.js';
import { hv_kvp_msg } from '../abi/ic/kvp.js';
import { icmsg_hdr, icmsg_negotiate, vmbuspipe_hdr } from '../abi/ic/message.js';
import { heartbeat_msg_data, ictimesync_data, ictimesync_ref_data, shutdown_msg_data } from '../abi/ic/power-time.js';
import { hv_vss_msg } from '../abi/ic/vss.js';
import { type Layout, pick } from '../layout/group.js';
import { issue, opaque, type Setting, structPart } from './locate.js';
import type { Part, Slack } from './record.js';
import type { Channel } from './session.js';
import type { PayloadPlace } from './vpci-part.js';

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

// ICMSGTYPE_* of include/linux/hyperv.h, each with the structs that may follow icmsg_hdr, longest first.
const BODIES: ReadonlyMap<number, { name: string; of: readonly Layout[] }> = new Map([
  [0, { name: 'ICMSGTYPE_NEGOTIATE', of: [icmsg_negotiate] }],
  [1, { name: 'ICMSGTYPE_HEARTBEAT', of: [heartbeat_msg_data] }],
  [2, { name: 'ICMSGTYPE_KVPEXCHANGE', of: [hv_kvp_msg] }],
  [3, { name: 'ICMSGTYPE_SHUTDOWN', of: [shutdown_msg_data] }],
  [4, { name: 'ICMSGTYPE_TIMESYNC', of: [ictimesync_data, ictimesync_ref_data] }],
  [5, { name: 'ICMSGTYPE_VSS', of: [hv_vss_msg] }],
  [7, { name: 'ICMSGTYPE_FCOPY', of: [hv_do_fcopy, hv_start_fcopy, hv_fcopy_hdr] }],
]);

/** ICMSGHDRFLAG_RESPONSE of include/linux/hyperv.h. */
const RESPONSE = 4;

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
      part: opaque(place, 'short integration-component message', setting, {
        direction,
        unattributed: end - offset,
        issues: [issue('I_SHORT', `needs ${headers} bytes, ${end - offset} are there`, offset)],
      }),
    };
  const icAt = offset + vmbuspipe_hdr.size;
  const type = view.getUint16(icAt + 4, true);
  const size = view.getUint16(icAt + 10, true);
  const isReply = (view.getUint8(icAt + 17) & RESPONSE) !== 0;
  const known = BODIES.get(type);
  const bodyAt = icAt + icmsg_hdr.size;
  const bodyEnd = Math.min(bodyAt + size, end);
  const body = { ...place, offset: bodyAt, end: bodyEnd };
  const inner = bodyEnd > bodyAt ? bodyPart(known, type, body, setting, at) : undefined;
  const rest = end - Math.max(bodyEnd, inner ? inner.offset + inner.size : bodyAt);
  if (rest > 0)
    slack.push({ name: rest < 8 ? 'packet padding' : 'buffer past the message', offset: end - rest, length: rest });
  const key = `${direction === 'host->guest' ? 'guest->host' : 'host->guest'} ic ${at.transaction}`;
  const request = isReply ? channel.pending.get(key)?.n : undefined;
  if (isReply) channel.pending.delete(key);
  else
    channel.pending.set(`${direction} ic ${at.transaction}`, {
      n,
      message: { name: known?.name ?? 'IC', code: type, is: [] },
      form: { source: 'linux' },
    });
  const header = structPart({ ...place, offset: icAt, end: bodyAt }, icmsg_hdr, setting, {
    direction,
    reply: isReply,
    ...(known
      ? { name: known.name }
      : { issues: [issue('I_UNKNOWN', `no source names integration message type ${type}`, icAt + 4)] }),
    ...(inner ? { inner } : {}),
  });
  const part = structPart({ ...place, end: icAt }, vmbuspipe_hdr, setting, { direction, inner: header });
  return { part, ...(request === undefined ? {} : { request }) };
}

function bodyPart(
  known: { name: string; of: readonly Layout[] } | undefined,
  type: number,
  body: PayloadPlace['place'],
  setting: Setting,
  at: PayloadPlace,
): Part {
  const room = body.end - body.offset;
  const fits = known?.of.find((layout) => pick(layout).type.minSize <= room) ?? known?.of[known.of.length - 1];
  if (fits === undefined)
    return opaque(body, 'undeclared integration message', setting, {
      direction: at.direction,
      unattributed: room,
      issues: [issue('I_UNKNOWN', `type ${type} has no declared body`, body.offset)],
    });
  const part = structPart(body, fits, setting, { direction: at.direction });
  const left = body.offset + room - (part.offset + part.size);
  return left > 0
    ? {
        ...part,
        slack: [...part.slack, { name: 'message past the struct', offset: part.offset + part.size, length: left }],
      }
    : part;
}
