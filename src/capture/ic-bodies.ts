import { hv_do_fcopy, hv_fcopy_hdr, hv_fcopy_op, hv_start_fcopy } from '../abi/ic/fcopy.js';
import {
  hv_kvp_exchg_op,
  hv_kvp_hdr,
  hv_kvp_ipaddr_value,
  hv_kvp_msg,
  hv_kvp_msg_delete,
  hv_kvp_msg_enumerate,
  hv_kvp_msg_get,
  hv_kvp_msg_set,
  hv_kvp_register,
} from '../abi/ic/kvp.js';
import { icmsg_negotiate, icmsgtype } from '../abi/ic/message.js';
import { heartbeat_msg_data, ictimesync_data, ictimesync_ref_data, shutdown_msg_data } from '../abi/ic/power-time.js';
import { hv_vss_msg } from '../abi/ic/vss.js';
import type { Layout } from '../layout/group.js';
import type { PartMarks } from './locate.js';
import { type Place, type Setting, structPart } from './locate.js';
import type { Part } from './record.js';

/** Last version of the time service that sends ictimesync_data (TS_VERSION_3, drivers/hv/hv_util.c). */
const TIMESYNC_3 = 0x30000;

const FCOPY: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [hv_fcopy_op.START_FILE_COPY, hv_start_fcopy],
  [hv_fcopy_op.WRITE_TO_FILE, hv_do_fcopy],
]);

const KVP: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [hv_kvp_exchg_op.KVP_OP_GET, hv_kvp_msg_get],
  [hv_kvp_exchg_op.KVP_OP_SET, hv_kvp_msg_set],
  [hv_kvp_exchg_op.KVP_OP_DELETE, hv_kvp_msg_delete],
  [hv_kvp_exchg_op.KVP_OP_ENUMERATE, hv_kvp_msg_enumerate],
  [hv_kvp_exchg_op.KVP_OP_GET_IP_INFO, hv_kvp_ipaddr_value],
  [hv_kvp_exchg_op.KVP_OP_SET_IP_INFO, hv_kvp_ipaddr_value],
  [hv_kvp_exchg_op.KVP_OP_REGISTER1, hv_kvp_register],
]);

/** The body behind icmsg_hdr; undefined for a type without a declared one. `version` is that of the service, major << 16 | minor. */
export function icBody(
  type: number,
  place: Place,
  version: number | undefined,
  setting: Setting,
  marks: PartMarks,
): Part | undefined {
  switch (type) {
    case icmsgtype.ICMSGTYPE_NEGOTIATE:
      return structPart(place, icmsg_negotiate, setting, marks);
    case icmsgtype.ICMSGTYPE_HEARTBEAT:
      return structPart(place, heartbeat_msg_data, setting, marks);
    case icmsgtype.ICMSGTYPE_KVPEXCHANGE:
      return keyValueBody(place, setting, marks);
    case icmsgtype.ICMSGTYPE_SHUTDOWN:
      return structPart(place, shutdown_msg_data, setting, marks);
    case icmsgtype.ICMSGTYPE_TIMESYNC:
      return structPart(place, timeBody(place, version), setting, marks);
    case icmsgtype.ICMSGTYPE_VSS:
      return structPart(place, hv_vss_msg, setting, marks);
    case icmsgtype.ICMSGTYPE_FCOPY:
      return structPart(place, FCOPY.get(operation(place, 4)) ?? hv_fcopy_hdr, setting, marks);
    default:
      return undefined;
  }
}

/** The version decides; where it is not known, a size that only the older struct fills. */
function timeBody(place: Place, version: number | undefined): Layout {
  const old = version === undefined ? place.end - place.offset >= ictimesync_data.size : version <= TIMESYNC_3;
  return old ? ictimesync_data : ictimesync_ref_data;
}

/** C's hv_kvp_msg is as long as its longest arm: a message without room for that is its header and the arm of its operation. */
function keyValueBody(place: Place, setting: Setting, marks: PartMarks): Part {
  const arm = KVP.get(operation(place, 1));
  if (arm === undefined || place.end - place.offset >= hv_kvp_msg.size)
    return structPart(place, hv_kvp_msg, setting, marks);
  const armAt = place.offset + hv_kvp_hdr.size;
  const inner = place.end > armAt ? structPart({ ...place, offset: armAt }, arm, setting, marks) : undefined;
  return structPart({ ...place, end: Math.min(place.end, armAt) }, hv_kvp_hdr, setting, {
    ...marks,
    ...(inner ? { inner } : {}),
  });
}

/** Number in the first bytes of a body that say what is asked for; 0 where they are cut off, as any other. */
function operation(place: Place, size: 1 | 4): number {
  if (place.end - place.offset < size) return 0;
  return size === 1 ? place.view.getUint8(place.offset) : place.view.getUint32(place.offset, true);
}
