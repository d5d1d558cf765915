import type { Listener } from '../../ports/host-port.js';
import type { ChannelDevice } from './channel-device.js';
import type { Gpadl } from './gpadl-table.js';
import type { GuestDoorbell } from './guest-doorbell.js';
import type { RingPair } from './ring-area.js';
import type { RingChannel } from './ring-channel.js';

/** Where a channel stands (the states of OpenVMM's server that a host without waiting can be in). */
export type ChannelState = 'closed' | 'open' | 'revoked' | 'reoffered' | 'removed';

/** What there is of a channel while it is open. */
export interface OpenedChannel {
  readonly openId: number;
  readonly gpadlId: number;
  readonly rings: RingPair;
  readonly channel: RingChannel;
  readonly doorbell: GuestDoorbell;
  readonly signals: Listener;
  /** Opened outside of the offers' cycle: survives an unload. */
  readonly reserved: boolean;
}

/** A device on the bus, as the server keeps it. */
export class ServerChannel {
  readonly device: ChannelDevice;
  relid: number;
  state: ChannelState = 'closed';
  /** The guest has been sent the offer and has not released the relid. */
  offered = false;
  monitorId: number | undefined;
  opened: OpenedChannel | undefined;
  readonly gpadls = new Map<number, Gpadl>();
  private attending = false;

  constructor(device: ChannelDevice, relid: number) {
    this.device = device;
    this.relid = relid;
  }

  get isReserved(): boolean {
    return this.opened?.reserved === true;
  }

  /** Has `post` run the device's look at the channel once, however often this is called before. */
  attend(post: (task: () => void) => void): void {
    if (this.attending) return;
    this.attending = true;
    post(() => {
      this.attending = false;
      if (this.opened?.channel.attended() === true) this.device.signaled();
    });
  }
}
