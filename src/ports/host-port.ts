/** What a device host (VSP) asks of the hypervisor that it serves a guest on. */
export interface HostPort {
  /** Queues a SynIC message for a VP; false when the SINT cannot take messages. */
  postMessage(vp: number, sint: number, type: number, payload: Uint8Array): boolean;
  /** Sets an event flag and interrupts on 0 → 1. */
  signalEvent(vp: number, sint: number, flag: number): void;
  /** A device's message-signalled interrupt. */
  interrupt(address: bigint, data: number): void;
  /** Claims a window of device space; undefined when part of it is taken. */
  mapWindow(gpa: number, length: number, device: MmioDevice): MmioWindow | undefined;
}

export interface MmioDevice {
  read(offset: number, size: 1 | 2 | 4 | 8): bigint;
  write(offset: number, size: 1 | 2 | 4 | 8, value: bigint): void;
}

export interface MmioWindow {
  readonly gpa: number;
  readonly length: number;
  /** Gives the window back. */
  unmap(): void;
}
