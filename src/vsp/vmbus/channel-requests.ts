import {
  vmbus_channel_message_type as TYPE,
  vmbus_channel_close_channel,
  vmbus_channel_modifychannel,
  vmbus_channel_modifychannel_response,
  vmbus_channel_open_channel,
  vmbus_channel_open_result,
  vmbus_channel_relid_released,
} from '../../abi/vmbus/channel.js';
import { OpenChannel2 } from '../../abi/vmbus/openvmm-messages.js';
import { vmbus_feature_flags as FEATURE, vmbus_version as VERSION } from '../../abi/vmbus/version.js';
import { decodeAt } from '../../layout/codec.js';
import { BUS_STATUS } from './nt-status.js';
import { releaseRelid } from './offers.js';
import { closeChannel, openChannel } from './opening.js';
import type { Connection, ServerBus } from './server-bus.js';

/** A target VP that is none: the channel interrupts nobody. */
const NO_VP = 0xffffffff;

/** `isLong`: the form with a connection and an event flag of the guest's choice. */
export function takeOpen(bus: ServerBus, connection: Connection, view: DataView, isLong: boolean): void {
  const open = decodeAt(vmbus_channel_open_channel, view, 0);
  const relid = open.child_relid;
  const channel = bus.known(relid);
  // No answer: a rescinded channel's opener gives up by itself, and the others have one on its way or had it.
  if (channel === undefined || channel.state !== 'closed')
    return bus.drop(TYPE.CHANNELMSG_OPENCHANNEL, channel?.state ?? 'unknown', { relid });
  const chosen = isLong && (connection.features & FEATURE.guest_specified_signal_parameters) !== 0;
  const long = chosen ? decodeAt(OpenChannel2, view, 0) : undefined;
  const status = openChannel(bus, channel, {
    openId: open.openid,
    gpadlId: open.ringbuffer_gpadlhandle,
    vp: vpOf(connection, open.target_vp),
    downstreamPage: open.downstream_ringbuffer_pageoffset,
    userData: open.userdata,
    connectionId: long?.connection_id ?? bus.rules.connectionBase + relid,
    eventFlag: long?.event_flag ?? relid,
    reserved: false,
  });
  bus.outbox.send(vmbus_channel_open_result, {
    header: { msgtype: TYPE.CHANNELMSG_OPENCHANNEL_RESULT },
    child_relid: relid,
    openid: open.openid,
    status,
  });
}

export function takeClose(bus: ServerBus, view: DataView): void {
  const { child_relid: relid } = decodeAt(vmbus_channel_close_channel, view, 0);
  const channel = bus.known(relid);
  // Linux closes what is taken away from it before it gives the relid back (drivers/hv/channel.c); the close changes nothing.
  if (channel?.state === 'revoked')
    return bus.rules.log({ level: 'info', code: 'vmbus-close-after-rescind', fields: { relid } });
  if (channel === undefined || channel.state !== 'open' || channel.isReserved)
    return bus.drop(TYPE.CHANNELMSG_CLOSECHANNEL, channel?.state ?? 'unknown', { relid });
  closeChannel(bus, channel, 'close');
}

export function takeRelease(bus: ServerBus, view: DataView): void {
  const { child_relid: relid } = decodeAt(vmbus_channel_relid_released, view, 0);
  const channel = bus.known(relid);
  if (channel === undefined || !releaseRelid(bus, channel))
    bus.drop(TYPE.CHANNELMSG_RELID_RELEASED, channel?.state ?? 'unknown', { relid });
}

export function takeModify(bus: ServerBus, connection: Connection, view: DataView): void {
  const { child_relid: relid, target_vp: vp } = decodeAt(vmbus_channel_modifychannel, view, 0);
  const moved = moveInterrupt(bus, relid, vp);
  if (!moved) bus.drop(TYPE.CHANNELMSG_MODIFYCHANNEL, 'refused', { relid, vp });
  if (connection.version < VERSION.VERSION_WIN10_V5_3) return;
  bus.outbox.send(vmbus_channel_modifychannel_response, {
    header: { msgtype: TYPE.CHANNELMSG_MODIFYCHANNEL_RESPONSE },
    child_relid: relid,
    status: moved ? BUS_STATUS.SUCCESS : BUS_STATUS.UNEXPECTED,
  });
}

function moveInterrupt(bus: ServerBus, relid: number, vp: number): boolean {
  const opened = bus.known(relid)?.opened;
  if (opened === undefined || opened.doorbell.vp === undefined || !bus.port.vps.includes(vp)) return false;
  opened.doorbell.vp = vp;
  return true;
}

/** Guests before 2.4 are interrupted on VP 0, whatever the field holds. */
function vpOf({ version }: Connection, target: number): number | undefined {
  if (target === NO_VP) return undefined;
  return version < VERSION.VERSION_WIN8 ? 0 : target;
}
