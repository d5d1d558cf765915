import { vmbus_channel_message_type as TYPE, vmbus_channel_open_result } from '../../abi/vmbus/channel.js';
import {
  CloseReservedChannel,
  CloseReservedChannelResponse,
  OpenReservedChannel,
} from '../../abi/vmbus/openvmm-messages.js';
import { decodeAt } from '../../layout/codec.js';
import { forgetGpadls } from './gpadl-requests.js';
import { offerWhereWanted } from './offers.js';
import { closeChannel, openChannel } from './opening.js';
import type { ServerBus } from './server-bus.js';

// Channels that firmware and crash dumps open outside of the offers' cycle: without interrupts, answered at a VP and SINT of
// the guest's choice, and still there after an unload.

export function takeOpenReserved(bus: ServerBus, view: DataView): void {
  const open = decodeAt(OpenReservedChannel, view, 0);
  const relid = open.channel_id;
  const channel = bus.known(relid);
  if (channel === undefined || channel.state !== 'closed')
    return bus.drop(TYPE.CHANNELMSG_18, channel?.state ?? 'unknown', { relid });
  const status = openChannel(bus, channel, {
    openId: 0,
    gpadlId: open.ring_buffer_gpadl,
    vp: undefined,
    downstreamPage: open.downstream_page_offset,
    userData: new Uint8Array(120),
    connectionId: bus.rules.connectionBase + relid,
    eventFlag: relid,
    reserved: true,
  });
  bus.outbox.sendTo(open.target_vp, open.target_sint, vmbus_channel_open_result, {
    header: { msgtype: TYPE.CHANNELMSG_OPENCHANNEL_RESULT },
    child_relid: relid,
    openid: 0,
    status,
  });
}

/** Without a connection too. */
export function takeCloseReserved(bus: ServerBus, view: DataView): void {
  const { channel_id: relid, target_vp, target_sint } = decodeAt(CloseReservedChannel, view, 0);
  const channel = bus.channels.get(relid);
  if (channel?.isReserved !== true) return bus.drop(TYPE.CHANNELMSG_19, channel?.state ?? 'unknown', { relid });
  closeChannel(bus, channel, 'close');
  bus.outbox.sendTo(target_vp, target_sint, CloseReservedChannelResponse, {
    header: { msgtype: TYPE.CHANNELMSG_20 },
    channel_id: relid,
  });
  if (channel.offered) return;
  // It outlived the connection that it was opened in.
  forgetGpadls(bus, channel);
  offerWhereWanted(bus, channel);
}
