import type { VmbusChannel } from '../vmbus/vmbus-channel.js';

/** What interrupts need of the virtual PCI bus that their functions are on. */
export interface InterruptBus {
  readonly channel: VmbusChannel;
  /** Negotiated protocol: major << 16 | minor. */
  readonly version: number;
  /** The bus is going, or is put away for hibernation: a refused retarget is no news. */
  readonly removing: boolean;
  /** The function's slot as the host's messages name it; undefined when the function is gone. */
  slotOf(devfn: number): number | undefined;
  /** Vendor id of a function as its config space says it, not as the bus relations do: all ones when it is gone (VPCI-45). */
  vendorOf(devfn: number): number;
  /** Handles what is in the channel's ring, on the spot. */
  drainChannel(): void;
  /** Logical device id of a function, made from the instance GUID. */
  deviceIdOf(devfn: number): bigint;
}
