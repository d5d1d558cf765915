import { vmbus_channel_offer_channel } from '../../abi/vmbus/offer.js';
import { copyBytes } from '../../bytes/span.js';
import { decodeAt } from '../../layout/codec.js';
import type { ChannelOffer } from './vmbus-channel.js';

/** Where the instance GUID is: the second of the offer's two. */
const INSTANCE_AT = 24;

/** An offer as the host sent it; `view` holds at least its fixed size. */
export function readOffer(view: DataView): ChannelOffer {
  const message = decodeAt(vmbus_channel_offer_channel, view, 0);
  const { offer } = message;
  return {
    interfaceId: String(offer.if_type),
    instanceId: String(offer.if_instance),
    instanceBytes: copyBytes(view, INSTANCE_AT, 16),
    relid: message.child_relid,
    connectionId: message.connection_id,
    isDedicatedInterrupt: Boolean(message.is_dedicated_interrupt),
    monitorId: message.monitor_allocated ? message.monitorid : undefined,
    mmioMegabytes: offer.mmio_megabytes,
    channelFlags: offer.chn_flags,
  };
}
