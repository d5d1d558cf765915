import { vmbus_limits } from '../../abi/vmbus/version.js';
import type { GuestChannel } from './guest-channel.js';
import type { ChannelOffer } from './vmbus-channel.js';

/** The relid of a channel that the connection does not have (INVALID_RELID, include/linux/hyperv.h). */
export const INVALID_RELID = 0xffff_ffff;
/** Relids start with this one. */
const FIRST_RELID = 1;

/** Channels of the guest: those that the host offers now, by relid, and those that hibernation has put away. */
export class ChannelList {
  private readonly byRelid = new Map<number, GuestChannel>();
  private readonly away = new Set<GuestChannel>();

  get all(): readonly GuestChannel[] {
    return [...this.byRelid.values(), ...this.away];
  }

  /** In the order in which they were offered. */
  get offered(): readonly GuestChannel[] {
    return [...this.byRelid.values()];
  }

  /** Put away, and not offered since. */
  get missing(): readonly GuestChannel[] {
    return [...this.away];
  }

  at(relid: number): GuestChannel | undefined {
    return this.byRelid.get(relid);
  }

  /**
   * True where a new channel may have this relid: the event page has a flag for it, and the host has taken back what it gave
   * the same one to (vmbus_channel_map_relid, drivers/hv/channel_mgmt.c).
   */
  isFree(relid: number): boolean {
    return relid >= FIRST_RELID && relid < vmbus_limits.MAX_CHANNEL_RELIDS && !this.byRelid.has(relid);
  }

  add(channel: GuestChannel): void {
    this.byRelid.set(channel.offer.relid, channel);
  }

  /** The connection ends, and with it every relid: the next one gives others, perhaps one channel's to another. */
  putAway(): void {
    for (const channel of this.byRelid.values()) {
      channel.offer = { ...channel.offer, relid: INVALID_RELID };
      this.away.add(channel);
    }
    this.byRelid.clear();
  }

  /** Finds the channel that was put away and is offered again, and gives it its new offer; false for another one. */
  bringBack(offer: ChannelOffer): boolean {
    for (const channel of this.away) {
      const { interfaceId, instanceId } = channel.offer;
      if (channel.rescinded || interfaceId !== offer.interfaceId || instanceId !== offer.instanceId) continue;
      this.away.delete(channel);
      channel.offer = offer;
      this.add(channel);
      return true;
    }
    return false;
  }

  delete(channel: GuestChannel): void {
    this.away.delete(channel);
    const { relid } = channel.offer;
    if (this.byRelid.get(relid) === channel) this.byRelid.delete(relid);
  }

  clear(): void {
    this.byRelid.clear();
    this.away.clear();
  }
}
