/** What a pair of bench Workers shares beside its ring: words of one Int32Array. */
export const ROUND = 0;
/** A cache line further on: both sides spin on it while they meet. */
export const MET = 16;
export const PACKETS = 32;
export const PAYLOAD_BYTES = 33;
export const INTERVAL = 34;
export const GATE_WORDS = 48;

export const CHANNELS = ['ring', 'ringbuf.js', 'postMessage', 'postMessage, packed'] as const;
export type Channel = (typeof CHANNELS)[number];

/** workerData of a side. */
export interface Side {
  readonly channel: Channel;
  readonly role: 'writer' | 'reader';
  readonly gate: SharedArrayBuffer;
  readonly memory: SharedArrayBuffer;
}

export interface RoundTask {
  readonly packets: number;
  readonly payloadBytes: number;
  readonly interval: number;
}

/** As much of ringbuf.js as is used. */
export interface Ringbuf {
  push(elements: Int32Array, length?: number, offset?: number): number;
  pop(elements: Int32Array, length: number, offset?: number): number;
  availableRead(): number;
  availableWrite(): number;
}

export interface RingbufModule {
  readonly RingBuffer: {
    new (memory: SharedArrayBuffer, type: Int32ArrayConstructor): Ringbuf;
    getStorageForCapacity(capacity: number, type: Int32ArrayConstructor): SharedArrayBuffer;
  };
}

/** The package, undefined where it is not installed. */
export async function loadRingbuf(): Promise<RingbufModule | undefined> {
  const name: string = 'ringbuf.js';
  try {
    return (await import(name)) as RingbufModule;
  } catch {
    return undefined;
  }
}
