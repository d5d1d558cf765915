import type { Outcome } from '../../ports/outcome.js';
import type { ReceivedPacket } from '../../ring/ring-packet.js';
import type { ReadOutcome } from '../../ring/ring-reader.js';
import type { Routine } from '../../sched/routine.js';

/** What the host said of a channel when it offered it. */
export interface ChannelOffer {
  readonly interfaceId: string;
  readonly instanceId: string;
  /** The 16 bytes of the instance GUID in wire order. */
  readonly instanceBytes: Uint8Array;
  readonly relid: number;
  readonly connectionId: number;
  readonly isDedicatedInterrupt: boolean;
  readonly monitorId: number | undefined;
  readonly mmioMegabytes: number;
  readonly channelFlags: number;
}

export interface OpenOptions {
  /** Bytes of data of the ring in each direction, without the control page. */
  readonly sendBytes: number;
  readonly receiveBytes: number;
  readonly userData?: Uint8Array;
  /** CPU that the host interrupts. */
  readonly cpu?: number;
  /** Most requests outstanding (VPCI-95). */
  readonly requestIds?: number;
  /** There may be packets. Runs as a task of its own, never while the callback is disabled. */
  readonly onPackets: () => void;
}

/** Takes the completion of a request: `payload` is a private copy, valid until it returns. */
export type CompletionHandler = (packet: ReceivedPacket) => void;

/** Requests that wait for their completion, by transaction id: 1 to the limit, 0 is none (VPCI-92, VPCI-95). */
export interface Requests {
  readonly outstanding: number;
  /** Undefined when all ids are in use. The lowest free id. */
  add(handler: CompletionHandler): bigint | undefined;
  /** Takes the handler of an id out; undefined for an id that is not outstanding, whatever the host put there. */
  take(id: bigint): CompletionHandler | undefined;
  /** Takes `handler` out where it is still the one of that id: an abort that loses against the completion does nothing. */
  remove(id: bigint, handler: CompletionHandler): boolean;
}

/** The guest's end of a VMBus channel. */
export interface VmbusChannel {
  readonly offer: ChannelOffer;
  /** True from the moment the host's rescind was taken; sends fail then, and waits have to look at it (VPCI-16). */
  readonly rescinded: boolean;
  readonly isOpen: boolean;
  readonly requests: Requests;
  /** False when a rescind has taken the callback away (VPCI-55, VPCI-80). */
  readonly hasCallback: boolean;
  open(options: OpenOptions): Routine<Outcome>;
  /** Closes the channel and tears its rings down, as far as the host is still there. */
  close(): Routine<Outcome>;
  /**
   * Sends an in-band packet. With a handler it asks for a completion and gives the transaction id; without, id 0. Fails with
   * EAGAIN when the ring or the ids are used up, ENODEV when the channel is not open or rescinded.
   */
  send(payload: Uint8Array, onCompletion?: CompletionHandler): Outcome<bigint>;
  /** Copies the next packet out of the ring. A ring that the host broke reads as empty, with a log line. */
  receive(into: ReceivedPacket): ReadOutcome;
  /** Calls nest. What came in meanwhile runs the callback when the last one is taken back. */
  disableCallback(): void;
  enableCallback(): void;
  /** Moves the channel's interrupt to another CPU (modify channel); EIO where the host's version has no message for it. */
  moveTo(cpu: number): Routine<Outcome>;
}

/** A driver of the VMBus bus. Routines run one after the other per device. */
export interface VmbusDriver {
  readonly interfaceIds: readonly string[];
  probe(channel: VmbusChannel): Routine<Outcome>;
  remove(channel: VmbusChannel): Routine;
  suspend?(channel: VmbusChannel): Routine<Outcome>;
  resume?(channel: VmbusChannel): Routine<Outcome>;
}
