import { vmbus_channel_message_type as TYPE, vmbus_channel_message_header } from '../../abi/vmbus/channel.js';
import { vmbus_channel_flags, vmbus_channel_rescind_offer } from '../../abi/vmbus/offer.js';
import { OfferChannel, OfferFlags } from '../../abi/vmbus/openvmm-offers.js';
import { vmbusOfferFlags } from '../../abi/vmbus/protocol.js';
import { vmbus_feature_flags as FEATURE } from '../../abi/vmbus/version.js';
import { decodeAt } from '../../layout/codec.js';
import { forgetAssemblies, forgetGpadls } from './gpadl-requests.js';
import { closeChannel } from './opening.js';
import type { Connection, ServerBus } from './server-bus.js';
import type { ServerChannel } from './server-channel.js';

const NO_MONITOR = 0xff;
const CONFIDENTIAL =
  vmbus_channel_flags.VMBUS_CHANNEL_CONFIDENTIAL_RING_BUFFER |
  vmbus_channel_flags.VMBUS_CHANNEL_CONFIDENTIAL_EXTERNAL_MEMORY;
const PINNED = vmbusOfferFlags.find(({ names }) => names.openvmm === 'require_pinned_external_memory')!.bit;

/** Offers everything there is; false when the guest has asked before. */
export function requestOffers(bus: ServerBus, connection: Connection): boolean {
  if (connection.offersRequested) return false;
  connection.offersRequested = true;
  for (const channel of bus.channels.values()) offerWhereWanted(bus, channel);
  bus.outbox.send(vmbus_channel_message_header, { msgtype: TYPE.CHANNELMSG_ALLOFFERS_DELIVERED });
  return true;
}

/** Offers a closed channel to a guest that has asked for the offers and was not sent this one. */
export function offerWhereWanted(bus: ServerBus, channel: ServerChannel): void {
  const { connection } = bus;
  if (connection?.offersRequested !== true || channel.offered || channel.state !== 'closed') return;
  const { device } = channel;
  const wantsMonitor = (device.channelFlags & vmbus_channel_flags.VMBUS_CHANNEL_REQUEST_MONITORED_NOTIFICATION) !== 0;
  if (wantsMonitor && connection.monitor !== undefined) channel.monitorId ??= bus.monitors.assign();
  channel.offered = true;
  bus.outbox.send(OfferChannel, {
    header: { msgtype: TYPE.CHANNELMSG_OFFERCHANNEL },
    interface_id: device.interfaceId,
    instance_id: device.instanceId,
    flags: flagsOf(device.channelFlags, connection.features),
    mmio_megabytes: device.mmioMegabytes,
    user_defined: userDefined(device.userDefined),
    subchannel_index: device.subchannelIndex ?? 0,
    mmio_megabytes_optional: 0,
    channel_id: channel.relid,
    monitor_id: channel.monitorId ?? NO_MONITOR,
    monitor_allocated: channel.monitorId === undefined ? 0 : 1,
    is_dedicated: 1,
    connection_id: bus.rules.connectionBase + channel.relid,
  });
}

/** Takes a device away; false when it is away already. Sub-channels go before their primary. */
export function rescindChannel(bus: ServerBus, channel: ServerChannel): boolean {
  if (channel.state === 'revoked' || channel.state === 'removed') return false;
  if ((channel.device.subchannelIndex ?? 0) === 0)
    for (const other of [...bus.channels.values()]) if (isSubchannel(other, channel)) rescindChannel(bus, other);
  const wasReoffered = channel.state === 'reoffered';
  closeChannel(bus, channel, 'rescind');
  if (!channel.offered) removeChannel(bus, channel);
  else {
    channel.state = 'revoked';
    // The guest that has not yet released the channel knows already.
    if (!wasReoffered)
      bus.outbox.send(vmbus_channel_rescind_offer, {
        header: { msgtype: TYPE.CHANNELMSG_RESCIND_CHANNELOFFER },
        child_relid: channel.relid,
      });
  }
  return true;
}

/** Brings a device back: at once where the guest is done with it, else when it releases the relid. False when it is there. */
export function reofferChannel(bus: ServerBus, channel: ServerChannel): boolean {
  if (channel.state === 'revoked') {
    channel.state = 'reoffered';
    return true;
  }
  if (channel.state !== 'removed') return false;
  channel.relid = bus.relids.take();
  channel.state = 'closed';
  bus.channels.set(channel.relid, channel);
  offerWhereWanted(bus, channel);
  return true;
}

/** The guest is done with a relid; false where it cannot be. */
export function releaseRelid(bus: ServerBus, channel: ServerChannel): boolean {
  if (channel.state === 'open') return false;
  const { state } = channel;
  forgetGpadls(bus, channel);
  channel.offered = false;
  if (state === 'revoked') removeChannel(bus, channel);
  if (state === 'reoffered') {
    channel.state = 'closed';
    offerWhereWanted(bus, channel);
  }
  return true;
}

/** Ends the connection: all channels but the reserved ones are closed and nothing is said of them. */
export function disconnect(bus: ServerBus): void {
  const known = bus.connection !== undefined;
  bus.connection = undefined;
  bus.monitors.setPage(undefined);
  bus.outbox.clear();
  if (!known) return;
  for (const channel of [...bus.channels.values()]) if (!channel.isReserved) letGo(bus, channel);
  forgetAssemblies(bus);
  for (const channel of bus.channels.values()) channel.offered = false;
}

/** Closes a channel for a guest that is gone, reserved or not. */
export function letGo(bus: ServerBus, channel: ServerChannel): void {
  closeChannel(bus, channel, 'close');
  forgetGpadls(bus, channel);
  channel.offered = false;
  if (channel.monitorId !== undefined) bus.monitors.release(channel.monitorId);
  channel.monitorId = undefined;
  if (channel.state === 'revoked') removeChannel(bus, channel);
  else channel.state = 'closed';
}

function removeChannel(bus: ServerBus, channel: ServerChannel): void {
  forgetGpadls(bus, channel);
  if (channel.monitorId !== undefined) bus.monitors.release(channel.monitorId);
  channel.monitorId = undefined;
  channel.state = 'removed';
  bus.channels.delete(channel.relid);
  bus.relids.give(channel.relid);
}

function isSubchannel(other: ServerChannel, primary: ServerChannel): boolean {
  const { interfaceId, instanceId } = primary.device;
  const { device } = other;
  return (
    other !== primary &&
    (device.subchannelIndex ?? 0) !== 0 &&
    device.interfaceId === interfaceId &&
    device.instanceId === instanceId
  );
}

/** The flags of an offer, without those that need a feature that was not agreed on. */
function flagsOf(flags: number, features: number): ReturnType<typeof decodeFlags> {
  const confidential = (features & FEATURE.VMBUS_FEATURE_FLAG_CONFIDENTIAL_CHANNELS) === 0 ? CONFIDENTIAL : 0;
  const pinned = (features & FEATURE.gpa_pinning) === 0 ? PINNED : 0;
  return decodeFlags(flags & ~confidential & ~pinned);
}

function decodeFlags(flags: number) {
  const view = new DataView(new ArrayBuffer(2));
  view.setUint16(0, flags, true);
  return decodeAt(OfferFlags, view);
}

function userDefined(given: Uint8Array | undefined): Uint8Array {
  const bytes = new Uint8Array(120);
  if (given !== undefined) bytes.set(given.subarray(0, 120));
  return bytes;
}
