import type { GuestMemory } from './guest-memory.js';
import type { RunQueue } from './run-queue.js';
import type { TraceSink } from './trace-sink.js';

/**
 * What a device host (VSP) has of the hypervisor that it serves a guest on. VPs are named by VP index, addresses are guest
 * physical, in bytes. Nothing here throws for what a guest did.
 */
export interface HostPort {
  readonly arch: 'x64' | 'arm64';
  readonly memory: GuestMemory;
  readonly queue: RunQueue;
  readonly trace: TraceSink;
  readonly interrupts: InterruptRouter;
  /** Indices of the VPs there are, ascending; they may have gaps. */
  readonly vps: readonly number[];
  /**
   * Queues a SynIC message of type `type` (VMBus: 1) and up to 240 bytes for a SINT of a VP; it is written when the slot is
   * free. False for a VP or SINT that does not exist.
   */
  postMessage(vp: number, sint: number, type: number, payload: Uint8Array): boolean;
  /** Sets an event flag and interrupts on 0 → 1. Does nothing for a VP, SINT or flag that does not exist. */
  signalEvent(vp: number, sint: number, flag: number): void;
  /**
   * Serves a message connection (HVCALL_POST_MESSAGE). The answer is the call's HV_STATUS: INSUFFICIENT_BUFFERS lets the
   * guest try again. Throws HypervisorError for a connection that is served already.
   */
  listenMessages(connectionId: number, take: (message: PostedMessage) => number): Listener;
  /** Serves an event connection (HVCALL_SIGNAL_EVENT). */
  listenSignals(connectionId: number, take: (flag: number, vp: number) => void): Listener;
  /** Claims a window of device space; undefined when part of it is taken or is memory. */
  mapWindow(gpa: number, length: number, device: MmioDevice): MmioWindow | undefined;
}

export interface PostedMessage {
  /** VP that made the call. */
  readonly vp: number;
  readonly type: number;
  /** A private copy of up to 240 bytes. */
  readonly payload: Uint8Array;
}

export interface Listener {
  close(): void;
}

/** Where a device interrupt goes: one vector (INTID on arm64) at one or several VPs. */
export interface InterruptTarget {
  readonly vector: number;
  readonly vps: readonly number[];
  /** One of the VPs is chosen; else all get it. */
  readonly lowestPriority: boolean;
}

export interface InterruptMessage {
  readonly address: bigint;
  readonly data: number;
}

/** The table from (address, data) of a device's write to a vector at VPs; HVCALL_RETARGET_INTERRUPT changes it. */
export interface InterruptRouter {
  /**
   * Gives `count` consecutive messages (data, data + 1, …) to a device, message i aimed at `vector` + i. Undefined when none are
   * left. Devices are named by the 64-bit logical device id that retargets carry.
   */
  create(deviceId: bigint, count: number, target: InterruptTarget): InterruptMessage | undefined;
  /** Takes back what one `create` gave; false when (address, data) is not exactly one's start. */
  remove(deviceId: bigint, message: InterruptMessage): boolean;
  /** Takes back all messages of a device; returns how many there were. */
  removeAll(deviceId: bigint): number;
  /** The device writes: false when nothing is routed there (or the target is empty). Records a `device_msi` event. */
  raise(message: InterruptMessage): boolean;
  /** Messages given and not taken back. */
  outstanding(deviceId: bigint): number;
}

export interface MmioDevice {
  /** `vp` is the VP that reads. */
  read(offset: number, size: 1 | 2 | 4 | 8, vp: number): bigint;
  write(offset: number, size: 1 | 2 | 4 | 8, value: bigint, vp: number): void;
  /** What an access at `offset` is to, for traces: `config+0x1004 slot 0`. */
  label?(offset: number): string;
}

export interface MmioWindow {
  readonly gpa: number;
  readonly length: number;
  /** Gives the window back. */
  unmap(): void;
}
