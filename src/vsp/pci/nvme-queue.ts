import { viewOf } from '../../bytes/span.js';
import { NVME_CQE_BYTES } from '../../hardware/nvme.js';
import type { DmaPort } from '../../ports/dma-port.js';

export interface NvmeCompletion {
  readonly commandId: number;
  readonly status: number;
  readonly result?: number;
  readonly queueId: number;
  /** Where the submission queue is read next. */
  readonly queueHead: number;
}

/** Whether a queue's memory is there: tried once, as it is made, so that a bad queue is refused at once. */
export function canReach(dma: DmaPort, base: bigint, bytes: number): boolean {
  return dma.read(base, new Uint8Array(bytes));
}

/** The guest's commands of one queue. Base and size were checked. */
export class SubmissionQueue {
  readonly id: number;
  /** As the device has it. */
  readonly base: bigint;
  readonly entries: number;
  readonly completions: CompletionQueue;
  head = 0;
  tail = 0;

  constructor(id: number, base: bigint, entries: number, completions: CompletionQueue) {
    this.id = id;
    this.base = base;
    this.entries = entries;
    this.completions = completions;
  }

  get empty(): boolean {
    return this.head === this.tail;
  }

  /** Takes the next command out, which has to be there; false when it cannot be read. */
  take(dma: DmaPort, into: Uint8Array): boolean {
    const at = this.base + BigInt(this.head * into.length);
    this.head = (this.head + 1) % this.entries;
    return dma.read(at, into);
  }
}

/** Where commands end. Nothing is written over what the guest has not taken. */
export class CompletionQueue {
  readonly id: number;
  /** As the device has it. */
  readonly base: bigint;
  readonly entries: number;
  /** Interrupt vector; undefined where the queue is polled. */
  readonly vector: number | undefined;
  head = 0;
  tail = 0;
  readonly #entry = new Uint8Array(NVME_CQE_BYTES - 4);
  readonly #words = viewOf(this.#entry);
  #phase = 1;

  constructor(id: number, base: bigint, entries: number, vector: number | undefined) {
    this.id = id;
    this.base = base;
    this.entries = entries;
    this.vector = vector;
  }

  get full(): boolean {
    return (this.tail + 1) % this.entries === this.head;
  }

  get empty(): boolean {
    return this.head === this.tail;
  }

  /** Writes an entry; there must be room. False when it cannot be written. */
  post(dma: DmaPort, { commandId, status, result = 0, queueId, queueHead }: NvmeCompletion): boolean {
    const at = this.base + BigInt(this.tail * NVME_CQE_BYTES);
    const words = this.#words;
    words.setUint32(0, result, true);
    words.setUint32(8, (queueHead | (queueId << 16)) >>> 0, true);
    const last = (commandId | (((status << 1) | this.#phase) << 16)) >>> 0;
    this.tail = (this.tail + 1) % this.entries;
    if (this.tail === 0) this.#phase ^= 1;
    // The phase bit comes with the last word: a guest on another thread sees it flip when the rest is there.
    return dma.write(at, this.#entry) && dma.storeU32(at + 12n, last);
  }
}
