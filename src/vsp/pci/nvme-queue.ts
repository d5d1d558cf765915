import type { GuestMemory } from '../../ports/guest-memory.js';

/** Bytes of a completion queue entry. */
export const COMPLETION_BYTES = 16;

export interface NvmeCompletion {
  readonly commandId: number;
  readonly status: number;
  readonly result?: number;
  readonly queueId: number;
  /** Where the submission queue is read next. */
  readonly queueHead: number;
}

/** The guest's commands of one queue. Base and size were checked: the ring lies in memory. */
export class SubmissionQueue {
  readonly id: number;
  readonly gpa: number;
  readonly entries: number;
  readonly completions: CompletionQueue;
  head = 0;
  tail = 0;

  constructor(id: number, gpa: number, entries: number, completions: CompletionQueue) {
    this.id = id;
    this.gpa = gpa;
    this.entries = entries;
    this.completions = completions;
  }

  get empty(): boolean {
    return this.head === this.tail;
  }
}

/** Where commands end. Nothing is written over what the guest has not taken. */
export class CompletionQueue {
  readonly id: number;
  readonly gpa: number;
  readonly entries: number;
  /** Interrupt vector; undefined where the queue is polled. */
  readonly vector: number | undefined;
  head = 0;
  tail = 0;
  #phase = 1;

  constructor(id: number, gpa: number, entries: number, vector: number | undefined) {
    this.id = id;
    this.gpa = gpa;
    this.entries = entries;
    this.vector = vector;
  }

  get full(): boolean {
    return (this.tail + 1) % this.entries === this.head;
  }

  get empty(): boolean {
    return this.head === this.tail;
  }

  /** Writes an entry; there must be room. */
  post(memory: GuestMemory, { commandId, status, result = 0, queueId, queueHead }: NvmeCompletion): void {
    const at = this.gpa + this.tail * COMPLETION_BYTES;
    memory.writeU32(at, result);
    memory.writeU32(at + 4, 0);
    memory.writeU32(at + 8, (queueHead | (queueId << 16)) >>> 0);
    // The phase bit comes with the last word: a guest on another thread sees it flip when the rest is there.
    memory.storeU32(at + 12, (commandId | (((status << 1) | this.#phase) << 16)) >>> 0);
    this.tail = (this.tail + 1) % this.entries;
    if (this.tail === 0) this.#phase ^= 1;
  }
}
